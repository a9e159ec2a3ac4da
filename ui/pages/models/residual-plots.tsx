/** Predicted values beside the actual ones, and how far off they usually are. */
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { formatNumber } from '../../parts/format.js';
import { Section } from '../../parts/page.js';
import { Scatter } from '../../parts/scatter.js';
import type { Split } from './model-data.js';

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
      <Scatter pairs={pairs} name={output} />
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
