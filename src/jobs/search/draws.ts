/** The random numbers of one proposal, in a row. */
import { fillWords } from '../../lib/philox.js';

export interface Draws {
  /** Uniform in [0, 1), of 53 bits. */
  uniform(): number;
  /** Normally distributed, with mean 0 and deviation 1. */
  normal(): number;
  /** The index of a weight, as likely as its weight is large. The weights are not negative, and some weight is not 0. */
  index(weights: Float64Array): number;
}

const wordsAtOnce = 256;

/** The numbers are a function of the seed and the number of the trial alone. */
export function drawsOf(seed: number, trial: number): Draws {
  const words = new Uint32Array(wordsAtOnce);
  let used = 0;

  function word(): number {
    const place = used % wordsAtOnce;
    if (place === 0) fillWords({ seed, purpose: 'search', part: 0, step: trial }, used, words);
    used++;
    return words[place];
  }

  function uniform(): number {
    const upper = word() >>> 5;
    return (upper * 2 ** 26 + (word() >>> 6)) * 2 ** -53;
  }

  return {
    uniform,
    // G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", 1958.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    index(weights) {
      let sum = 0;
      for (const weight of weights) sum += weight;
      let left = uniform() * sum;
      let last = 0;
      for (let i = 0; i < weights.length; i++) {
        if (weights[i] === 0) continue;
        if (left < weights[i]) return i;
        left -= weights[i];
        last = i;
      }
      // Sums are rounded, so the last one can be passed by a hair.
      return last;
    },
  };
}
