/** What the engines that report batch by batch have in common. */
import type { BatchReport, Samples } from './engine.js';

/** One batch of a report. */
export interface SeenBatch {
  lossSum: number;
  weightSum: number;
  /** (batch) */
  rows: Uint32Array;
  /** (batch, network.outputs), row-major. */
  outputs: Float32Array;
}

export function reportOf(batches: readonly SeenBatch[]): BatchReport {
  const rows = new Uint32Array(batches.reduce((sum, batch) => sum + batch.rows.length, 0));
  const outputs = new Float32Array(batches.reduce((sum, batch) => sum + batch.outputs.length, 0));
  let [row, output] = [0, 0];
  for (const batch of batches) {
    rows.set(batch.rows, row);
    outputs.set(batch.outputs, output);
    row += batch.rows.length;
    output += batch.outputs.length;
  }
  return {
    lossSums: Float64Array.from(batches, ({ lossSum }) => lossSum),
    weightSums: Float64Array.from(batches, ({ weightSum }) => weightSum),
    rows,
    outputs,
  };
}

/** The sum of the weights of these rows of the split, in their order: how many they are where there are no weights. */
export function weightSumOf({ weights }: Pick<Samples, 'weights'>, rows: Uint32Array): number {
  if (weights === null) return rows.length;
  return rows.reduce((sum, row) => sum + weights[row], 0);
}
