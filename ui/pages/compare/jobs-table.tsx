/** Jobs with the settings that matter most and the figures of their best epoch. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatDuration, formatNumber, formatPercent } from '../../parts/format.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import type { Job } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { shortHiddenOf } from '../job/settings.js';
import { figuresIn, figuresOf, figureTitle, nameOf, secondsOf, type FigureName } from './compared-jobs.js';

export function JobsTable({
  jobs,
  chosen,
  onToggle,
}: {
  jobs: readonly Job[];
  chosen: readonly string[];
  onToggle: (id: string) => void;
}) {
  const columns: Column<Job>[] = [
    {
      id: 'chosen',
      title: 'Compare',
      cell: (job) => (
        <input
          type="checkbox"
          aria-label={`Compare ${nameOf(job)}`}
          checked={chosen.includes(job.id)}
          onChange={() => onToggle(job.id)}
        />
      ),
    },
    {
      id: 'model',
      title: 'Job',
      sortBy: ({ model }) => model,
      cell: (job) => (
        <a href={linkTo(['jobs', job.id])} title={job.id}>
          {nameOf(job)}
        </a>
      ),
    },
    {
      id: 'status',
      title: 'Status',
      sortBy: ({ status }) => status,
      cell: ({ status }) => <StatusBadge status={status} />,
    },
    {
      id: 'age',
      title: 'Asked for',
      sortBy: ({ created_at: at }) => at,
      cell: ({ created_at: at }) => <Age of={at} />,
    },
    ...figuresIn(jobs).map(figureColumn),
    {
      id: 'best',
      title: 'Best epoch',
      isNumber: true,
      sortBy: ({ best_epoch: best }) => best,
      cell: ({ best_epoch: best, progress }) => `${best ?? '–'} of ${formatNumber(progress.epoch)}`,
    },
    { id: 'dataset', title: 'Dataset', sortBy: ({ dataset }) => dataset, cell: ({ dataset }) => dataset },
    {
      id: 'hidden',
      title: 'Hidden layers',
      sortBy: ({ spec }) => shortHiddenOf(spec),
      cell: ({ spec }) => shortHiddenOf(spec),
    },
    {
      id: 'optimizer',
      title: 'Optimiser',
      sortBy: ({ spec }) => spec.optimizer.type,
      cell: ({ spec }) => spec.optimizer.type,
    },
    {
      id: 'rate',
      title: 'Learning rate',
      isNumber: true,
      sortBy: ({ spec }) => spec.optimizer.learning_rate,
      cell: ({ spec }) => formatNumber(spec.optimizer.learning_rate),
    },
    {
      id: 'batch',
      title: 'Batch',
      isNumber: true,
      sortBy: ({ spec }) => spec.batch_size,
      cell: ({ spec }) => formatNumber(spec.batch_size),
    },
    {
      id: 'took',
      title: 'Took',
      isNumber: true,
      sortBy: secondsOf,
      cell: (job) => {
        const seconds = secondsOf(job);
        return seconds === null ? '–' : formatDuration(seconds);
      },
    },
  ];
  return (
    <div class="jobs-table">
      <DataTable
        label="Jobs"
        rows={jobs}
        columns={columns}
        keyOf={({ id }) => id}
        order={{ id: 'age', descending: true }}
      />
    </div>
  );
}

function figureColumn(name: FigureName): Column<Job> {
  return {
    id: name,
    title: figureTitle(name),
    isNumber: true,
    sortBy: (job) => figuresOf(job)[name],
    cell: (job) => formatFigure(name, figuresOf(job)[name]),
  };
}

export function formatFigure(name: string, value: number | null | undefined): string {
  return name.endsWith('accuracy') ? formatPercent(value) : formatNumber(value);
}
