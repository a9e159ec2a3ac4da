/** How predicted values lie beside the actual ones: some pairs to draw, and the quantiles of what is left over. */
import { weightedQuantiles } from '../metrics/row-weights.js';
import { evaluateValues, inFloat32Digits, type ValueRows } from './evaluate-values.js';
import type { QuantileOfResiduals, SplitEvaluation, ValuePair } from './evaluation.js';
import { spacedRows } from './predicted-rows.js';

const mostPairs = 300;
const quantilesAt = [0.05, 0.25, 0.5, 0.75, 0.95];

/** The evaluation, with what there is to draw of the rows beside their figures. */
export function evaluateAndDrawValues(
  rows: ValueRows,
  names: readonly string[],
): Omit<SplitEvaluation, 'baselines'> {
  const evaluation = evaluateValues(rows, names);
  const residualsOf = (output: number) => residualQuantiles(rows, names.length, output);
  return {
    ...evaluation,
    ...(evaluation.outputs
      ? { outputs: evaluation.outputs.map((each, output) => ({ ...each, residuals: residualsOf(output) })) }
      : { residuals: residualsOf(0) }),
    pairs: valuePairs(rows, names),
  };
}

/** Of at most 300 values, of rows that are evenly spaced among those that weigh something. */
function valuePairs({ predicted, actual, weights = null }: ValueRows, names: readonly string[]): ValuePair[] {
  const width = names.length;
  const counted: number[] = [];
  for (let i = 0; i * width < actual.length; i++) if (weights?.[i] !== 0) counted.push(i);
  const chosen = spacedRows(counted.length, Math.max(1, Math.floor(mostPairs / width)));
  const pairs = Array.from(chosen, (place) =>
    names.map((output, o) => ({
      ...(width > 1 && { output }),
      predicted: inFloat32Digits(predicted[counted[place] * width + o]),
      actual: inFloat32Digits(actual[counted[place] * width + o]),
    })),
  );
  return pairs.flat().slice(0, mostPairs);
}

/** Of predicted − actual of one output. At least one row. */
function residualQuantiles(
  { predicted, actual, weights = null }: ValueRows,
  width: number,
  output: number,
): QuantileOfResiduals[] {
  const residuals = Float64Array.from({ length: actual.length / width }, (_, i) => {
    const cell = i * width + output;
    return predicted[cell] - actual[cell];
  });
  return weightedQuantiles(residuals, quantilesAt, weights).map((value, i) => ({
    at: quantilesAt[i],
    value: inFloat32Digits(value),
  }));
}
