/** Draw a digit: a model of handwritten digits reads it. Where there is none, it is trained first, before the reader's eyes. */
import { useState } from 'preact/hooks';
import { ErrorNotice } from '../../parts/notice.js';
import { Page, Section } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import { api } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { JobView } from './job-view.js';
import './look-inside.css';
import { NetworkView } from './network-view.js';
import { digitJob, findDigitModel, seeByJob } from './sources.js';
import { VersionView } from './version-view.js';

export default function DrawPage() {
  const { data: model, error } = useResource((signal) => findDigitModel(signal), []);
  const [jobId, setJobId] = useState<string | null>(null);
  return (
    <Page
      title="Draw a digit"
      lead="Draw with the mouse, a finger or the keyboard, and see what a network reads and how it sees it."
      actions={
        model && <a href={linkTo(['models', model.name])}>{`${model.name}, version ${model.version}`}</a>
      }
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {model && <VersionView name={model.name} version={model.version} jobId={null} />}
      {model === null &&
        (jobId === null ? (
          <TrainFirst onTrain={setJobId} />
        ) : (
          <JobView jobId={jobId}>
            {(network) => <NetworkView network={network} see={seeByJob(jobId)} />}
          </JobView>
        ))}
    </Page>
  );
}

function TrainFirst({ onTrain }: { onTrain: (jobId: string) => void }) {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const train = async (): Promise<void> => {
    setIsBusy(true);
    try {
      onTrain((await api.post('/v1/jobs', { body: digitJob })).id);
    } catch (reason) {
      setError(reason);
      setIsBusy(false);
    }
  };
  return (
    <Section title="No model reads digits yet">
      <p>
        Train one on MNIST, 60,000 handwritten digits. It takes some seconds, and you can draw while it
        learns: the answers get better before your eyes.
      </p>
      {error !== undefined && <ErrorNotice error={error} />}
      <div class="actions">
        <button type="button" class="primary" disabled={isBusy} onClick={() => void train()}>
          Train it
        </button>
      </div>
    </Section>
  );
}
