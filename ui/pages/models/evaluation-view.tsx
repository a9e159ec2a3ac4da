/** How good a version is: its figures beside what needs no network, where it errs, and which columns matter. */
import { DataTable } from '../../parts/data-table.js';
import { formatName, formatNumber } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Evaluation, type ModelVersion } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { ConfusionMatrix } from '../job/confusion-matrix.js';
import '../job/mistakes.css';
import { formatFigure } from './figures.js';
import { ThresholdCurves } from './threshold-curves.js';

type SplitEvaluation = NonNullable<Evaluation['test']>;

export function EvaluationView({ version: { model, version } }: { version: ModelVersion }) {
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/models/{name}/versions/{version}/evaluation', {
        params: { path: { name: model, version: String(version) } },
        signal,
      }),
    [model, version],
  );
  if (error !== undefined) return <ErrorNotice error={error} title="There is no evaluation" />;
  if (!data) return <p class="loading" aria-busy="true" />;
  const [split, name] = data.test ? [data.test, 'test'] : [data.validation, 'validation'];
  if (!split) return <Notice kind="info" title="No rows were set apart to evaluate with" />;
  return (
    <div class="stack">
      <Section title={`Figures of the ${name} rows`}>
        <p class="muted">
          {split.rows.toLocaleString('en')} rows that training did not see. “Always the same” is the best
          answer that looks at nothing; “linear” is a linear model on the same inputs. In 95 of 100 samples of
          this size the true figure lies in the range.
        </p>
        <FiguresTable split={split} />
      </Section>
      {split.confusion && data.labels && (
        <Section title="Where it errs">
          <ConfusionMatrix labels={data.labels} confusion={split.confusion} />
        </Section>
      )}
      <Thresholds evaluation={data} split={split} />
      {data.importance && <Importance importance={data.importance} />}
      {data.mistakes && data.mistakes.rows.length > 0 && <Mistakes evaluation={data} />}
    </div>
  );
}

function Thresholds({ evaluation, split }: { evaluation: Evaluation; split: SplitEvaluation }) {
  const positive = evaluation.positive ?? evaluation.labels?.[1];
  const support = split.classes?.find(({ label }) => label === positive)?.support;
  if (!split.thresholds || positive === undefined || support === undefined) return null;
  const all = split.classes?.reduce((sum, each) => sum + each.support, 0) ?? 0;
  return (
    <ThresholdCurves
      thresholds={split.thresholds}
      counts={{ positives: support, negatives: all - support }}
      positive={positive}
      used={evaluation.threshold?.at_least ?? 0.5}
    />
  );
}

function FiguresTable({ split: { figures, intervals, baselines } }: { split: SplitEvaluation }) {
  const rows = Object.entries(figures).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  const others = baselines as Record<string, Record<string, number | null> | undefined>;
  const ranges = intervals as Record<string, readonly [number, number] | undefined>;
  return (
    <DataTable
      label="Figures"
      rows={rows}
      keyOf={([figure]) => figure}
      columns={[
        { id: 'figure', title: 'Figure', cell: ([figure]) => formatName(figure) },
        {
          id: 'value',
          title: 'This model',
          cell: ([figure, value]) => <strong>{formatFigure(figure, value)}</strong>,
          isNumber: true,
        },
        {
          id: 'range',
          title: '95 % range',
          cell: ([figure]) => {
            const range = ranges[figure];
            return range ? `${formatFigure(figure, range[0])} to ${formatFigure(figure, range[1])}` : '–';
          },
          isNumber: true,
        },
        {
          id: 'linear',
          title: 'Linear',
          cell: ([figure]) => formatFigure(figure, others.linear?.[figure]),
          isNumber: true,
        },
        {
          id: 'constant',
          title: 'Always the same',
          cell: ([figure]) => formatFigure(figure, others.constant?.[figure]),
          isNumber: true,
        },
      ]}
    />
  );
}

function Importance({
  importance: { columns, figure },
}: {
  importance: NonNullable<Evaluation['importance']>;
}) {
  const most = Math.max(...columns.map(({ mean }) => mean), 1e-9);
  return (
    <Section title="Which columns matter">
      <p class="muted">
        How much worse the {formatName(figure)} gets when the values of one column are mixed up.
      </p>
      <ul class="plain-list bars">
        {columns.map(({ column, mean }) => (
          <li key={column}>
            <span class="bar-name">{column}</span>
            <meter min={0} max={most} value={Math.max(mean, 0)} aria-label={`Importance of ${column}`} />
            <span class="bar-value">{formatNumber(mean, 3)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Mistakes({ evaluation: { mistakes, dataset } }: { evaluation: Evaluation }) {
  const rows = mistakes?.rows ?? [];
  return (
    <Section
      title="Its surest mistakes"
      actions={<a href={linkTo(['data', dataset.name])}>{dataset.name}</a>}
    >
      <p class="muted">
        Rows of the {mistakes?.split} split, by number. Wrong labels in the data show up here.
      </p>
      <DataTable
        label="Mistakes"
        rows={rows}
        keyOf={({ row }) => row}
        columns={Object.keys(rows[0] ?? {}).map((field) => ({
          id: field,
          title: formatName(field),
          cell: (row: (typeof rows)[number]) => {
            const value = (row as Record<string, unknown>)[field];
            return typeof value === 'number' ? formatNumber(value) : String(value);
          },
        }))}
      />
    </Section>
  );
}
