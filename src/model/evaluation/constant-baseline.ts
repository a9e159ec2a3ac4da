/** The figures of a model that learned nothing but how common the classes are, or the mean of the values. */
import { evaluateClasses, type ClassJudge } from './evaluate-classes.js';
import { evaluateValues } from './evaluate-values.js';
import type { Figures } from './figures.js';

/** (classes) How common each class is. */
export function classFrequencies(classes: ArrayLike<number>, width: number): Float32Array {
  const counts = new Float64Array(width);
  for (const index of Array.from(classes)) counts[index]++;
  return Float32Array.from(counts, (count) => count / classes.length);
}

/** Every row gets the class that is commonest; its probabilities are the frequencies. */
export async function constantClass(
  frequencies: Float32Array,
  classes: ArrayLike<number>,
  { labels, positive }: Omit<ClassJudge, 'threshold'>,
): Promise<Figures> {
  const probabilities = new Float32Array(classes.length * labels.length);
  for (let i = 0; i < classes.length; i++) probabilities.set(frequencies, i * labels.length);
  return (await evaluateClasses({ probabilities, classes }, { labels, positive })).figures;
}

/** (width) The mean of each output over rows (count, width). */
export function meansOf(actual: ArrayLike<number>, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let cell = 0; cell < actual.length; cell++) sums[cell % width] += actual[cell];
  return sums.map((sum) => (sum * width) / actual.length);
}

export function constantValues(
  means: Float64Array,
  actual: ArrayLike<number>,
  names: readonly string[],
): Figures {
  const predicted = Float64Array.from(actual, (_, cell) => means[cell % names.length]);
  return evaluateValues({ predicted, actual }, names).figures;
}
