/** All datasets, and the place where a file becomes one. */
import { useState } from 'preact/hooks';
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatBytes, formatNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Page, Section } from '../../parts/page.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type DatasetSummary } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { AddData } from './add-data.js';
import './data.css';

const everyMs = 3_000;
const pageSize = 100;

const columns: readonly Column<DatasetSummary>[] = [
  {
    id: 'name',
    title: 'Name',
    cell: ({ name }) => (
      <a href={linkTo(['data', name])}>
        <strong>{name}</strong>
      </a>
    ),
    sortBy: ({ name }) => name,
  },
  { id: 'status', title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  {
    id: 'rows',
    title: 'Rows',
    isNumber: true,
    cell: ({ rows }) => formatNumber(rows),
    sortBy: ({ rows }) => rows,
  },
  { id: 'format', title: 'Format', cell: ({ format }) => format?.toUpperCase() ?? '–' },
  {
    id: 'size',
    title: 'Size',
    isNumber: true,
    cell: ({ size_bytes: size }) => (size === null ? '–' : formatBytes(size)),
    sortBy: ({ size_bytes: size }) => size,
  },
  { id: 'version', title: 'Version', isNumber: true, cell: ({ version }) => version },
  {
    id: 'created',
    title: 'Added',
    cell: ({ created_at: createdAt }) => (createdAt === null ? 'built in' : <Age of={createdAt} />),
    sortBy: ({ created_at: createdAt }) => createdAt,
  },
  { id: 'train', title: 'Next', cell: (dataset) => <NextStep dataset={dataset} /> },
];

function NextStep({ dataset: { name, status } }: { dataset: DatasetSummary }) {
  if (status === 'failed') return <a href={linkTo(['data', name])}>See what is wrong</a>;
  if (status === 'processing') return <a href={linkTo(['data', name])}>Watch it being read</a>;
  return <a href={linkTo(['data', name, 'train'])}>Train</a>;
}

export default function DatasetsPage() {
  const [pages, setPages] = useState(1);
  const { data, error } = useResource((signal) => loadDatasets(pages, signal), [pages], everyMs);
  return (
    <Page
      title="Data"
      lead="Tables and pictures to learn from. The service reads all of them, and says what each column is."
    >
      <Section title="Add data">
        <AddData />
      </Section>
      <Section title="Datasets">
        {error !== undefined && <ErrorNotice error={error} />}
        {data && (
          <DataTable label="Datasets" columns={columns} rows={data.datasets} keyOf={({ name }) => name} />
        )}
        {data?.hasMore && (
          <div class="actions">
            <button type="button" onClick={() => setPages(pages + 1)}>
              Show more
            </button>
          </div>
        )}
      </Section>
    </Page>
  );
}

async function loadDatasets(
  pages: number,
  signal: AbortSignal,
): Promise<{ datasets: DatasetSummary[]; hasMore: boolean }> {
  const datasets: DatasetSummary[] = [];
  for (let page = 1; ; page++) {
    const after = datasets.at(-1)?.name;
    const query = { limit: pageSize, ...(after !== undefined && { after }) };
    const { data, has_more: hasMore } = await api.get('/v1/datasets', { params: { query }, signal });
    datasets.push(...data);
    if (!hasMore || page === pages) return { datasets, hasMore };
  }
}
