/** The versions of a dataset, to look at and to delete. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { ConfirmButton } from '../../parts/dialog.js';
import { formatBytes, formatNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type DatasetSummary } from '../../service/api.js';
import { goTo, linkTo } from '../../shell/router.js';

export function Versions({ name, current }: { name: string; current: number }) {
  const { data, error, reload } = useResource(
    (signal) =>
      api.get('/v1/datasets/{name}/versions', { params: { path: { name }, query: { limit: 100 } }, signal }),
    [name],
  );
  if (error !== undefined) return <ErrorNotice error={error} />;
  if (!data) return <p class="loading" aria-busy="true" />;
  const remove = async (version: number): Promise<void> => {
    await api.delete('/v1/datasets/{name}/versions/{version}', {
      params: { path: { name, version: String(version) } },
    });
    if (version !== current) reload();
    else if (data.data.length > 1) goTo(['data', name]);
    else goTo(['data']);
  };
  return (
    <DataTable
      label="Versions"
      columns={columnsOf(name, current, remove)}
      rows={data.data}
      keyOf={({ version }) => version}
    />
  );
}

function columnsOf(
  name: string,
  current: number,
  remove: (version: number) => Promise<void>,
): Column<DatasetSummary>[] {
  return [
    {
      id: 'version',
      title: 'Version',
      cell: ({ version }) => (
        <a href={linkTo(['data', name], { version: String(version) })}>
          {version}
          {version === current && ' (shown)'}
        </a>
      ),
    },
    { id: 'status', title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
    { id: 'rows', title: 'Rows', isNumber: true, cell: ({ rows }) => formatNumber(rows) },
    {
      id: 'size',
      title: 'Size',
      isNumber: true,
      cell: ({ size_bytes: size }) => (size === null ? '–' : formatBytes(size)),
    },
    {
      id: 'added',
      title: 'Added',
      cell: ({ created_at: createdAt }) => (createdAt === null ? 'built in' : <Age of={createdAt} />),
    },
    {
      id: 'delete',
      title: 'Remove',
      cell: ({ version, created_at: createdAt }) =>
        createdAt !== null && (
          <ConfirmButton
            label={`Delete version ${version}`}
            question={`Delete version ${version} of ${name}?`}
            onConfirm={() => remove(version)}
          >
            <p>Models that learned from it stay and answer. The number is never used again.</p>
          </ConfirmButton>
        ),
    },
  ];
}
