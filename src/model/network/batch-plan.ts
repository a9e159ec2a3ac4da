/**
 * Which samples each step trains on: every epoch visits every sample once, in its own order, in batches of which the last
 * may be short. A pure function of seed and step, so it is the same for every engine and after every resume.
 */
import { fillWords } from '../../lib/philox.js';

export interface BatchPosition {
  /** From 0. */
  epoch: number;
  /** Where in the epoch's order the batch begins. */
  first: number;
  /** How many samples: the batch size, or fewer at the end of an epoch. */
  size: number;
}

export function stepsPerEpoch(count: number, batchSize: number): number {
  return Math.ceil(count / batchSize);
}

/** The batch of a step, counted from 0 over all epochs, of `count` samples. */
export function batchAt(step: number, count: number, batchSize: number): BatchPosition {
  const steps = stepsPerEpoch(count, batchSize);
  const first = (step % steps) * batchSize;
  return { epoch: Math.floor(step / steps), first, size: Math.min(batchSize, count - first) };
}

/**
 * The order in which an epoch visits its samples, (count): the Fisher–Yates shuffle (D. Knuth, TAOCP 2, algorithm
 * 3.4.2P). It chooses among n by ⌊word · n / 2^32⌋. The probabilities differ from 1/n by a factor within 1 ± n/2^32, which
 * is far too little to affect training.
 */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  fillWords({ seed, purpose: 'shuffle', part: 0, step: epoch }, 0, words);
  const order = words.map((_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor((words[last] * (last + 1)) / 2 ** 32);
    const sample = order[chosen];
    order[chosen] = order[last];
    order[last] = sample;
  }
  return order;
}
