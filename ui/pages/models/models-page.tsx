/** All models, each with its main figure. */
import { useState } from 'preact/hooks';
import { DataTable, type Column } from '../../parts/data-table.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Empty, Page, Section } from '../../parts/page.js';
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
  const [after, setAfter] = useState<readonly string[]>([]);
  const last = after.at(-1);
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/models', {
        params: { query: { limit: pageSize, ...(last !== undefined && { after: last }) } },
        signal,
      }),
    [last],
    everyMs,
  );
  return (
    <Page title="Models" lead="What jobs have published, and what answers when it is asked.">
      {error !== undefined && <ErrorNotice error={error} />}
      {data?.data.length === 0 && after.length === 0 && (
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
          {(data.has_more || after.length > 0) && (
            <div class="actions">
              <button
                type="button"
                disabled={after.length === 0}
                onClick={() => setAfter((all) => all.slice(0, -1))}
              >
                Back
              </button>
              <button
                type="button"
                disabled={!data.has_more}
                onClick={() => setAfter((all) => [...all, data.data.at(-1)?.name ?? ''])}
              >
                More
              </button>
            </div>
          )}
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
