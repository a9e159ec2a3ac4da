/** How much each row counts in a figure, as `sample_weight` of scikit-learn: a row of weight 2 counts as two alike. */

/** (count) From 0, not all 0. null: all rows count the same. */
export type RowWeights = ArrayLike<number> | null;

export function totalWeight(weights: RowWeights, count: number): number {
  return weights === null ? count : sumOf(count, (i) => weights[i]);
}

/** Of at least one number. */
export function weightedMean(numbers: Float64Array, weights: RowWeights): number {
  if (weights === null) return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return sumOf(numbers.length, (i) => weights[i] * numbers[i]) / totalWeight(weights, numbers.length);
}

/**
 * As many rows of equal weight would tell as much of a mean: (Σw)² / Σw². L. Kish, "Survey Sampling", 1965, section 11.7.
 */
export function effectiveRows(weights: RowWeights, count: number): number {
  if (weights === null) return count;
  return totalWeight(weights, count) ** 2 / sumOf(count, (i) => weights[i] ** 2);
}

/**
 * The first number, ascending, up to which there is more than half of the weight or, where there is exactly half up to one, the
 * mean of it and the next one: as `median_absolute_error` of scikit-learn 1.9, and the plain median where all weights are equal.
 * Of at least one number.
 */
export function weightedMedian(numbers: Float64Array, weights: RowWeights): number {
  if (weights === null) return medianOf(numbers);
  const order = Uint32Array.from(numbers, (_, i) => i).filter((i) => weights[i] > 0);
  order.sort((a, b) => numbers[a] - numbers[b]);
  const half = totalWeight(weights, numbers.length) / 2;
  let [place, upTo] = [0, weights[order[0]]];
  while (upTo < half && place < order.length - 1) upTo += weights[order[++place]];
  const next = upTo === half ? Math.min(place + 1, order.length - 1) : place;
  return (numbers[order[place]] + numbers[order[next]]) / 2;
}

/**
 * For each `at`, from 0 to 1, the first number, ascending, up to which there is at least that share of the weight: as
 * `numpy.quantile` with `method='inverted_cdf'`. Of at least one number.
 */
export function weightedQuantiles(
  numbers: Float64Array,
  at: readonly number[],
  weights: RowWeights,
): number[] {
  const order = Uint32Array.from(numbers, (_, i) => i).filter((i) => weights?.[i] !== 0);
  order.sort((a, b) => numbers[a] - numbers[b]);
  const total = totalWeight(weights, numbers.length);
  let [place, upTo] = [0, weights?.[order[0]] ?? 1];
  return at.map((share) => {
    while (upTo < share * total && place < order.length - 1) {
      place++;
      upTo += weights?.[order[place]] ?? 1;
    }
    return numbers[order[place]];
  });
}

function medianOf(numbers: Float64Array): number {
  const sorted = numbers.toSorted();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function sumOf(count: number, of: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += of(i);
  return sum;
}
