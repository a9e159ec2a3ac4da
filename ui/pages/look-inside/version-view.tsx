/** A version from the inside. Where its job has kept checkpoints one can go back to what it knew then. */
import { useState } from 'preact/hooks';
import { versionNetwork } from '../../network/job-networks.js';
import { useShownNetwork } from '../../network/use-shown-network.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import { api } from '../../service/api.js';
import { Playback } from '../../parts/playback.js';
import { NetworkView } from './network-view.js';
import { seeByVersion } from './sources.js';

export function VersionView({
  name,
  version,
  jobId,
}: {
  name: string;
  version: number;
  jobId: string | null;
}) {
  const { data: network, error } = useResource(() => versionNetwork(name, version), [name, version]);
  const { data: checkpoints = [] } = useResource((signal) => keptBy(jobId, signal), [jobId]);
  const [chosen, setChosen] = useState<number | null>(null);
  const earlier = useShownNetwork(jobId, chosen ?? undefined);
  if (!network)
    return error === undefined ? <p class="loading" aria-busy="true" /> : <ErrorNotice error={error} />;
  const shown = chosen !== null && earlier ? earlier.network : network;
  const steps = checkpoints.map(({ step }) => step);
  return (
    <>
      {steps.length > 1 && (
        <Section title="How it was learnt">
          <Playback
            steps={steps}
            step={chosen ?? steps.at(-1) ?? 0}
            describe={(step) => `step ${step.toLocaleString('en')}`}
            onChange={setChosen}
          />
        </Section>
      )}
      <NetworkView network={shown} see={seeByVersion(name, version)} />
    </>
  );
}

/** Ascending. A job that was deleted has none. */
async function keptBy(jobId: string | null, signal: AbortSignal) {
  if (jobId === null) return [];
  try {
    const { data } = await api.get('/v1/jobs/{id}/checkpoints', { params: { path: { id: jobId } }, signal });
    return data.toReversed();
  } catch {
    return [];
  }
}
