/** 95 % intervals: where a figure would lie on other rows of the same kind. */
import { totalWeight, type RowWeights } from './row-weights.js';

export type Interval = [low: number, high: number];

/** The 97.5th percentile of the normal distribution. */
const z = 1.959963984540054;

/**
 * Of a fraction `successes / count`: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
 * 1927. It stays within 0 to 1 and says something even where all succeed.
 */
export function wilsonInterval(successes: number, count: number): Interval {
  const p = successes / count;
  const middle = p + (z * z) / (2 * count);
  const spread = z * Math.sqrt((p * (1 - p)) / count + (z * z) / (4 * count * count));
  const scale = 1 + (z * z) / count;
  // The bounds are 0 and 1 there, which rounding may miss.
  const low = successes === 0 ? 0 : (middle - spread) / scale;
  const high = successes === count ? 1 : (middle + spread) / scale;
  return [low, high];
}

/**
 * Of a figure whose derivative by each sample's weight is known, `influence` (count), for weights whose mean is 1: the
 * infinitesimal jackknife. B. Efron, "The Jackknife, the Bootstrap and Other Resampling Plans", 1982, chapter 6. `within`: what
 * the figure can be.
 */
export function jackknifeInterval(
  figure: number,
  influence: Float64Array,
  within: Interval = [-Infinity, Infinity],
  weights: RowWeights = null,
): Interval {
  const squares = influence.reduce((sum, each, i) => sum + (each * (weights?.[i] ?? 1)) ** 2, 0);
  const spread = (z * Math.sqrt(squares)) / totalWeight(weights, influence.length);
  return [Math.max(within[0], figure - spread), Math.min(within[1], figure + spread)];
}
