/** The trials of a sweep with what they tried and what it gave, the best first. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatName, formatNumber } from '../../parts/format.js';
import { StatusBadge } from '../../parts/status-badge.js';
import type { Sweep, Trial } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { formatMetric, formatParameter, metricTitle, parameterTitle } from './sweep-data.js';
import './sweeps.css';

export function TrialsTable({
  sweep,
  trials,
  chosen,
}: {
  sweep: Sweep;
  trials: readonly Trial[];
  chosen: number | undefined;
}) {
  const sign = sweep.goal === 'minimize' ? 1 : -1;
  const columns: Column<Trial>[] = [
    {
      id: 'trial',
      title: 'Trial',
      isNumber: true,
      sortBy: ({ trial }) => trial,
      cell: ({ trial, job_id: job }) => (
        <a href={linkTo(['jobs', job])} class={trial === chosen ? 'chosen-trial' : undefined}>
          {trial}
        </a>
      ),
    },
    {
      id: 'status',
      title: 'Status',
      sortBy: ({ status }) => status,
      cell: ({ status, error }) => (
        <span title={error === null ? undefined : `${error.code}: ${error.message}`}>
          <StatusBadge status={status} />
        </span>
      ),
    },
    {
      id: 'value',
      title: formatName(metricTitle(sweep)),
      isNumber: true,
      sortBy: ({ value }) => (value === null ? null : sign * value),
      cell: ({ value }) => formatMetric(sweep, value),
    },
    {
      id: 'epochs',
      title: 'Epochs',
      isNumber: true,
      sortBy: ({ epochs_done: done }) => done,
      cell: ({ epochs_done: done }) => formatNumber(done),
    },
    ...Object.keys(sweep.parameters).map((path): Column<Trial> => {
      const isOfNumbers = trials.every(({ parameters }) => typeof parameters[path] === 'number');
      return {
        id: path,
        title: parameterTitle(path),
        isNumber: isOfNumbers,
        sortBy: ({ parameters }) =>
          isOfNumbers ? Number(parameters[path]) : formatParameter(parameters[path]),
        cell: ({ parameters }) => formatParameter(parameters[path]),
      };
    }),
  ];
  return (
    <div class="trials-table">
      <DataTable
        label="Trials"
        rows={trials}
        columns={columns}
        keyOf={({ trial }) => trial}
        order={{ id: 'value', descending: false }}
      />
    </div>
  );
}
