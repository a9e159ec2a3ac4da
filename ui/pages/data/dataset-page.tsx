/** A dataset: how it is read, its columns, its rows and its versions. */
import { useState } from 'preact/hooks';
import { ConfirmButton } from '../../parts/dialog.js';
import { formatBytes, formatNumber, formatPercent } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Page, Section } from '../../parts/page.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Tabs } from '../../parts/tabs.js';
import { useResource } from '../../parts/use-resource.js';
import type { PageProps } from '../../shell/page-props.js';
import { api, type Dataset } from '../../service/api.js';
import { goTo, linkTo } from '../../shell/router.js';
import { ColumnsTable } from './columns-table.js';
import { loadDataset, type ShownDataset } from './dataset.js';
import { FileProblems } from './problems-table.js';
import { RowsPreview } from './rows-preview.js';
import { Versions } from './versions.js';
import './data.css';

const whileReadingEveryMs = 300;

export default function DatasetPage({ params: { name = '' }, query }: PageProps) {
  const version = query.get('version');
  const [isReading, setIsReading] = useState(true);
  const { data, error } = useResource(
    async (signal) => {
      const shown = await loadDataset(name, version, signal);
      setIsReading(shown.dataset.status === 'processing');
      return shown;
    },
    [name, version],
    isReading ? whileReadingEveryMs : undefined,
  );
  return (
    <Page
      title={name}
      above={[[linkTo(['data']), 'Data']]}
      lead={data && <Lead dataset={data.dataset} />}
      actions={data && <Actions dataset={data.dataset} />}
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {data && <Content shown={data} />}
    </Page>
  );
}

function Lead({ dataset: { version, format, rows, size_bytes: size } }: { dataset: Dataset }) {
  return (
    <>
      {rows !== null && `${formatNumber(rows)} rows · `}
      {format !== null && `${format.toUpperCase()} · `}
      {size !== null && `${formatBytes(size)} · `}
      version {version}
    </>
  );
}

function Actions({ dataset: { name, version, status, created_at: createdAt } }: { dataset: Dataset }) {
  return (
    <>
      {status === 'ready' && (
        <a class="button primary" href={linkTo(['data', name, 'train'], { version: String(version) })}>
          Train
        </a>
      )}
      {createdAt !== null && (
        <ConfirmButton
          label="Delete"
          question={`Delete the dataset ${name}?`}
          confirm="Delete all versions"
          onConfirm={async () => {
            await api.delete('/v1/datasets/{name}', { params: { path: { name } } });
            goTo(['data']);
          }}
        >
          <p>All its versions are deleted. Models that learned from it stay and answer.</p>
        </ConfirmButton>
      )}
    </>
  );
}

function Content({ shown: { dataset, profile } }: { shown: ShownDataset }) {
  const [tab, setTab] = useState('columns');
  if (dataset.status === 'processing') return <Reading dataset={dataset} />;
  const tabs = [
    { id: 'columns', title: dataset.status === 'failed' ? 'What is wrong' : profile ? 'Columns' : 'Samples' },
    ...(profile ? [{ id: 'rows', title: 'Rows' }] : []),
    { id: 'versions', title: 'Versions' },
  ];
  return (
    <Tabs tabs={tabs} current={tab} onChange={setTab} label="Views of the dataset">
      <Section title={tabs.find(({ id }) => id === tab)?.title ?? ''}>
        {tab === 'columns' && <Holds shown={{ dataset, profile }} />}
        {tab === 'rows' && <RowsPreview dataset={dataset} />}
        {tab === 'versions' && <Versions name={dataset.name} current={dataset.version} />}
      </Section>
    </Tabs>
  );
}

function Reading({ dataset: { progress, size_bytes: size } }: { dataset: Dataset }) {
  const { fraction, rows } = progress ?? { fraction: undefined, rows: 0 };
  return (
    <Section title="Every row is being read">
      <ProgressBar value={fraction} label="How much of the file has been read" />
      <p class="muted" aria-live="polite">
        {progress === null || size === null
          ? 'The file waits for a worker.'
          : `${formatNumber(rows)} rows, ${formatBytes(Math.round(size * progress.fraction))} of ${formatBytes(size)} (${formatPercent(progress.fraction, 0)})`}
      </p>
    </Section>
  );
}

function Holds({ shown: { dataset, profile } }: { shown: ShownDataset }) {
  if (dataset.error !== null) return <FileProblems error={dataset.error} />;
  if (profile) {
    const general = profile.warnings.filter(({ column }) => column === null);
    return (
      <>
        {general.map(({ code, message }) => (
          <Notice key={code} kind="warning">
            {message}
          </Notice>
        ))}
        <ColumnsTable profile={profile} target={dataset.target} />
      </>
    );
  }
  if (dataset.arrays === null) return <StatusBadge status={dataset.status} />;
  const { inputs, labels, train_rows: trainRows, test_rows: testRows } = dataset.arrays;
  return (
    <>
      <p>
        Each sample is a picture or an array of {formatNumber(inputs)} numbers, and has one of {labels.length}{' '}
        labels: {labels.join(', ')}.
      </p>
      <p>
        {formatNumber(trainRows)} samples are to learn from
        {testRows > 0 ? `, and ${formatNumber(testRows)} to test with.` : '.'}
      </p>
    </>
  );
}
