/**
 * What the GPU is told of some steps, or of a part of a split: which samples each batch has, and the numbers of each step.
 * Every batch has a slot for as many samples as the batch size; in a short batch the rest count for nothing.
 */
import type { OptimizerSpec } from '../../network/optimizers.js';
import { weightSumOf } from '../batch-report.js';
import type { Samples } from '../engine.js';
import type { BatchesOfSamples } from '../sample-order.js';
import { stepSettings } from '../step-settings.js';

/** The words of a step in `settings`: four vectors. */
export const settingWords = 16;

/**
 * (slots, 2): where each sample is found, and its share in the batch's gradient, w / Σ w, as bits. `indices` are those of the
 * batches' samples on the device.
 */
export function orderOf(
  {
    sizes,
    samples,
    indices,
    weightSums,
  }: BatchesOfSamples & { indices: Uint32Array; weightSums: Float64Array },
  { weights }: Pick<Samples, 'weights'>,
  batchSize: number,
): Uint32Array {
  const order = new Uint32Array(2 * batchSize * sizes.length);
  const shares = new Float32Array(order.buffer);
  let from = 0;
  sizes.forEach((size, batch) => {
    const evenShare = 1 / size;
    for (let i = 0; i < size; i++) {
      const at = 2 * (batch * batchSize + i);
      order[at] = indices[from + i];
      shares[at + 1] = weights === null ? evenShare : shareOf(weights[samples[from + i]], weightSums[batch]);
    }
    from += size;
  });
  return order;
}

/** Where all weights are 0, so are the gradients. */
function shareOf(weight: number, weightSum: number): number {
  return weightSum === 0 ? 0 : weight / weightSum;
}

export function weightSumsOf(
  { sizes, samples }: BatchesOfSamples,
  split: Pick<Samples, 'weights'>,
): Float64Array {
  let end = 0;
  return Float64Array.from(sizes, (size) => {
    end += size;
    return weightSumOf(split, samples.subarray(end - size, end));
  });
}

/** (steps, settingWords) of the steps from `first` on, counted from 0, as wgsl/update.ts reads them. */
export function settingsOf(
  { optimizer, all }: { optimizer: OptimizerSpec; all: number },
  first: number,
  steps: number,
): Uint32Array {
  const words = new Uint32Array(settingWords * steps);
  const numbers = new Float32Array(words.buffer);
  for (let i = 0; i < steps; i++) {
    const settings = stepSettings(optimizer, first + i + 1, all);
    const { shrink, penalty, stepSize, beta1, less1, beta2, less2, root, epsilon } = settings;
    const { ofGradient, ofBuffer, averageKeep, averageTake } = settings;
    const moments = [beta1, less1, beta2, less2, root, epsilon];
    const inOrder = [shrink, penalty, stepSize, ...moments, ofGradient, ofBuffer, averageKeep, averageTake];
    numbers.set(inOrder, settingWords * i);
    // The step that dropout draws for.
    words[settingWords * i + inOrder.length] = first + i;
  }
  return words;
}

/** Σ w·loss of each batch, in the order of its samples. `losses` (samples). */
export function lossSumsOf(
  { sizes, samples }: BatchesOfSamples,
  losses: Float32Array,
  { weights }: Pick<Samples, 'weights'>,
): Float64Array {
  let at = 0;
  return Float64Array.from(sizes, (size) => {
    let sum = 0;
    for (const end = at + size; at < end; at++)
      sum += weights === null ? losses[at] : weights[samples[at]] * losses[at];
    return sum;
  });
}
