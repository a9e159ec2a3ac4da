/** All models, each with its main figure. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Empty, Page, Section } from '../../parts/page.js';
import { Pager, usePages } from '../../parts/pager.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Schemas } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { MainFigure } from './main-figure.js';
import './models.css';

type Summary = Schemas['ModelList']['data'][number];

const pageSize = 50;
const everyMs = 5_000;

export default function ModelsPage() {
  const pages = usePages();
  const { after } = pages;
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/models', {
        params: { query: { limit: pageSize, ...(after !== undefined && { after }) } },
        signal,
      }),
    [after],
    everyMs,
  );
  return (
    <Page title="Models" lead="What jobs have published, and what answers when it is asked.">
      {error !== undefined && <ErrorNotice error={error} />}
      {data?.data.length === 0 && after === undefined && (
        <Empty title="There is no model yet">
          <p>A job that succeeds publishes one.</p>
          <a class="button primary" href={linkTo(['data'])}>
            Choose data to train on
          </a>
        </Empty>
      )}
      {data && data.data.length > 0 && (
        <Section title="By name">
          <DataTable label="Models" columns={columns} rows={data.data} keyOf={({ name }) => name} />
          <Pager pages={pages} hasMore={data.has_more} last={data.data.at(-1)?.name ?? ''} />
        </Section>
      )}
    </Page>
  );
}

const columns: readonly Column<Summary>[] = [
  {
    id: 'name',
    title: 'Model',
    sortBy: ({ name }) => name,
    cell: ({ name }) => (
      <a href={linkTo(['models', name])}>
        <strong>{name}</strong>
      </a>
    ),
  },
  { id: 'figure', title: 'How good', cell: (model) => <MainFigure model={model} /> },
  { id: 'target', title: 'Predicts', cell: ({ target, task }) => target?.join(', ') ?? task ?? '–' },
  {
    id: 'version',
    title: 'Latest',
    isNumber: true,
    sortBy: ({ latest_version: version }) => version,
    cell: ({ latest_version: version, version_count: count }) => (
      <>
        {version ?? <StatusBadge status="held" />}
        <span class="muted"> of {count}</span>
      </>
    ),
  },
  {
    id: 'created',
    title: 'Published',
    sortBy: ({ created_at: at }) => at,
    cell: ({ created_at: at }) => (at === null ? '–' : <Age of={at} />),
  },
  {
    id: 'try',
    title: '',
    cell: ({ name, latest_version: version }) =>
      version !== null && <a href={linkTo(['models', name], { tab: 'try' })}>Try it</a>,
  },
];
