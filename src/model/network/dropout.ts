/**
 * Inverted dropout: N. Srivastava et al., "Dropout", 2014, scaled in training as `torch.nn.Dropout` does. In training each
 * unit's output is multiplied by 0 with probability `rate`, and otherwise by 1 / (1 − rate); in evaluations and predictions
 * it is left alone. Which units are off is a function of seed, layer, step, sample of the batch and unit, each counted from
 * 0, and the same for every engine.
 */
import { fillWords } from '../../lib/philox.js';

/** A unit is kept when the upper 24 bits of its word are at least this. */
export function dropoutThreshold(rate: number): number {
  return Math.ceil(rate * 2 ** 24);
}

/** The factor of the units that are kept, as a float32. */
export function dropoutScale(rate: number): number {
  return Math.fround(1 / (1 - rate));
}

/** Where the factors apply. */
export interface DropoutPlace {
  seed: number;
  /** The index in denseLayers. */
  layer: number;
  /** Steps done before this one. */
  step: number;
  /** The index in the batch. */
  row: number;
}

/**
 * The factors of one sample, (units): unit u of the batch's sample `row` has word row · 4⌈units / 4⌉ + u of its stream,
 * so that a sample begins with a whole block of the generator.
 */
export function fillDropoutFactors(
  at: DropoutPlace & { rate: number },
  out: Float32Array | Float64Array,
): void {
  const { seed, layer, step, row, rate } = at;
  const words = new Uint32Array(out.length);
  fillWords({ seed, purpose: 'dropout', part: layer, step }, row * 4 * Math.ceil(out.length / 4), words);
  const threshold = dropoutThreshold(rate);
  const scale = dropoutScale(rate);
  for (let unit = 0; unit < out.length; unit++) out[unit] = words[unit] >>> 8 >= threshold ? scale : 0;
}
