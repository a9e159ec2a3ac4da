/** Figures of a network that learns values, from its raw outputs and the values of its samples. */

/**
 * Σ (output − value)², over all outputs. `outputs` (rows.length, outputs of a sample); `values` (samples of the split,
 * outputs of a sample), `rows` which samples were seen.
 */
export function sumSquaredErrors(
  { rows, outputs }: { rows: Uint32Array; outputs: Float32Array },
  values: Float32Array,
): number {
  const width = outputs.length / rows.length;
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    for (let o = 0; o < width; o++) sum += (outputs[i * width + o] - values[rows[i] * width + o]) ** 2;
  }
  return sum;
}
