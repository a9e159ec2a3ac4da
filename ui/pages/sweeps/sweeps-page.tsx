/** All sweeps, newest first. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Empty, Page, Section } from '../../parts/page.js';
import { Pager, usePages } from '../../parts/pager.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Sweep } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { datasetOf, formatMetric, metricTitle } from './sweep-data.js';

const pageSize = 50;
const everyMs = 5_000;

export default function SweepsPage() {
  const pages = usePages();
  const { after } = pages;
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/sweeps', {
        params: { query: { limit: pageSize, ...(after !== undefined && { after }) } },
        signal,
      }),
    [after],
    everyMs,
  );
  return (
    <Page title="Sweeps" lead="Searches for the settings that learn best, each of many trainings.">
      {error !== undefined && <ErrorNotice error={error} />}
      {data?.data.length === 0 && after === undefined && (
        <Empty title="There is no sweep yet">
          <p>
            Press <em>Search</em> under the form that trains on a <a href={linkTo(['data'])}>dataset</a>, or
            use the command line: <code>trainyard sweep data.csv --target column</code>
          </p>
        </Empty>
      )}
      {data && data.data.length > 0 && (
        <Section title="Newest first">
          <DataTable label="Sweeps" columns={columns} rows={data.data} keyOf={({ id }) => id} />
          <Pager pages={pages} hasMore={data.has_more} last={data.data.at(-1)?.id ?? ''} />
        </Section>
      )}
    </Page>
  );
}

const columns: readonly Column<Sweep>[] = [
  {
    id: 'model',
    title: 'Sweep',
    sortBy: ({ model }) => model,
    cell: ({ id, model }) => (
      <a href={linkTo(['sweeps', id])} title={id}>
        <strong>{model}</strong> …{id.slice(-4)}
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
    id: 'trials',
    title: 'Trials',
    isNumber: true,
    sortBy: ({ progress }) => progress.trials_ended,
    cell: ({ progress, max_trials: most }) =>
      `${formatNumber(progress.trials_ended)} of ${formatNumber(most)}`,
  },
  {
    id: 'best',
    title: 'Best',
    cell: (sweep) =>
      sweep.best === null ? '–' : `${formatMetric(sweep, sweep.best.value)} ${metricTitle(sweep)}`,
  },
  { id: 'dataset', title: 'Dataset', cell: (sweep) => datasetOf(sweep) ?? '–' },
  { id: 'method', title: 'Method', cell: ({ method }) => method },
  {
    id: 'age',
    title: 'Asked for',
    sortBy: ({ created_at: at }) => at,
    cell: ({ created_at: at }) => <Age of={at} />,
  },
];
