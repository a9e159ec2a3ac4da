/**
 * Figures of a network that predicts values, from its raw outputs and the values of its samples. `outputs` is
 * (rows.length, width); `values` (count, width) holds the values of every sample of the split; `rows` says which of them
 * were seen.
 */

interface Seen {
  rows: Uint32Array;
  outputs: Float32Array;
}

/**
 * Σ over samples and outputs of (output − value)². `units` (width): what one of each output is worth in its unit, where
 * outputs are standardised.
 */
export function sumSquaredErrors(
  { rows, outputs }: { rows: Uint32Array; outputs: Float32Array },
  values: Float32Array,
  units: readonly number[] = [],
): number {
  return sumOfErrors({ rows, outputs }, values, (error, column) => (error * (units[column] ?? 1)) ** 2);
}

/** Σ over samples and outputs of |output − value|. */
export function sumAbsoluteErrors(seen: Seen, values: Float32Array): number {
  return sumOfErrors(seen, values, Math.abs);
}

export interface RegressionFigures {
  /** The root of the mean squared error, in the unit of the values. */
  rmse: number;
  /** The mean absolute error, in the unit of the values. */
  mae: number;
  /**
   * The fraction of the values' variance that the outputs explain, 1 − Σ (output − value)² / Σ (value − mean)²: 1 is
   * perfect, 0 is as good as always answering the mean. null where the values do not vary.
   */
  r2: number | null;
}

/** Of each output by itself, in the order of the outputs. At least one sample must have been seen. */
export function regressionFigures({ rows, outputs }: Seen, values: Float32Array): RegressionFigures[] {
  const width = outputs.length / rows.length;
  return Array.from({ length: width }, (_, column) => {
    const actual = Float64Array.from(rows, (row) => values[row * width + column]);
    const errors = actual.map((value, i) => outputs[i * width + column] - value);
    const mean = sumOf(actual) / rows.length;
    const squares = sumOf(errors.map((error) => error * error));
    const variation = sumOf(actual.map((value) => (value - mean) ** 2));
    return {
      rmse: Math.sqrt(squares / rows.length),
      mae: sumOf(errors.map(Math.abs)) / rows.length,
      r2: variation === 0 ? null : 1 - squares / variation,
    };
  });
}

function sumOfErrors(
  { rows, outputs }: Seen,
  values: Float32Array,
  measure: (error: number, column: number) => number,
): number {
  const width = outputs.length / rows.length;
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    for (let column = 0; column < width; column++) {
      sum += measure(outputs[i * width + column] - values[rows[i] * width + column], column);
    }
  }
  return sum;
}

function sumOf(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
