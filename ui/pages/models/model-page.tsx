/** A model: try it, how good it is, its versions, and how programs use it. */
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Page } from '../../parts/page.js';
import { Tabs } from '../../parts/tabs.js';
import { useResource } from '../../parts/use-resource.js';
import { api } from '../../service/api.js';
import type { PageProps } from '../../shell/page-props.js';
import { linkTo, replaceQuery } from '../../shell/router.js';
import { EvaluationView } from './evaluation-view.js';
import './models.css';
import { Snippets } from './snippets.js';
import { TryIt } from './try-it.js';
import { Versions } from './versions.js';

const tabs = [
  { id: 'try', title: 'Try it' },
  { id: 'evaluation', title: 'How good it is' },
  { id: 'versions', title: 'Versions' },
  { id: 'code', title: 'Use it' },
] as const;

export default function ModelPage({ params: { name = '' }, query }: PageProps) {
  const { data, error, reload } = useResource(
    (signal) => loadModel(name, query.get('version'), signal),
    [name, query.get('version')],
  );
  const tab = tabs.find(({ id }) => id === query.get('tab'))?.id ?? 'try';
  const show = (id: string): void => {
    const version = query.get('version');
    replaceQuery({ tab: id, ...(version !== null && { version }) });
  };
  const { model, version } = data ?? {};
  return (
    <Page
      title={name}
      above={[[linkTo(['models']), 'Models']]}
      lead={
        version &&
        `Version ${version.version}${version.version === model?.latest_version ? ', the latest' : ''} · ${version.task} · ` +
          `${version.parameters.toLocaleString('en')} parameters`
      }
      actions={<a href={linkTo(['models', name, 'inside'])}>Look inside</a>}
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {model && !version && (
        <Notice kind="info" title="No version has been published yet">
          A version that a gate has held back is listed under Versions.
        </Notice>
      )}
      {model && (
        <Tabs tabs={tabs} current={tab} onChange={show} label={`About ${name}`}>
          {tab === 'versions' && <Versions model={model} shown={version?.version} onChanged={reload} />}
          {version && tab === 'try' && <TryIt version={version} />}
          {version && tab === 'evaluation' && <EvaluationView version={version} />}
          {version && tab === 'code' && <Snippets version={version} />}
        </Tabs>
      )}
    </Page>
  );
}

/** The latest version, or the one that is asked for. */
async function loadModel(name: string, wanted: string | null, signal: AbortSignal) {
  const model = await api.get('/v1/models/{name}', { params: { path: { name } }, signal });
  const number = wanted ?? model.latest_version;
  const version =
    number === null
      ? undefined
      : await api.get('/v1/models/{name}/versions/{version}', {
          params: { path: { name, version: String(number) } },
          signal,
        });
  return { model, version };
}
