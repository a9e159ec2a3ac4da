/** The playground: points of the plane, a small network, and the border between the classes while the service trains it. */
import { useMemo, useState } from 'preact/hooks';
import { hasEnded, useFollowedJob, type FollowedJob } from '../../network/use-followed-job.js';
import { useShownNetwork } from '../../network/use-shown-network.js';
import { Figure, Figures } from '../../parts/figure.js';
import { formatPercent } from '../../parts/format.js';
import { LineChart } from '../../parts/line-chart.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Page, Section } from '../../parts/page.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { api } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { DecisionSurface, type Shown } from './decision-surface.js';
import { NetworkDiagram } from './network-diagram.js';
import { planeOf } from './plane.js';
import { Playback } from '../../parts/playback.js';
import './playground.css';
import { SettingsForm } from './settings-form.js';
import { firstSettings, jobRequest, type Settings } from './settings.js';
import { useGridPass } from './use-grid-pass.js';
import { usePoints } from './use-points.js';

export default function PlaygroundPage() {
  const [settings, setSettings] = useState(firstSettings);
  const { set, error: pointsError, isMaking, keep } = usePoints(settings.points);
  const [jobId, setJobId] = useState<string | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const [failure, setFailure] = useState<unknown>();
  const { job, error: jobError } = useFollowedJob(jobId);
  const step = chosen ?? job?.steps.at(-1);
  const network = useShownNetwork(jobId, step);
  const plane = useMemo(() => planeOf(set?.points ?? []), [set]);
  const { pass, heldOut, error: gridError } = useGridPass(jobId, plane, network);
  const [shown, setShown] = useState<Shown>('answer');

  const change = (next: Settings): void => {
    // What was learnt of other points says nothing of these.
    if (next.points !== settings.points) {
      setJobId(null);
      setChosen(null);
    }
    setSettings(next);
  };
  const train = async (): Promise<void> => {
    if (!set) return;
    setFailure(undefined);
    setChosen(null);
    keep();
    try {
      if (jobId !== null && job && !hasEnded(job)) await act(jobId, 'cancel');
      const started = await api.post('/v1/jobs', {
        body: jobRequest(settings, { name: set.name, version: set.version }),
      });
      setJobId(started.id);
    } catch (reason) {
      setFailure(reason);
    }
  };
  const error = failure ?? pointsError ?? jobError ?? gridError;

  return (
    <Page
      title="Playground"
      lead="Choose points and a network, and watch the border between the classes while it is learnt. The service trains it, like any job."
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {job?.failure !== null && job?.failure !== undefined && (
        <Notice kind="error" title="The training has failed">
          {job.failure} Try a smaller learning rate.
        </Notice>
      )}
      <div class="playground">
        <Section title="Choose">
          <SettingsForm settings={settings} onChange={change} />
        </Section>
        <Section
          title="Border"
          actions={
            <JobActions
              jobId={jobId}
              job={job}
              isMaking={isMaking}
              onTrain={() => void train()}
              onError={setFailure}
            />
          }
        >
          {set ? (
            <DecisionSurface
              set={set}
              plane={plane}
              heldOut={heldOut}
              pass={pass}
              shown={shown}
              label={surfaceLabel(job, shown)}
            />
          ) : (
            <div class="surface" aria-busy="true" />
          )}
          <p class="small muted">
            Discs are learnt from, diamonds are held out. The stronger the colour, the surer the network.
            {shown !== 'answer' && ` Shown: unit ${shown.unit + 1} of hidden layer ${shown.layer + 1}.`}
          </p>
          <Playback
            steps={job?.steps ?? []}
            step={network?.step ?? 0}
            describe={(at) => describeStep(job, at)}
            onChange={setChosen}
          />
        </Section>
        <Curves job={job} epochs={settings.epochs} />
        <div class="network-place">
          <Section title="Network">
            {network && pass && set ? (
              <>
                <NetworkDiagram
                  network={network.network}
                  pass={pass}
                  labels={set.labels}
                  shown={shown}
                  onShow={setShown}
                />
                <ShownChoice network={settings.hidden} shown={shown} onShow={setShown} />
              </>
            ) : (
              <p class="muted small diagram-place">
                Once it learns, each unit shows what it says over the plane, and the lines are its weights.
              </p>
            )}
          </Section>
        </div>
      </div>
    </Page>
  );
}

