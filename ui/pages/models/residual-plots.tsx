/** Predicted values beside the actual ones, and how far off they usually are. */
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { formatNumber } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import type { Split } from './model-data.js';

const width = 440;
const height = 300;

export function ResidualPlots({ split }: { split: Split }) {
  const outputs = split.outputs?.map(({ name }) => name) ?? [];
  const [output, setOutput] = useState(outputs[0]);
  const pairs = (split.pairs ?? []).filter((pair) => output === undefined || pair.output === output);
  const residuals =
    output === undefined ? split.residuals : split.outputs?.find(({ name }) => name === output)?.residuals;
  return (
    <Section title="Predicted and actual">
      {outputs.length > 1 && (
        <Field label="Value">
          <select value={output} onChange={({ currentTarget }) => setOutput(currentTarget.value)}>
            {outputs.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Field>
      )}
      {residuals && <Quantiles residuals={residuals} />}
      <Scatter pairs={pairs} />
    </Section>
  );
}

function Quantiles({ residuals }: { residuals: NonNullable<Split['residuals']> }) {
  const at = (share: number): number => residuals.find((each) => each.at === share)?.value ?? NaN;
  return (
    <p>
      Half of the predictions are between {offText(at(0.25))} and {offText(at(0.75))}, and nine of ten between{' '}
      {offText(at(0.05))} and {offText(at(0.95))}.
    </p>
  );
}

function offText(residual: number): string {
  const size = formatNumber(Math.abs(residual), 3);
  return residual < 0 ? `${size} too low` : `${size} too high`;
}

function Scatter({ pairs }: { pairs: NonNullable<Split['pairs']> }) {
  const all = pairs.flatMap(({ actual, predicted }) => [actual, predicted]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const place = (value: number): number => (value - low) / (high - low || 1);
  return (
    <figure class="plot wide">
      <svg
        viewBox={`-8 -8 ${width + 16} ${height + 16}`}
        role="img"
        aria-label={`Predicted values upwards beside actual ones, of ${pairs.length} rows. On the line they are equal.`}
      >
        <line class="diagonal" x1={0} y1={height} x2={width} y2={0} />
        {pairs.map(({ actual, predicted }, i) => (
          <circle key={i} class="dot" cx={place(actual) * width} cy={(1 - place(predicted)) * height} r={4}>
            <title>{`actual ${formatNumber(actual)}, predicted ${formatNumber(predicted)}`}</title>
          </circle>
        ))}
      </svg>
      <figcaption class="row spread small muted">
        <span>{formatNumber(low, 3)}</span>
        <span>actual, and upwards predicted</span>
        <span>{formatNumber(high, 3)}</span>
      </figcaption>
    </figure>
  );
}
