/** Figures of a model that predicts values, in the unit of the values. `predicted` and `actual` are (count, width). */
import { jackknifeInterval, type Interval } from './intervals.js';
import { weightedMean, weightedMedian, type RowWeights } from './row-weights.js';

export interface ValueErrors {
  rmse: number;
  mae: number;
  medianAbsoluteError: number;
  /** null where the values do not vary. */
  r2: number | null;
  intervals: { rmse: Interval; mae: Interval; r2?: Interval };
}

/** The errors of one output. */
interface OutputErrors extends Omit<ValueErrors, 'intervals'> {
  /** (count) Of each sample on the mean squared error, on the mean absolute error and on r2. */
  influence: { mse: Float64Array; mae: Float64Array; r2: Float64Array };
}

/** Of one output. At least one sample. */
export function errorsOfOutput(
  predicted: ArrayLike<number>,
  actual: ArrayLike<number>,
  width: number,
  output: number,
  weights: RowWeights = null,
): ValueErrors {
  return withIntervals([errorsOf({ predicted, actual, weights }, width, output)], weights);
}

/**
 * Over all outputs: the root of the mean of the squared errors, and the means of the other figures, as scikit-learn's
 * `multioutput='uniform_average'`.
 */
export function errorsOfAll(
  predicted: ArrayLike<number>,
  actual: ArrayLike<number>,
  width: number,
  weights: RowWeights = null,
): ValueErrors {
  const outputs = Array.from({ length: width }, (_, output) =>
    errorsOf({ predicted, actual, weights }, width, output),
  );
  return withIntervals(outputs, weights);
}

interface Rows {
  predicted: ArrayLike<number>;
  actual: ArrayLike<number>;
  weights: RowWeights;
}

function errorsOf({ predicted, actual, weights }: Rows, width: number, output: number): OutputErrors {
  const count = actual.length / width;
  const values = Float64Array.from({ length: count }, (_, i) => actual[i * width + output]);
  const errors = values.map((value, i) => Math.abs(predicted[i * width + output] - value));
  const squares = errors.map((error) => error * error);
  const meanOf = (numbers: Float64Array): number => weightedMean(numbers, weights);
  const mean = meanOf(values);
  const deviations = values.map((value) => (value - mean) ** 2);
  const [mse, mae, variance] = [meanOf(squares), meanOf(errors), meanOf(deviations)];
  const influenceOnR2 = (square: number, i: number): number =>
    variance === 0 ? 0 : (mse * (deviations[i] - variance)) / variance ** 2 - (square - mse) / variance;
  return {
    rmse: Math.sqrt(mse),
    mae,
    medianAbsoluteError: weightedMedian(errors, weights),
    r2: variance === 0 ? null : 1 - mse / variance,
    influence: {
      mse: squares.map((square) => square - mse),
      mae: errors.map((error) => error - mae),
      r2: squares.map(influenceOnR2),
    },
  };
}

function withIntervals(outputs: readonly OutputErrors[], weights: RowWeights): ValueErrors {
  const mean = (of: (output: OutputErrors) => number): number =>
    outputs.reduce((sum, output) => sum + of(output), 0) / outputs.length;
  const meanInfluence = (of: keyof OutputErrors['influence']): Float64Array =>
    Float64Array.from(outputs[0].influence[of], (_, i) => mean(({ influence }) => influence[of][i]));
  const rmse = Math.sqrt(mean((output) => output.rmse ** 2));
  const mae = mean((output) => output.mae);
  const r2 = outputs.some((output) => output.r2 === null) ? null : mean((output) => output.r2 ?? 0);
  const onRmse = meanInfluence('mse').map((influence) => (rmse === 0 ? 0 : influence / (2 * rmse)));
  return {
    rmse,
    mae,
    medianAbsoluteError: mean((output) => output.medianAbsoluteError),
    r2,
    intervals: {
      rmse: jackknifeInterval(rmse, onRmse, [0, Infinity], weights),
      mae: jackknifeInterval(mae, meanInfluence('mae'), [0, Infinity], weights),
      ...(r2 !== null && { r2: jackknifeInterval(r2, meanInfluence('r2'), [-Infinity, 1], weights) }),
    },
  };
}
