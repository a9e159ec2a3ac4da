/** A job, a model and a dataset in a few lines each. */
import { formatDuration, formatNumber } from '../../parts/format.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import type { DatasetSummary, Job } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { MainFigure } from '../models/main-figure.js';
import type { ModelSummary } from './overview.js';

export function JobCard({ job }: { job: Job }) {
  const { fraction, epoch, epochs, eta_seconds: etaSeconds, train_loss: loss } = job.progress;
  return (
    <li class="card">
      <div class="row spread">
        <a href={linkTo(['jobs', job.id])}>
          <strong>{job.model}</strong>
        </a>
        <StatusBadge status={job.status} />
      </div>
      <ProgressBar value={fraction} label={`Progress of the job for ${job.model}`} />
      <p class="small muted">
        Epoch {epoch} of {epochs}
        {loss !== null && ` · loss ${formatNumber(loss, 3)}`}
        {job.status === 'running' && etaSeconds !== null && ` · ${formatDuration(etaSeconds)} left`}
      </p>
    </li>
  );
}

export function ModelCard({ model }: { model: ModelSummary }) {
  const { name, latest_version: version, created_at: createdAt } = model;
  return (
    <li class="card">
      <div class="row spread">
        <a href={linkTo(['models', name])}>
          <strong>{name}</strong>
        </a>
        <span class="muted">{version === null ? 'no version' : `version ${version}`}</span>
      </div>
      <MainFigure model={model} valueClass="figure-value" />
      <p class="small muted">
        {createdAt !== null && (
          <>
            <Age of={createdAt} />
            {' · '}
          </>
        )}
        <a href={linkTo(['models', name], { tab: 'try' })}>Try it</a>
      </p>
    </li>
  );
}

export function DatasetCard({
  dataset: { name, status, rows, format, created_at: createdAt },
}: {
  dataset: DatasetSummary;
}) {
  return (
    <li class="card">
      <div class="row spread">
        <a href={linkTo(['data', name])}>
          <strong>{name}</strong>
        </a>
        <StatusBadge status={status} />
      </div>
      <p class="small muted">
        {rows === null ? 'rows are being counted' : `${formatNumber(rows)} rows`} · {format}
        {' · '}
        {createdAt === null ? 'built in' : <Age of={createdAt} />}
      </p>
    </li>
  );
}