function act(jobId: string, action: 'cancel' | 'pause' | 'resume'): Promise<unknown> {
  return api.post(`/v1/jobs/{id}/${action}`, { params: { path: { id: jobId } } });
}

function JobActions({
  jobId,
  job,
  isMaking,
  onTrain,
  onError,
}: {
  jobId: string | null;
  job: FollowedJob | null;
  isMaking: boolean;
  onTrain: () => void;
  onError: (error: unknown) => void;
}) {
  const isActive = job !== null && !hasEnded(job);
  const send = (action: 'cancel' | 'pause' | 'resume') => () => {
    if (jobId !== null) act(jobId, action).catch(onError);
  };
  return (
    <>
      {jobId !== null && job && (
        <a href={linkTo(['jobs', jobId])} class="job-link">
          <StatusBadge status={job.status} />
        </a>
      )}
      {isActive && job.status !== 'paused' && (
        <button type="button" onClick={send('pause')}>
          Pause
        </button>
      )}
      {job?.status === 'paused' && (
        <button type="button" onClick={send('resume')}>
          Resume
        </button>
      )}
      {isActive && (
        <button type="button" onClick={send('cancel')}>
          Cancel
        </button>
      )}
      <button type="button" class="primary" disabled={isMaking} onClick={onTrain}>
        {jobId === null ? 'Train' : 'Train anew'}
      </button>
    </>
  );
}

function Curves({ job, epochs }: { job: FollowedJob | null; epochs: number }) {
  const metrics = job?.metrics ?? [];
  const last = metrics.at(-1);
  const x = useMemo(() => metrics.map(({ epoch }) => epoch), [metrics]);
  const curves = useMemo(
    () => [
      { label: 'training', values: metrics.map((each) => each.train_loss) },
      { label: 'held out', values: metrics.map((each) => each.validation_loss ?? null) },
    ],
    [metrics],
  );
  return (
    <Section title="Loss">
      <ProgressBar value={job ? (last?.epoch ?? 0) / epochs : 0} label="Progress of the training" />
      <Figures>
        <Figure name="Right, learnt from" value={formatPercent(last?.train_accuracy, 1)} />
        <Figure name="Right, held out" value={formatPercent(last?.validation_accuracy, 1)} />
      </Figures>
      <LineChart
        label="Loss by epoch, of the points learnt from and of those held out"
        x={x}
        xLabel="epoch"
        curves={curves}
        heightPx={190}
      />
    </Section>
  );
}

/** What hovering over the diagram does, for those who do not hover. */
function ShownChoice({
  network,
  shown,
  onShow,
}: {
  network: readonly number[];
  shown: Shown;
  onShow: (shown: Shown) => void;
}) {
  const value = shown === 'answer' ? 'answer' : `${shown.layer}.${shown.unit}`;
  return (
    <label class="row small">
      On the plane
      <select
        value={value}
        onChange={({ currentTarget: { value: wanted } }) => {
          const [layer, unit] = wanted.split('.').map(Number);
          onShow(
            wanted === 'answer' || layer === undefined || unit === undefined ? 'answer' : { layer, unit },
          );
        }}
      >
        <option value="answer">the answer</option>
        {network.flatMap((units, layer) =>
          Array.from({ length: units }, (_, unit) => (
            <option key={`${layer}.${unit}`} value={`${layer}.${unit}`}>
              layer {layer + 1}, unit {unit + 1}
            </option>
          )),
        )}
      </select>
    </label>
  );
}

function describeStep(job: FollowedJob | null, step: number): string {
  if (!job || step === 0) return 'nothing learnt yet';
  const epoch = job.metrics.findLast((each) => each.step <= step)?.epoch ?? 0;
  return `epoch ${epoch}`;
}

function surfaceLabel(job: FollowedJob | null, shown: Shown): string {
  if (!job?.metrics.length) return 'The points in the plane.';
  const right = formatPercent(job.metrics.at(-1)?.validation_accuracy, 0);
  return shown === 'answer'
    ? `The points, and which class the network answers at each place of the plane. ${right} of the points held out are right.`
    : `What unit ${shown.unit + 1} of hidden layer ${shown.layer + 1} says at each place of the plane.`;
}
