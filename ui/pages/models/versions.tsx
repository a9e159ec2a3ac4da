/** The versions of a model: what answers now, going back, and what is held and why. */
import { useState } from 'preact/hooks';
import { ConfirmButton } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { formatBytes } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { api, type Model, type ModelVersion } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { formatFigure, intervalText } from './figures-text.js';
import { mainFigureOf, type ShownModel } from './model-data.js';

export function Versions({ shown: { model }, reload }: { shown: ShownModel; reload: () => void }) {
  const versions = [...model.versions].reverse();
  const previous = versions.find(
    ({ version, held }) => held === null && version < (model.latest_version ?? 0),
  );
  return (
    <Section
      title="Versions"
      actions={previous && <RollBack model={model} to={previous.version} onDone={reload} />}
    >
      <Latest model={model} reload={reload} />
      <ul class="plain-list versions" aria-label="Versions, newest first">
        {versions.map((version) => (
          <li key={version.version} class={version.aliases.includes('latest') ? 'current' : ''}>
            <Version model={model} version={version} reload={reload} />
          </li>
        ))}
      </ul>
      {model.has_more && <p class="small muted">There are older versions, which are not listed here.</p>}
      <AliasForm model={model} versions={versions} reload={reload} />
    </Section>
  );
}

function RollBack({ model: { name }, to, onDone }: { model: Model; to: number; onDone: () => void }) {
  return (
    <ConfirmButton
      label="Roll back"
      kind="primary"
      question={`Go back to version ${to}?`}
      confirm={`Answer with version ${to}`}
      onConfirm={async () => {
        await api.post('/v1/models/{name}/rollback', { params: { path: { name } } });
        onDone();
      }}
    >
      <p>
        Version {to} answers within a second. The model then stays there, whatever is published, until you let
        it follow new versions again. Nothing is deleted.
      </p>
    </ConfirmButton>
  );
}

/** Whether `latest` follows what is published, and how it does so again. */
function Latest({ model, reload }: { model: Model; reload: () => void }) {
  const { name, latest_version: latest, pinned } = model;
  const [error, setError] = useState<unknown>();
  const follow = (): void => {
    api
      .delete('/v1/models/{name}/aliases/{alias}', { params: { path: { name, alias: 'latest' } } })
      .then(reload, setError);
  };
  if (latest === null)
    return (
      <Notice kind="warning" title="No version answers">
        All versions are held. Make one the latest by hand, or train a better one.
      </Notice>
    );
  return (
    <>
      <p aria-live="polite">
        <strong>Version {latest} answers.</strong>{' '}
        {pinned
          ? 'It stays, whatever is published.'
          : 'The next version that is good enough takes over on its own.'}
      </p>
      {pinned && (
        <div class="actions">
          <button type="button" onClick={follow}>
            Follow new versions again
          </button>
        </div>
      )}
      {error !== undefined && <ErrorNotice error={error} />}
    </>
  );
}

function Version({ model, version, reload }: { model: Model; version: ModelVersion; reload: () => void }) {
  const { version: number, aliases, held, job_id: job, created_at: at, file } = version;
  const path = { name: model.name, version: String(number) };
  const isLatest = aliases.includes('latest');
  return (
    <>
      <div class="row spread">
        <div class="row">
          <a href={linkTo(['models', model.name], { version: String(number), tab: 'evaluation' })}>
            <strong>Version {number}</strong>
          </a>
          {aliases.map((alias) => (
            <Alias key={alias} alias={alias} model={model.name} reload={reload} />
          ))}
          {held !== null && <StatusBadge status="held" />}
        </div>
        <VersionFigure version={version} />
      </div>
      <p class="small muted">
        <Age of={at} /> · {job === null ? 'imported' : <a href={linkTo(['jobs', job])}>its job</a>} ·{' '}
        {formatBytes(file.size_bytes)}
      </p>
      {held !== null && (
        <Notice kind="warning" title="Held: it was not good enough to answer">
          <ul class="reasons">
            {held.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </Notice>
      )}
      {!isLatest && (
        <div class="actions">
          <ConfirmButton
            label="Make it the latest"
            kind="primary"
            question={`Answer with version ${number} from now on?`}
            confirm={`Answer with version ${number}`}
            onConfirm={async () => {
              await api.put('/v1/models/{name}/aliases/{alias}', {
                params: { path: { name: model.name, alias: 'latest' } },
                body: { version: number },
              });
              reload();
            }}
          >
            <p>
              {held === null
                ? 'Predictions are answered by it within a second. It stays, whatever is published.'
                : 'It failed its gate. Making it the latest ends that it is held.'}
            </p>
          </ConfirmButton>
          {aliases.length === 0 && (
            <ConfirmButton
              label="Delete"
              question={`Delete version ${number}?`}
              confirm={`Delete version ${number}`}
              onConfirm={async () => {
                await api.delete('/v1/models/{name}/versions/{version}', { params: { path } });
                reload();
              }}
            >
              <p>Its file and its evaluation are gone for good. The number is never used again.</p>
            </ConfirmButton>
          )}
        </div>
      )}
    </>
  );
}

function Alias({ alias, model, reload }: { alias: string; model: string; reload: () => void }) {
  if (alias === 'latest') return <span class="badge good">latest</span>;
  return (
    <span class="badge running alias">
      {alias}
      <button
        type="button"
        class="quiet"
        aria-label={`Remove the name ${alias}`}
        onClick={() =>
          void api
            .delete('/v1/models/{name}/aliases/{alias}', { params: { path: { name: model, alias } } })
            .then(reload, reload)
        }
      >
        ✕
      </button>
    </span>
  );
}

function VersionFigure({ version: { evaluation } }: { version: ModelVersion }) {
  const split = evaluation?.test ?? evaluation?.validation;
  const name = mainFigureOf(split?.figures);
  if (name === undefined) return <span class="small muted">not evaluated</span>;
  return (
    <span title={intervalText(name, split?.intervals[name])}>
      <strong>{formatFigure(name, split?.figures[name])}</strong>{' '}
      <span class="muted">{name === 'r2' ? 'R²' : name}</span>
    </span>
  );
}

/** Gives a version a name of one's own. */
function AliasForm({
  model: { name },
  versions,
  reload,
}: {
  model: Model;
  versions: readonly ModelVersion[];
  reload: () => void;
}) {
  const [alias, setAlias] = useState('');
  const [version, setVersion] = useState(versions[0]?.version ?? 1);
  const [error, setError] = useState<unknown>();
  const submit = (event: Event): void => {
    event.preventDefault();
    api
      .put('/v1/models/{name}/aliases/{alias}', { params: { path: { name, alias } }, body: { version } })
      .then(() => {
        setAlias('');
        setError(undefined);
        reload();
      }, setError);
  };
  return (
    <form class="alias-form" onSubmit={submit}>
      <Field label="Name a version" hint="Programs ask for it by the name, such as production.">
        <input
          value={alias}
          placeholder="production"
          onInput={({ currentTarget }) => setAlias(currentTarget.value)}
        />
      </Field>
      <Field label="Which">
        <select value={version} onChange={({ currentTarget }) => setVersion(Number(currentTarget.value))}>
          {versions.map(({ version: number }) => (
            <option key={number} value={number}>
              Version {number}
            </option>
          ))}
        </select>
      </Field>
      <button type="submit" disabled={alias === ''}>
        Name it
      </button>
      {error !== undefined && <ErrorNotice error={error} />}
    </form>
  );
}
