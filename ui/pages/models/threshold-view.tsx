/** What another threshold would give, for two classes: one moves it along the ROC and the precision–recall curve. */
import { useMemo, useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { Figure, Figures } from '../../parts/figure.js';
import { formatNumber, formatPercent } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import type { Evaluation } from '../../service/api.js';
import type { Split } from './model-data.js';
import { cheapest, outcomesOf, type Costs, type Outcome } from './outcomes.js';
import { PlotFrame } from './plot-frame.js';

export function ThresholdView({
  thresholds,
  classes,
  positive,
  chosen,
}: {
  thresholds: NonNullable<Split['thresholds']>;
  classes: NonNullable<Split['classes']>;
  positive: string;
  chosen: Evaluation['threshold'];
}) {
  const outcomes = useMemo(() => outcomesOf(thresholds, classes, positive), [thresholds, classes, positive]);
  const own = chosen?.at_least ?? 0.5;
  const [place, setPlace] = useState(() => nearest(outcomes, own));
  const [costs, setCosts] = useState<Costs>({
    falsePositive: chosen?.cost?.false_positive ?? 1,
    falseNegative: chosen?.cost?.false_negative ?? 1,
  });
  const outcome = outcomes[place] ?? outcomes[0];
  if (!outcome) return null;
  const other = classes.find(({ label }) => label !== positive)?.label ?? '';
  const text = `A row is ${positive} from ${formatPercent(outcome.atLeast, 1)} on`;
  return (
    <Section title="Where to draw the line">
      <p class="muted">
        The model answers {positive} where it is at least {formatPercent(own, 1)} sure of it. See what another
        threshold would have given on these rows.
      </p>
      <div class="threshold-slider">
        <Field label={text}>
          <input
            type="range"
            min={0}
            max={outcomes.length - 1}
            // To the right the threshold rises.
            value={outcomes.length - 1 - place}
            aria-valuetext={text}
            onInput={({ currentTarget }) => setPlace(outcomes.length - 1 - Number(currentTarget.value))}
          />
        </Field>
        <div class="actions">
          <button type="button" class="small-button" onClick={() => setPlace(nearest(outcomes, own))}>
            As it is
          </button>
          <button type="button" class="small-button" onClick={() => setPlace(cheapest(outcomes, costs))}>
            Where mistakes cost least
          </button>
        </div>
      </div>
      <div aria-live="polite">
        <Figures>
          <Figure name="Precision" value={formatPercent(outcome.precision, 1)}>
            of those it calls {positive} are
          </Figure>
          <Figure name="Recall" value={formatPercent(outcome.recall, 1)}>
            of those that are {positive} are found
          </Figure>
          <Figure name="Accuracy" value={formatPercent(outcome.accuracy, 1)}>
            of all rows are right
          </Figure>
          <Figure
            name="Cost"
            value={formatNumber(
              outcome.falsePositives * costs.falsePositive + outcome.falseNegatives * costs.falseNegative,
            )}
          >
            {formatNumber(outcome.falsePositives)} wrongly {positive}, {formatNumber(outcome.falseNegatives)}{' '}
            missed
          </Figure>
        </Figures>
      </div>
      <div class="fields cost-fields">
        <CostField
          label={`Cost of a ${other} called ${positive}`}
          value={costs.falsePositive}
          onChange={(falsePositive) => setCosts({ ...costs, falsePositive })}
        />
        <CostField
          label={`Cost of a ${positive} that is missed`}
          value={costs.falseNegative}
          onChange={(falseNegative) => setCosts({ ...costs, falseNegative })}
        />
      </div>
      <div class="columns">
        <Roc outcomes={outcomes} at={outcome} />
        <PrecisionRecall outcomes={outcomes} at={outcome} />
      </div>
      <p class="small muted">
        To keep a threshold, train with <code>"threshold": {formatThreshold(outcome.atLeast)}</code>, or let
        the service choose it on the validation rows with <code>"threshold": "auto"</code>.
      </p>
    </Section>
  );
}

function CostField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: number;
  onChange: (value: number) => void;
}) {
  return (
    <Field label={label}>
      <input
        type="number"
        min={0}
        step="any"
        value={value}
        onInput={({ currentTarget }) => {
          const cost = currentTarget.valueAsNumber;
          if (cost >= 0) onChange(cost);
        }}
      />
    </Field>
  );
}

function Roc({ outcomes, at }: { outcomes: readonly Outcome[]; at: Outcome }) {
  const points = [[0, 0], ...outcomes.map(({ falsePositiveRate, recall }) => [falsePositiveRate, recall])];
  return (
    <PlotFrame
      title="ROC curve"
      label="ROC curve: the share of the others that are called positive, and upwards the share that is found"
      xLabel="wrongly called, of the others"
      yLabel="found"
      points={points as [number, number][]}
      at={[at.falsePositiveRate, at.recall]}
      isDiagonalShown
    />
  );
}

function PrecisionRecall({ outcomes, at }: { outcomes: readonly Outcome[]; at: Outcome }) {
  const points = outcomes.map(({ recall, precision }): [number, number] => [recall, precision]);
  return (
    <PlotFrame
      title="Precision and recall"
      label="Precision–recall curve: the share that is found, and upwards the share of those called that are right"
      xLabel="found"
      yLabel="right, of those called"
      points={points}
      at={[at.recall, at.precision]}
    />
  );
}

function nearest(outcomes: readonly Outcome[], wanted: number): number {
  let best = 0;
  for (const [place, { atLeast }] of outcomes.entries()) {
    if (Math.abs(atLeast - wanted) < Math.abs((outcomes[best]?.atLeast ?? 0) - wanted)) best = place;
  }
  return best;
}

function formatThreshold(value: number): string {
  return String(Number(value.toPrecision(3)));
}
