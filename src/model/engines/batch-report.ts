/** What the engines that report batch by batch have in common. */
import { joinNumbers } from '../../lib/join-numbers.js';
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
  return {
    lossSums: Float64Array.from(batches, ({ lossSum }) => lossSum),
    weightSums: Float64Array.from(batches, ({ weightSum }) => weightSum),
    rows: joinNumbers(
      Uint32Array,
      batches.map(({ rows }) => rows),
    ),
    outputs: joinNumbers(
      Float32Array,
      batches.map(({ outputs }) => outputs),
    ),
  };
}

/** The sum of the weights of these rows of the split, in their order: how many they are where there are no weights. */
export function weightSumOf({ weights }: Pick<Samples, 'weights'>, rows: Uint32Array): number {
  if (weights === null) return rows.length;
  return rows.reduce((sum, row) => sum + weights[row], 0);
}
