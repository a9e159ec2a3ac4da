/** A job: what it does now, how it learns, and what came of it. */
import { useState } from 'preact/hooks';
import { ConfirmButton } from '../../parts/dialog.js';
import { Figure, Figures } from '../../parts/figure.js';
import { formatBytes, formatDuration, formatName, formatNumber, formatPercent } from '../../parts/format.js';
import { DataTable } from '../../parts/data-table.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Page, Section } from '../../parts/page.js';
import { PauseButton } from '../../parts/pause-button.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { api, type Job } from '../../service/api.js';
import type { PageProps } from '../../shell/page-props.js';
import { goTo, linkTo } from '../../shell/router.js';
import { Curves } from './curves.js';
import { JobLog } from './job-log.js';
import { Mistakes } from './mistakes.js';
import { Outcome } from './outcome.js';
import { Recipe } from './recipe.js';
import type { Checkpoint, EpochMetrics } from './job-records.js';
import { useWatchedJob, type Connection } from './watched-job.js';
import { meaningOf } from './words.js';
import './job.css';

export default function JobPage({ params: { id = '' } }: PageProps) {
  const watched = useWatchedJob(id);
  const [error, setError] = useState<unknown>();
  const above = [[linkTo(['jobs']), 'Jobs']] as const;
  const job = watched?.job;
  if (!watched || !job) {
    return (
      <Page title="Job" above={above}>
        {watched?.error === undefined ? (
          <p class="loading" aria-busy="true" />
        ) : (
          <ErrorNotice error={watched.error} />
        )}
      </Page>
    );
  }
  const act = async (action: 'pause' | 'resume'): Promise<void> => {
    setError(undefined);
    try {
      await api.post(`/v1/jobs/{id}/${action}`, { params: { path: { id } } });
    } catch (reason) {
      setError(reason);
    }
    watched.refresh();
  };
  return (
    <Page
      title={job.model}
      above={above}
      lead={
        <>
          Trained on <a href={linkTo(['data', job.dataset])}>{job.dataset}</a>, asked for{' '}
          <Age of={job.created_at} />
        </>
      }
      actions={<Actions job={job} act={act} refresh={() => watched.refresh()} />}
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {watched.error !== undefined && (
        <ErrorNotice error={watched.error} title="This page is not kept up to date" />
      )}
      <LostConnection connection={watched.connection} />
      <Status job={job} />
      <Outcome job={job} />
      <Curves job={job} curve={watched.curve} progress={watched.progress} />
      <Mistakes outcomes={watched.outcomes} bestEpoch={job.best_epoch} />
      <Recipe job={job} />
      <div class="columns">
        <JobLog events={watched.log} />
        <Checkpoints checkpoints={watched.checkpoints} />
      </div>
    </Page>
  );
}

const endings = new Set(['succeeded', 'failed', 'cancelled']);

function Actions({
  job: { id, status },
  act,
  refresh,
}: {
  job: Job;
  act: (action: 'pause' | 'resume') => Promise<void>;
  refresh: () => void;
}) {
  if (endings.has(status)) {
    return (
      <ConfirmButton
        label="Delete"
        question="Delete this job?"
        onConfirm={async () => {
          await api.delete('/v1/jobs/{id}', { params: { path: { id } } });
          goTo(['jobs']);
        }}
      >
        <p>Its curves, its log and its checkpoints are deleted. The versions that it published stay.</p>
      </ConfirmButton>
    );
  }
  return (
    <>
      <PauseButton isPaused={status === 'paused'} act={act} />
      <ConfirmButton
        label="Cancel"
        confirm="Cancel the job"
        question="Cancel this job?"
        onConfirm={async () => {
          await api.post('/v1/jobs/{id}/cancel', { params: { path: { id } } });
          refresh();
        }}
      >
        <p>It ends now and cannot be resumed. To go on later, pause it instead.</p>
      </ConfirmButton>
    </>
  );
}

function LostConnection({ connection }: { connection: Connection }) {
  if (connection.state !== 'lost') return null;
  return (
    <Notice kind="warning" title="The connection is lost">
      What you see is as it was. The page tries again, and goes on where it was.
    </Notice>
  );
}

