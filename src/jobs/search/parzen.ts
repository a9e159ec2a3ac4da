/**
 * Parzen estimators: the density of the places where trials were, as a mixture of one kernel for each of them and a wide one, the
 * prior, for the whole space. The kernels are those of J. Bergstra et al., "Algorithms for hyper-parameter optimization",
 * 2011, with the widths and weights of Optuna's TPESampler: S. Watanabe, "Tree-structured Parzen estimator: understanding its
 * algorithm components and their roles for better empirical performance", 2023.
 */
import type { Dimension, ListDimension, RangeDimension } from './dimensions.js';
import type { Draws } from './draws.js';
import { normalDensityLog, normalShare } from './normal.js';
import { onScale, valueAt } from './space.js';

export interface Mixture {
  /** (dimensions) A random place, by the density. */
  draw(draws: Draws): Float64Array;
  /** The logarithm of the density at a place, (dimensions). */
  logDensity(places: Float64Array): number;
}

/** What the kernels are along one dimension. */
interface Kernels {
  draw(kernel: number, draws: Draws): number;
  logDensity(kernel: number, place: number): number;
}

/** Trials older than this many count less and less. */
const fullWeightTrials = 25;

/** The prior counts as much as one trial. */
const priorWeight = 1;

/** `observations`: the places of trials, each (dimensions), the oldest first. */
export function parzenEstimator(
  dimensions: readonly Dimension[],
  observations: readonly Float64Array[],
): Mixture {
  const weights = Float64Array.of(...ageWeights(observations.length), priorWeight);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const logWeights = weights.map((weight) => Math.log(weight / sum));
  const kernels = dimensions.map((dimension, index) => {
    const places = Float64Array.from(observations, (observation) => observation[index]);
    return 'range' in dimension ? rangeKernels(dimension, places) : listKernels(dimension, places);
  });
  return {
    draw(draws) {
      const kernel = draws.index(weights);
      return Float64Array.from(kernels, (along) => along.draw(kernel, draws));
    },
    logDensity(places) {
      const terms = logWeights.map((logWeight, kernel) =>
        kernels.reduce((total, along, index) => total + along.logDensity(kernel, places[index]), logWeight),
      );
      const largest = terms.reduce((a, b) => Math.max(a, b));
      return largest + Math.log(terms.reduce((total, term) => total + Math.exp(term - largest), 0));
    },
  };
}

/** (count) The last 25 count fully, and the ones before them the less the older they are. */
function ageWeights(count: number): number[] {
  const older = Math.max(count - fullWeightTrials, 0);
  const ramp = (age: number) => (older === 1 ? 1 / count : 1 / count + ((1 - 1 / count) * age) / (older - 1));
  return Array.from({ length: count }, (_, index) => (index < older ? ramp(index) : 1));
}

/** Normal distributions around the places, cut off at the ends of the range. The last one is the prior. */
function rangeKernels({ range, low, high }: RangeDimension, places: Float64Array): Kernels {
  const means = Float64Array.of(...places, (low + high) / 2);
  const deviations = Float64Array.of(...kernelWidths(places, low, high), high - low);
  // How much of each normal distribution lies inside the range.
  const inside = means.map((mean, kernel) =>
    normalShare((low - mean) / deviations[kernel], (high - mean) / deviations[kernel]),
  );
  return {
    // A mean lies in the range, so that at least a third of the draws do.
    draw(kernel, draws) {
      for (;;) {
        const place = means[kernel] + deviations[kernel] * draws.normal();
        if (place < low || place > high) continue;
        return range.integer ? onScale(range, valueAt(range, place)) : place;
      }
    },
    logDensity(kernel, place) {
      const mean = means[kernel];
      const deviation = deviations[kernel];
      if (!range.integer)
        return normalDensityLog((place - mean) / deviation) - Math.log(deviation * inside[kernel]);
      const value = valueAt(range, place);
      const from = (onScale(range, value - 0.5) - mean) / deviation;
      const to = (onScale(range, value + 0.5) - mean) / deviation;
      return Math.log(normalShare(from, to) / inside[kernel]);
    },
  };
}

/**
 * (count) A kernel is as wide as the larger of the gaps to its neighbours, but neither narrower than the range divided by the
 * number of kernels (at most 100), nor wider than the range. The ends of the range are neighbours of a single place only.
 */
function kernelWidths(places: Float64Array, low: number, high: number): Float64Array {
  const count = places.length;
  const widest = high - low;
  const narrowest = widest / Math.min(100, count + 2);
  const order = [...places.keys()].sort((a, b) => places[a] - places[b] || a - b);
  const widths = new Float64Array(count);
  order.forEach((observation, rank) => {
    const place = places[observation];
    const alone = count === 1;
    const below = rank > 0 ? place - places[order[rank - 1]] : alone ? place - low : 0;
    const above = rank < count - 1 ? places[order[rank + 1]] - place : alone ? high - place : 0;
    widths[observation] = Math.min(Math.max(below, above, narrowest), widest);
  });
  return widths;
}

/** Each kernel prefers the value of its trial, and the last one, the prior, none. */
function listKernels({ values }: ListDimension, places: Float64Array): Kernels {
  const kernels = places.length + 1;
  const other = priorWeight / kernels;
  const shares = Array.from({ length: kernels }, (_, kernel) => {
    const counts = new Float64Array(values.length).fill(other);
    if (kernel < places.length) counts[places[kernel]] += 1;
    const sum = counts.reduce((total, count) => total + count, 0);
    return counts.map((count) => count / sum);
  });
  return {
    draw: (kernel, draws) => draws.index(shares[kernel]),
    logDensity: (kernel, place) => Math.log(shares[kernel][place]),
  };
}
