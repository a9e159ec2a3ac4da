/** The figures of a model that learned nothing but how common the classes are, or the mean of the values. */
import { totalWeight, type RowWeights } from '../metrics/row-weights.js';
import { evaluateClasses, type ClassJudge, type ClassRows } from './evaluate-classes.js';
import { evaluateValues, type ValueRows } from './evaluate-values.js';
import type { Figures } from './figures.js';

/** (classes) How common each class is. */
export function classFrequencies(
  classes: ArrayLike<number>,
  width: number,
  weights: RowWeights = null,
): Float32Array {
  const counts = new Float64Array(width);
  for (let i = 0; i < classes.length; i++) counts[classes[i]] += weights?.[i] ?? 1;
  const total = totalWeight(weights, classes.length);
  return Float32Array.from(counts, (count) => count / total);
}

/** Every row gets the class that is commonest; its probabilities are the frequencies. */
export async function constantClass(
  frequencies: Float32Array,
  { classes, weights }: Omit<ClassRows, 'probabilities'>,
  { labels, positive, turn }: Omit<ClassJudge, 'threshold'>,
): Promise<Figures> {
  const probabilities = new Float32Array(classes.length * labels.length);
  for (let i = 0; i < classes.length; i++) probabilities.set(frequencies, i * labels.length);
  return (await evaluateClasses({ probabilities, classes, weights }, { labels, positive, turn })).figures;
}

/** (width) The mean of each output over rows (count, width). */
export function meansOf(actual: ArrayLike<number>, width: number, weights: RowWeights = null): Float64Array {
  const sums = new Float64Array(width);
  for (let cell = 0; cell < actual.length; cell++) {
    sums[cell % width] += actual[cell] * (weights?.[Math.floor(cell / width)] ?? 1);
  }
  const total = totalWeight(weights, actual.length / width);
  return sums.map((sum) => sum / total);
}

export function constantValues(
  means: Float64Array,
  { actual, weights }: Omit<ValueRows, 'predicted'>,
  names: readonly string[],
): Figures {
  const predicted = Float64Array.from(actual, (_, cell) => means[cell % names.length]);
  return evaluateValues({ predicted, actual, weights }, names).figures;
}