function Status({ job }: { job: Job }) {
  const { status, progress, metrics, best_metrics: best } = job;
  const { fraction, epoch, epochs, member, members, samples_per_second: pace, eta_seconds: left } = progress;
  const isRunning = status === 'running';
  const shown = best ?? metrics;
  return (
    <section class="section" aria-label="Status">
      <div class="row">
        <span role="status">
          <StatusBadge status={status} />
        </span>
        <span>{meaningOf(job)}</span>
      </div>
      <ProgressBar
        value={isRunning && progress.evaluated !== undefined ? progress.evaluated : fraction}
        label="Progress"
      />
      <Figures>
        <Figure name="Epoch" value={`${formatNumber(epoch)} of ${formatNumber(epochs)}`}>
          {member === undefined
            ? `step ${formatNumber(progress.step)} of ${formatNumber(progress.steps)}`
            : `member ${member} of ${members ?? member}`}
        </Figure>
        <Figure name={isRunning ? 'Pace' : 'Took'} value={isRunning ? paceText(pace) : tookText(job)}>
          {isRunning && left !== null
            ? `${formatDuration(left)} left${job.spec.patience === undefined ? '' : ' at most'}`
            : startText(job)}
        </Figure>
        {shown && <MainFigures metrics={shown} isBest={best !== null} />}
      </Figures>
    </section>
  );
}

/** Of the rows that decide, or else test, or else train. */
function MainFigures({ metrics, isBest }: { metrics: EpochMetrics; isBest: boolean }) {
  const split = (['validation', 'test', 'train'] as const).find(
    (each) => metrics[`${each}_loss`] !== undefined,
  );
  if (split === undefined) return null;
  const which = `${isBest ? 'best' : 'last'} epoch, ${formatNumber(metrics.epoch)}`;
  const accuracy = metrics[`${split}_accuracy`];
  const rmse = metrics[`${split}_rmse`];
  return (
    <>
      <Figure name={formatName(`${split}_loss`)} value={formatNumber(metrics[`${split}_loss`])}>
        {which}
      </Figure>
      {accuracy !== undefined && (
        <Figure name={formatName(`${split}_accuracy`)} value={formatPercent(accuracy)}>
          {which}
        </Figure>
      )}
      {rmse !== undefined && (
        <Figure name={`${formatName(split)} RMSE`} value={formatNumber(rmse)}>
          {which}
        </Figure>
      )}
    </>
  );
}

function paceText(samplesPerSecond: number | null): string {
  return samplesPerSecond === null ? '–' : `${formatNumber(Math.round(samplesPerSecond))} rows/s`;
}

function tookText({ started_at: started, finished_at: finished }: Job): string {
  if (started === null || finished === null) return '–';
  return formatDuration((Date.parse(finished) - Date.parse(started)) / 1_000);
}

function startText({ started_at: started, attempts }: Job) {
  if (started === null) return 'not started yet';
  return (
    <>
      started <Age of={started} />
      {attempts > 1 && `, ${attempts} attempts`}
    </>
  );
}

function Checkpoints({ checkpoints }: { checkpoints: readonly Checkpoint[] }) {
  return (
    <Section title="Checkpoints">
      {checkpoints.length === 0 ? (
        <p class="muted">There is none. A job that is paused or stopped goes on from its last checkpoint.</p>
      ) : (
        <DataTable
          label="Checkpoints"
          rows={checkpoints}
          keyOf={({ step }) => step}
          columns={[
            { id: 'step', title: 'Step', isNumber: true, cell: ({ step }) => formatNumber(step) },
            { id: 'epoch', title: 'Epochs done', isNumber: true, cell: ({ epoch }) => formatNumber(epoch) },
            { id: 'size', title: 'Size', isNumber: true, cell: ({ size_bytes: size }) => formatBytes(size) },
            { id: 'age', title: 'Saved', cell: ({ created_at: at }) => <Age of={at} /> },
          ]}
        />
      )}
    </Section>
  );
}
