/** All models with the figures of their newest version. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatName } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Empty, Page } from '../../parts/page.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type ModelVersion } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { formatFigure, mainFigureOf } from './figures.js';

interface ListedModel {
  name: string;
  versionCount: number;
  createdAt: string | null;
  latest: ModelVersion | undefined;
}

const columns: readonly Column<ListedModel>[] = [
  {
    id: 'name',
    title: 'Model',
    cell: ({ name }) => <a href={linkTo(['models', name])}>{name}</a>,
    sortBy: ({ name }) => name,
  },
  {
    id: 'task',
    title: 'Task',
    cell: ({ latest }) => latest?.task ?? '–',
    sortBy: ({ latest }) => latest?.task,
  },
  {
    id: 'figure',
    title: 'Main figure',
    cell: ({ latest }) => {
      const figure = mainFigureOf(latest?.evaluation);
      return figure ? `${formatFigure(figure.name, figure.value)} ${formatName(figure.name)}` : '–';
    },
    isNumber: true,
  },
  {
    id: 'version',
    title: 'Latest',
    cell: ({ latest }) => latest?.version ?? '–',
    sortBy: ({ latest }) => latest?.version,
    isNumber: true,
  },
  {
    id: 'versions',
    title: 'Versions',
    cell: ({ versionCount }) => versionCount,
    sortBy: ({ versionCount }) => versionCount,
    isNumber: true,
  },
  {
    id: 'created',
    title: 'Made',
    cell: ({ createdAt }) => (createdAt === null ? '–' : <Age of={createdAt} />),
    sortBy: ({ createdAt }) => createdAt,
  },
  {
    id: 'try',
    title: 'Use',
    cell: ({ name }) => <a href={linkTo(['models', name], { tab: 'try' })}>Try it</a>,
  },
];

export default function ModelsPage() {
  const { data, error } = useResource(loadModels, []);
  return (
    <Page
      title="Models"
      lead="What jobs have published. Each model has versions; one of them is the latest, which answers."
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {data?.length === 0 && (
        <Empty title="There is no model yet">
          <a href={linkTo(['data'])}>Choose data to train on</a>
        </Empty>
      )}
      {data && data.length > 0 && (
        <div class="card">
          <DataTable label="Models" columns={columns} rows={data} keyOf={({ name }) => name} />
        </div>
      )}
    </Page>
  );
}

async function loadModels(signal: AbortSignal): Promise<ListedModel[]> {
  const { data } = await api.get('/v1/models', { params: { query: { limit: 100 } }, signal });
  return Promise.all(
    data.map(
      async ({ name, latest_version: version, version_count: versionCount, created_at: createdAt }) => ({
        name,
        versionCount,
        createdAt,
        latest:
          version === null
            ? undefined
            : await api.get('/v1/models/{name}/versions/{version}', {
                params: { path: { name, version: String(version) } },
                signal,
              }),
      }),
    ),
  );
}
