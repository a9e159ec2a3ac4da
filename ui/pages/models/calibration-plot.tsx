/** How sure a model is, beside how often it is right. */
import { formatNumber, formatPercent } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import type { Split } from './model-data.js';
import { PlotFrame } from './plot-frame.js';

export function CalibrationPlot({
  bins,
  error,
  temperature,
}: {
  bins: NonNullable<Split['calibration_bins']>;
  error: number | undefined;
  temperature: number | undefined;
}) {
  const most = Math.max(...bins.map(({ rows }) => rows));
  return (
    <Section title="Can its certainty be believed?">
      <p class="muted">
        Where it says 80 %, it should be right in 80 of 100 cases: on the diagonal. Above it, it is too
        modest, and below it too sure.
        {error !== undefined && ` On average they are ${formatPercent(error, 1)} apart.`}
      </p>
      <PlotFrame
        title="Calibration"
        label="How sure it was, and upwards how often it was right"
        xLabel="how sure it was"
        yLabel="how often it was right; larger dots are of more rows"
        points={bins.map(({ confidence, accuracy }): [number, number] => [confidence, accuracy])}
        dots={bins.map(({ confidence, accuracy, rows }) => ({
          at: [confidence, accuracy],
          radius: 3 + 7 * Math.sqrt(rows / most),
          text: `${formatPercent(confidence, 1)} sure, ${formatPercent(accuracy, 1)} right, ${formatNumber(rows)} rows`,
        }))}
        isDiagonalShown
      />
      {temperature === undefined ? (
        error !== undefined &&
        error > 0.03 && (
          <p class="small muted">
            Train with <code>"calibrated": true</code> to mend it.
          </p>
        )
      ) : (
        <p class="small muted">
          The probabilities are calibrated with a temperature of {formatNumber(temperature, 3)}.
        </p>
      )}
    </Section>
  );
}
