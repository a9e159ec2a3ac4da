/**
 * Figures of an order: how well the probability of a class tells its samples from all others, whatever the threshold. Equal
 * probabilities count as such: no figure depends on the order of the samples.
 */
import type { RowWeights } from './row-weights.js';

/** The samples by their probability of one class. */
export interface Ranking {
  /** Distinct probabilities, ascending, as the bits of float32: of numbers from 0 on these are in the order of the numbers. */
  bits: Uint32Array;
  /** (bits.length) Samples of the class, and others, that have the probability, or the sums of their weights. */
  positives: Float64Array;
  negatives: Float64Array;
  positiveCount: number;
  negativeCount: number;
}

/** By the column `positive` of `probabilities` (count, width), which lie in 0 to 1. */
export function rankBy(
  probabilities: Float32Array,
  classes: ArrayLike<number>,
  width: number,
  positive: number,
  weights: RowWeights = null,
): Ranking {
  const keys = new Uint32Array(classes.length);
  const bits = bitsOf(probabilities);
  // One number for the probability and, in its last bit, the class: numbers are sorted far faster than records.
  for (let i = 0; i < keys.length; i++) {
    keys[i] = bits[i * width + positive] * 2 + (classes[i] === positive ? 1 : 0);
  }
  keys.sort();
  let distinct = 0;
  for (let i = 0; i < keys.length; i++) if (i === 0 || keys[i] >>> 1 !== keys[i - 1] >>> 1) distinct++;
  const ranking: Ranking = {
    bits: new Uint32Array(distinct),
    positives: new Float64Array(distinct),
    negatives: new Float64Array(distinct),
    positiveCount: 0,
    negativeCount: 0,
  };
  let group = -1;
  for (let i = 0; i < keys.length; i++) {
    if (i === 0 || keys[i] >>> 1 !== keys[i - 1] >>> 1) ranking.bits[++group] = keys[i] >>> 1;
    if (weights !== null) continue;
    if ((keys[i] & 1) === 1) ranking.positives[group]++;
    else ranking.negatives[group]++;
  }
  // The keys do not say whose they are.
  for (let i = 0; weights !== null && i < keys.length; i++) {
    const side = classes[i] === positive ? ranking.positives : ranking.negatives;
    side[indexIn(ranking.bits, bits[i * width + positive])] += weights[i];
  }
  ranking.positiveCount = sumOf(ranking.positives);
  ranking.negativeCount = sumOf(ranking.negatives);
  return ranking;
}

/**
 * The probability that a sample of the class has a higher probability than another sample, ties counted by half: the area
 * under the ROC curve. null where there are only samples of the class, or only others.
 */
export function rocAuc({ positives, negatives, positiveCount, negativeCount }: Ranking): number | null {
  if (positiveCount === 0 || negativeCount === 0) return null;
  let below = 0;
  let wins = 0;
  for (let group = 0; group < positives.length; group++) {
    wins += positives[group] * (below + negatives[group] / 2);
    below += negatives[group];
  }
  return wins / positiveCount / negativeCount;
}

/**
 * The mean precision over the samples of the class, Σ (Rₙ − Rₙ₋₁) Pₙ, as `sklearn.metrics.average_precision_score`. null
 * where there is no sample of the class.
 */
export function averagePrecision({ positives, negatives, positiveCount }: Ranking): number | null {
  if (positiveCount === 0) return null;
  let right = 0;
  let named = 0;
  let sum = 0;
  for (let group = positives.length - 1; group >= 0; group--) {
    right += positives[group];
    named += positives[group] + negatives[group];
    if (positives[group] > 0) sum += positives[group] * (right / named);
  }
  return sum / positiveCount;
}

/**
 * Adds `share` of each sample's influence on the ROC AUC to `influence` (count): what the interval of the AUC is computed
 * from. These are the structural components of E. R. DeLong et al., "Comparing the Areas under Two or More Correlated
 * Receiver Operating Characteristic Curves", 1988, each by the frequency of its class.
 */
export function addRocInfluence(
  ranking: Ranking,
  {
    probabilities,
    classes,
    width,
    positive,
  }: { probabilities: Float32Array; classes: ArrayLike<number>; width: number; positive: number },
  share: number,
  influence: Float64Array,
): void {
  const auc = rocAuc(ranking);
  if (auc === null) return;
  const { bits, positiveCount, negativeCount } = ranking;
  const { below, above } = componentsOf(ranking);
  const own = bitsOf(probabilities);
  const count = positiveCount + negativeCount;
  for (let i = 0; i < classes.length; i++) {
    const group = indexIn(bits, own[i * width + positive]);
    influence[i] +=
      classes[i] === positive
        ? (share * (below[group] - auc) * count) / positiveCount
        : (share * (above[group] - auc) * count) / negativeCount;
  }
}

/** (bits.length) The fraction of the others below, and of the samples of the class above, ties counted by half. */
function componentsOf(ranking: Ranking): { below: Float64Array; above: Float64Array } {
  const { positives, negatives, positiveCount, negativeCount } = ranking;
  const below = new Float64Array(positives.length);
  const above = new Float64Array(positives.length);
  let [others, own] = [0, 0];
  for (let group = 0; group < positives.length; group++) {
    below[group] = (others + negatives[group] / 2) / negativeCount;
    above[group] = (positiveCount - own - positives[group] / 2) / positiveCount;
    others += negatives[group];
    own += positives[group];
  }
  return { below, above };
}

/** Of one of the `bits`. */
export function probabilityOf({ bits }: Ranking, group: number): number {
  return new Float32Array(bits.buffer, bits.byteOffset, bits.length)[group];
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

/** Of a value that is there. */
function indexIn(ascending: Uint32Array, value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sumOf(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
