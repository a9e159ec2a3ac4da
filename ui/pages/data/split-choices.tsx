/** How the rows are divided: to learn from, to find the best epoch by, and to test with at the end. */
import { Field } from '../../parts/field.js';
import { formatNumber, formatPercent } from '../../parts/format.js';
import type { Dataset } from '../../service/api.js';
import type { Profile } from './dataset.js';
import { NumberField } from './number-field.js';
import type { Changes, Choices, Plan } from './training-request.js';

type By = NonNullable<Choices['split']['by']>;

const ways: readonly (readonly [By, string])[] = [
  ['random', 'At random'],
  ['stratified', 'At random, each class in its share'],
  ['time', 'By time: the latest rows test'],
  ['group', 'By group: no group in two parts'],
  ['column', 'As a column says'],
];
const withColumn: readonly (By | undefined)[] = ['time', 'group', 'column'];

export function SplitChoices({
  dataset,
  profile,
  choices: { split },
  plan,
  onChange,
}: {
  dataset: Dataset;
  profile: Profile | null;
  choices: Choices;
  plan: Plan | undefined;
  onChange: (changes: Changes) => void;
}) {
  const change = (changes: Partial<Record<keyof Choices['split'], unknown>>): void => {
    const next = Object.entries({ ...split, ...changes }).filter(([, value]) => value !== undefined);
    onChange({ split: Object.fromEntries(next) });
  };
  const planned = plan?.spec.split;
  return (
    <>
      {plan && <SplitBar dataset={dataset} plan={plan} />}
      <div class="fields">
        {profile && (
          <Field label="Divide the rows">
            <select
              value={split.by ?? ''}
              onChange={({ currentTarget: { value } }) =>
                change({ by: value === '' ? undefined : value, column: undefined })
              }
            >
              <option value="">As suits the task{planned?.by === undefined ? '' : `: ${planned.by}`}</option>
              {ways.map(([by, title]) => (
                <option key={by} value={by}>
                  {title}
                </option>
              ))}
            </select>
          </Field>
        )}
        {profile && withColumn.includes(split.by) && (
          <Field label="By the column">
            <select
              value={split.column ?? ''}
              onChange={({ currentTarget: { value } }) =>
                change({ column: value === '' ? undefined : value })
              }
            >
              <option value="">Choose a column</option>
              {profile.columns.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </Field>
        )}
        <NumberField
          label="Validation, in %"
          hint="Decides which epoch is the best and when to stop."
          chosen={percentOf(split.validation)}
          planned={percentOf(planned?.validation)}
          min={0}
          max={90}
          onChange={(value) => change({ validation: fractionOf(value) })}
        />
        {(profile ?? dataset.pictures) && (
          <NumberField
            label="Test, in %"
            hint="Looked at once, at the end. It decides nothing."
            chosen={percentOf(split.test)}
            planned={percentOf(planned?.test)}
            min={0}
            max={90}
            onChange={(value) => change({ test: fractionOf(value) })}
          />
        )}
      </div>
    </>
  );
}

/** 0.1 → 10; the service divides by fractions. */
function percentOf(fraction: number | undefined): number | undefined {
  return fraction === undefined ? undefined : Math.round(fraction * 1_000) / 10;
}

function fractionOf(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : Math.round(percent * 10) / 1_000;
}

interface Part {
  name: 'train' | 'validation' | 'test';
  title: string;
  rows: number;
}

function SplitBar({ dataset, plan }: { dataset: Dataset; plan: Plan }) {
  const parts = partsOf(dataset, plan);
  const sum = parts.reduce((total, { rows }) => total + rows, 0);
  const left = plan.spec.rows?.left_out ?? 0;
  return (
    <>
      <div
        class="split-bar"
        role="img"
        aria-label={parts.map(({ title, rows }) => `${title}: ${formatNumber(rows)} rows`).join(', ')}
      >
        {parts.map(({ name, title, rows }) => (
          <span key={name} class={name} style={{ flexGrow: String(rows), flexBasis: '0' }} aria-hidden="true">
            {rows / sum > 0.16 ? title : ''}
          </span>
        ))}
      </div>
      <ul class="split-legend plain-list muted">
        {parts.map(({ name, title, rows }) => (
          <li key={name}>
            {title}: <strong>{formatNumber(rows)}</strong> rows ({formatPercent(rows / sum, 0)})
          </li>
        ))}
        {left > 0 && <li>Left out: {formatNumber(left)} rows, most of them without a target</li>}
      </ul>
    </>
  );
}

function partsOf({ arrays }: Dataset, { spec }: Plan): Part[] {
  const validationOf = (rows: number): number => Math.round(rows * spec.split.validation);
  const counts = spec.rows ?? {
    train: (arrays?.train_rows ?? 0) - validationOf(arrays?.train_rows ?? 0),
    validation: validationOf(arrays?.train_rows ?? 0),
    test: arrays?.test_rows ?? 0,
  };
  const parts: Part[] = [
    { name: 'train', title: 'Train', rows: counts.train },
    { name: 'validation', title: 'Validation', rows: counts.validation },
    { name: 'test', title: 'Test', rows: counts.test },
  ];
  return parts.filter(({ rows }) => rows > 0);
}
