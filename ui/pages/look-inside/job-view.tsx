/** A job from the inside: how far it is, and its network as it changes. It stays when the job ends, with what has been drawn. */
import type { ComponentChildren } from 'preact';
import { hasEnded, useFollowedJob } from '../../network/use-followed-job.js';
import type { NetworkModel } from '../../network/network-model.js';
import { useShownNetwork } from '../../network/use-shown-network.js';
import { formatDuration, formatPercent } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { linkTo } from '../../shell/router.js';

export function JobView({
  jobId,
  children,
}: {
  jobId: string;
  children: (network: NetworkModel) => ComponentChildren;
}) {
  const { job, error } = useFollowedJob(jobId);
  const network = useShownNetwork(jobId, job?.steps.at(-1));
  if (!job)
    return error === undefined ? <p class="loading" aria-busy="true" /> : <ErrorNotice error={error} />;
  const { fraction, epoch, epochs, eta_seconds: secondsLeft } = job.progress ?? {};
  const right = job.metrics.at(-1)?.test_accuracy ?? job.metrics.at(-1)?.validation_accuracy;
  return (
    <>
      {error !== undefined && <ErrorNotice error={error} />}
      {job.failure !== null && (
        <Notice kind="error" title="The training has failed">
          {job.failure}
        </Notice>
      )}
      <Section
        title={hasEnded(job) ? 'It has learnt' : 'It is learning'}
        actions={
          <a href={linkTo(['jobs', jobId])}>
            <StatusBadge status={job.status} />
          </a>
        }
      >
        <ProgressBar value={fraction} label="Progress of the training" />
        <p class="small muted" aria-live="polite">
          {epoch === undefined ? 'It waits for its turn.' : `Epoch ${epoch} of ${epochs ?? ''}`}
          {right !== undefined && `, ${formatPercent(right, 1)} of the pictures held out are right`}
          {job.status === 'running' &&
            typeof secondsLeft === 'number' &&
            `, ${formatDuration(secondsLeft)} left`}
        </p>
      </Section>
      {network ? (
        children(network.network)
      ) : (
        <p class="muted">The first picture comes with the first checkpoint.</p>
      )}
    </>
  );
}
