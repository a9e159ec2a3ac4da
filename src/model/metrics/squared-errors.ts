/** What the root mean squared error of a network that predicts values adds up, batch by batch, while it trains. */

/**
 * Σ over samples and outputs of (output − value)². `outputs` is (rows.length, width); `values` (count, width) holds the values of
 * every sample of the split; `rows` says which of them were seen. `units` (width): what one of each output is worth in its unit,
 * where outputs are standardised.
 */
export function sumSquaredErrors(
  { rows, outputs }: { rows: Uint32Array; outputs: Float32Array },
  values: Float32Array,
  units: readonly number[] = [],
): number {
  const width = outputs.length / rows.length;
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    for (let column = 0; column < width; column++) {
      const error = outputs[i * width + column] - values[rows[i] * width + column];
      sum += (error * (units[column] ?? 1)) ** 2;
    }
  }
  return sum;
}
