/** The evaluation of a model that predicts values on the rows of one split, in the unit of the values. */
import { errorsOfAll, errorsOfOutput, type ValueErrors } from '../metrics/errors-of-values.js';
import type { RowWeights } from '../metrics/row-weights.js';
import { weighing, type SplitEvaluation, type ValueMistake } from './evaluation.js';
import type { Figures } from './figures.js';

/** At least one row. Both (count, names). */
export interface ValueRows {
  predicted: ArrayLike<number>;
  actual: ArrayLike<number>;
  /** (count) */
  weights?: RowWeights | undefined;
}

export function evaluateValues(
  { predicted, actual, weights = null }: ValueRows,
  names: readonly string[],
): Omit<SplitEvaluation, 'baselines'> {
  const width = names.length;
  const all = errorsOfAll(predicted, actual, width, weights);
  return {
    rows: actual.length / width,
    ...weighing(weights),
    figures: figuresOf(all),
    intervals: all.intervals,
    ...(width > 1 && {
      outputs: names.map((name, output) => ({
        name,
        figures: figuresOf(errorsOfOutput(predicted, actual, width, output, weights)),
      })),
    }),
  };
}

/** The rows with the largest errors; of several values by how far each varies. Rows that weigh nothing are left out. `numbers` (count) are theirs in the dataset. */
export function valueMistakes(
  { predicted, actual, weights = null }: ValueRows,
  names: readonly string[],
  numbers: ArrayLike<number>,
  most: number,
): ValueMistake[] {
  const width = names.length;
  const rmse = names.map((_, output) => errorsOfOutput(predicted, actual, width, output, weights).rmse || 1);
  const order = Array.from({ length: actual.length }, (_, cell) => ({
    cell,
    error: Math.abs(predicted[cell] - actual[cell]) / rmse[cell % width],
  }));
  const counted = order.filter(({ cell }) => weights?.[Math.floor(cell / width)] !== 0);
  counted.sort((a, b) => b.error - a.error || a.cell - b.cell);
  return counted.slice(0, most).map(({ cell }) => ({
    row: numbers[Math.floor(cell / width)],
    ...(width > 1 && { output: names[cell % width] }),
    predicted: inFloat32Digits(predicted[cell]),
    actual: inFloat32Digits(actual[cell]),
  }));
}

/** Without digits that float32 does not hold. */
export function inFloat32Digits(value: number): number {
  return Number(value.toPrecision(7));
}

function figuresOf({ rmse, mae, medianAbsoluteError, r2 }: ValueErrors): Figures {
  return { rmse, mae, median_absolute_error: medianAbsoluteError, ...(r2 !== null && { r2 }) };
}
