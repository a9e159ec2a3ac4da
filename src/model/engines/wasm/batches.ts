/** Which samples a step or an evaluation looks at, and how they come into a batch: one thread's part of it. */
import { batchAt, epochOrder } from '../../network/batch-plan.js';
import { evaluationBatchSize, type SplitName } from '../engine.js';
import type { Kernels } from './kernels.js';
import type { BatchPlan, Plan, SplitPlan } from './plan.js';

/** `size` samples from `first` on, in `order` or in their own. */
export interface Batch {
  split: SplitPlan;
  order: Uint32Array | null;
  first: number;
  size: number;
}

export interface Batches {
  ofStep(step: number): Batch;
  ofEvaluation(split: SplitName, batch: number): Batch;
  /** The quads of rows from the first to before the second. */
  gather(batch: Batch, into: BatchPlan, quads: [number, number]): void;
}

export function createBatches(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  plan: Plan,
  thread: number,
): Batches {
  const { program, splits, rowsStride, table, background } = plan;
  const { indices } = plan.threads[thread];
  const words = new Uint32Array(memory.buffer);
  let shuffled: { epoch: number; order: Uint32Array } = { epoch: -1, order: new Uint32Array() };

  return {
    ofStep(step) {
      const split = splits.train;
      const { epoch, first, size } = batchAt(step, split.count, program.batchSize);
      if (shuffled.epoch !== epoch) {
        shuffled = { epoch, order: epochOrder(program.seed, epoch, split.count) };
      }
      return { split, order: shuffled.order, first, size };
    },

    ofEvaluation(name, batch) {
      const split = splits[name];
      const first = batch * evaluationBatchSize;
      return { split, order: null, first, size: Math.min(evaluationBatchSize, split.count - first) };
    },

    gather({ split, order, first, size }, into, [firstQuad, endQuad]) {
      for (let row = 4 * firstQuad; row < 4 * endQuad; row++) {
        // Rows that fill up the last quad are some sample's; nothing is learnt from them.
        const sample = first + Math.min(row, size - 1);
        words[indices / 4 + row] = order ? order[sample] : sample;
      }
      const { inputs, labels } = split;
      const { width, columns, panels, quads, entries, counts } = into.inputs;
      if (background === null) {
        // prettier-ignore
        kernels.gather(inputs, labels, width, indices, firstQuad, endQuad, table, panels, rowsStride, quads, columns, into.labels);
      } else {
        // prettier-ignore
        kernels.listDifferences(inputs, labels, width, indices, 4 * firstQuad, 4 * endQuad, background.byte, table, entries, counts, rowsStride, into.labels);
      }
    },
  };
}
