/** For two classes: what another threshold would change, and the curves over all thresholds. */
import { useState } from 'preact/hooks';
import { Figure, Figures } from '../../parts/figure.js';
import { formatNumber, formatPercent } from '../../parts/format.js';
import { LineChart } from '../../parts/line-chart.js';
import { Section } from '../../parts/page.js';
import { measuresAt, type Counts, type Threshold } from './thresholds.js';

export function ThresholdCurves({
  thresholds,
  counts,
  positive,
  used,
}: {
  thresholds: readonly Threshold[];
  counts: Counts;
  positive: string;
  /** The threshold of the model. */
  used: number;
}) {
  const [at, setAt] = useState(() => nearest(thresholds, used));
  const shown = thresholds[at];
  if (!shown) return null;
  const { precision, recall, accuracy, falsePositiveRate } = measuresAt(shown, counts);
  const roc = thresholds
    .map((each) => measuresAt(each, counts))
    .sort((one, other) => one.falsePositiveRate - other.falsePositiveRate || one.recall - other.recall);
  const byRecall = [...roc]
    .filter((each) => Number.isFinite(each.precision))
    .sort((a, b) => a.recall - b.recall);
  return (
    <Section title="Threshold">
      <label class="stack">
        <span>
          Answer “{positive}” from a probability of <strong>{formatNumber(shown.at_least, 3)}</strong>
        </span>
        <input
          type="range"
          min={0}
          max={thresholds.length - 1}
          value={at}
          onInput={({ currentTarget }) => setAt(Number(currentTarget.value))}
        />
      </label>
      <Figures>
        <Figure name="Precision" value={formatPercent(precision, 1)}>
          of those called {positive}, how many are
        </Figure>
        <Figure name="Recall" value={formatPercent(recall, 1)}>
          of those that are {positive}, how many are found
        </Figure>
        <Figure name="Accuracy" value={formatPercent(accuracy, 1)} />
        <Figure name="False alarms" value={formatPercent(falsePositiveRate, 1)}>
          of the others, how many are called {positive}
        </Figure>
      </Figures>
      <div class="columns">
        <LineChart
          label="ROC curve"
          x={roc.map((each) => each.falsePositiveRate)}
          xLabel="false alarms"
          curves={[{ label: 'recall (ROC)', values: roc.map((each) => each.recall) }]}
          marks={[{ x: falsePositiveRate, label: 'here' }]}
        />
        <LineChart
          label="Precision and recall"
          x={byRecall.map((each) => each.recall)}
          xLabel="recall"
          curves={[{ label: 'precision', values: byRecall.map((each) => each.precision), colour: 1 }]}
          marks={[{ x: recall, label: 'here' }]}
        />
      </div>
    </Section>
  );
}

function nearest(thresholds: readonly Threshold[], used: number): number {
  let best = 0;
  for (const [i, { at_least: atLeast }] of thresholds.entries()) {
    if (Math.abs(atLeast - used) < Math.abs((thresholds[best]?.at_least ?? 0) - used)) best = i;
  }
  return best;
}
