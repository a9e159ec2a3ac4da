/** A model: trying it, how good it is, its versions, and how programs use it. */
import { formatNumber } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Empty, Page, Section } from '../../parts/page.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Tabs } from '../../parts/tabs.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import type { PageProps } from '../../shell/page-props.js';
import { linkTo, replaceQuery } from '../../shell/router.js';
import { CardView } from './card-view.js';
import { EvaluationView } from './evaluation-view.js';
import { loadModel, pictureSide, type ShownModel } from './model-data.js';
import { TryIt } from './try-it.js';
import { UseIt } from './use-it.js';
import { Versions } from './versions.js';
import './models.css';

const tabs = [
  { id: 'try', title: 'Try it' },
  { id: 'evaluation', title: 'How good' },
  { id: 'card', title: 'Card' },
  { id: 'versions', title: 'Versions' },
  { id: 'use', title: 'Use it' },
];

export default function ModelPage({ params: { name = '' }, query }: PageProps) {
  const wanted = query.get('version');
  const tab = query.get('tab') ?? 'try';
  const { data, error, reload } = useResource((signal) => loadModel(name, wanted, signal), [name, wanted]);
  const show = (next: string): void =>
    replaceQuery({ ...(wanted !== null && { version: wanted }), tab: next });
  return (
    <Page
      title={name}
      above={[[linkTo(['models']), 'Models']]}
      lead={data && <Lead shown={data} />}
      actions={
        data?.version && (
          <a class="button" href={linkTo(['models', name, 'inside'])}>
            Look inside
          </a>
        )
      }
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {data && (
        <Tabs tabs={tabs} current={tab} onChange={show} label="Views of the model">
          <div class="tab-content">
            <Content
              key={`${name} ${data.version?.version ?? 0}`}
              tab={tab}
              shown={data}
              reload={reload}
              query={query}
            />
          </div>
        </Tabs>
      )}
    </Page>
  );
}

function Lead({ shown: { model, version } }: { shown: ShownModel }) {
  if (!version) return <>No version can be read.</>;
  const isLatest = version.version === model.latest_version;
  return (
    <>
      Version {version.version} of {formatNumber(model.version_count)}
      {isLatest ? ', the latest' : ''}
      {version.held !== null && (
        <>
          {' '}
          <StatusBadge status="held" />
        </>
      )}
      {' · '}
      {version.target ? `predicts ${version.target.join(', ')}` : version.task}
      {' · '}
      {formatNumber(version.parameters)} parameters · <Age of={version.created_at} />
    </>
  );
}

function Content({
  tab,
  shown,
  reload,
  query,
}: {
  tab: string;
  shown: ShownModel;
  reload: () => void;
  query: URLSearchParams;
}) {
  const { version, evaluation } = shown;
  if (tab === 'versions') return <Versions shown={shown} reload={reload} />;
  if (!version) return <Empty title="There is no version to look at" />;
  if (tab === 'evaluation') {
    return evaluation ? (
      <EvaluationView evaluation={evaluation} side={pictureSide(version)} />
    ) : (
      <Section title="How good">
        <Notice kind="info" title="This version was not evaluated">
          It is older than evaluations, or was published without rows to judge it by.
        </Notice>
      </Section>
    );
  }
  if (tab === 'card') return <CardView version={version} />;
  if (tab === 'use') return <UseIt version={version} hasEvaluation={evaluation !== null} />;
  const row = query.get('row');
  return <TryIt shown={{ ...shown, version }} row={row === null ? undefined : Number(row)} />;
}
