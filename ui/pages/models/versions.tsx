/** The versions of a model: their figures, which one answers, and how to change that. */
import { ConfirmButton } from '../../parts/dialog.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatName } from '../../parts/format.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { api, type Model, type ModelVersion } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { formatFigure, mainFigureOf } from './figures.js';

export function Versions({
  model,
  shown,
  onChanged,
}: {
  model: Model;
  shown: number | undefined;
  onChanged: () => void;
}) {
  const { name } = model;
  const act = async (request: Promise<unknown>): Promise<void> => {
    await request;
    onChanged();
  };
  const columns: readonly Column<ModelVersion>[] = [
    {
      id: 'version',
      title: 'Version',
      cell: ({ version }) => (
        <a
          href={linkTo(['models', name], { tab: 'evaluation', version: String(version) })}
          aria-current={version === shown ? 'true' : undefined}
        >
          {version}
        </a>
      ),
      sortBy: ({ version }) => version,
      isNumber: true,
    },
    {
      id: 'status',
      title: 'Status',
      cell: ({ aliases, held }) => (
        <div class="stack small">
          <span class="row">
            {aliases.map((alias) => (
              <StatusBadge key={alias} status={alias} />
            ))}
            {held !== null && <StatusBadge status="held" />}
          </span>
          {held?.reasons.map((reason) => (
            <span key={reason} class="bad-text">
              {reason}
            </span>
          ))}
        </div>
      ),
    },
    {
      id: 'figure',
      title: 'Main figure',
      cell: ({ evaluation }) => {
        const figure = mainFigureOf(evaluation);
        return figure ? `${formatFigure(figure.name, figure.value)} ${formatName(figure.name)}` : '–';
      },
      sortBy: ({ evaluation }) => mainFigureOf(evaluation)?.value,
      isNumber: true,
    },
    {
      id: 'job',
      title: 'Job',
      cell: ({ job_id: id }) => <a href={linkTo(['jobs', id])}>see the job</a>,
    },
    {
      id: 'made',
      title: 'Made',
      cell: ({ created_at: createdAt }) => <Age of={createdAt} />,
      sortBy: ({ created_at: createdAt }) => createdAt,
    },
    {
      id: 'act',
      title: 'Change',
      cell: ({ version, aliases }) => (
        <span class="row">
          {!aliases.includes('latest') && (
            <ConfirmButton
              label="Make it the latest"
              question={`Let version ${version} answer?`}
              kind="primary"
              onConfirm={() => act(promote(name, version))}
            >
              <p>
                Predictions of {name} that name no version will come from version {version}, also after newer
                jobs, until you choose another one.
              </p>
            </ConfirmButton>
          )}
          <ConfirmButton
            label="Delete"
            question={`Delete version ${version}?`}
            onConfirm={() => act(remove(name, version))}
          >
            <p>Its file and its evaluation are removed for good. The job that made it stays.</p>
          </ConfirmButton>
        </span>
      ),
    },
  ];
  return (
    <div class="card">
      <div class="actions">
        <ConfirmButton
          label="Roll back"
          question={`Go back to the version before the latest?`}
          kind="primary"
          onConfirm={() => act(api.post('/v1/models/{name}/rollback', { params: { path: { name } } }))}
        >
          <p>
            The version before the latest answers from then on. No version is deleted, and you can go forward
            again.
          </p>
        </ConfirmButton>
      </div>
      <DataTable
        label={`Versions of ${name}`}
        columns={columns}
        rows={model.versions}
        keyOf={({ version }) => version}
        order={{ id: 'version', descending: true }}
      />
    </div>
  );
}

function promote(name: string, version: number): Promise<unknown> {
  return api.put('/v1/models/{name}/aliases/{alias}', {
    params: { path: { name, alias: 'latest' } },
    body: { version },
  });
}

function remove(name: string, version: number): Promise<unknown> {
  return api.delete('/v1/models/{name}/versions/{version}', {
    params: { path: { name, version: String(version) } },
  });
}
