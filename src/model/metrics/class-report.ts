/** Figures of labels: which class each sample was given, against the class that it has. */
import type { RowWeights } from './row-weights.js';

/** (classes · classes) How many samples of class `row` were given the label `column`, or the sum of their weights. */
export function confusionMatrix(
  given: ArrayLike<number>,
  classes: ArrayLike<number>,
  width: number,
  weights: RowWeights = null,
): Float64Array {
  const counts = new Float64Array(width * width);
  for (let i = 0; i < given.length; i++) counts[classes[i] * width + given[i]] += weights?.[i] ?? 1;
  return counts;
}

export interface ClassReport {
  /** Of the samples with this label, the fraction that have the class; 0 where no sample has the label. */
  precision: number;
  /** Of the samples of the class, the fraction that have the label; 0 where there is no such sample. */
  recall: number;
  /** The harmonic mean of both; 0 where both are 0. */
  f1: number;
  /** Samples of the class, or the sum of their weights. */
  support: number;
  /** Samples with the label, or the sum of their weights. */
  predicted: number;
}

/** Of each class, as `sklearn.metrics.classification_report` with `zero_division=0`. */
export function classReports(confusion: Float64Array, width: number): ClassReport[] {
  return Array.from({ length: width }, (_, c) => {
    let support = 0;
    let predicted = 0;
    for (let other = 0; other < width; other++) {
      support += confusion[c * width + other];
      predicted += confusion[other * width + c];
    }
    const right = confusion[c * width + c];
    return {
      precision: predicted === 0 ? 0 : right / predicted,
      recall: support === 0 ? 0 : right / support,
      f1: right === 0 ? 0 : (2 * right) / (support + predicted),
      support,
      predicted,
    };
  });
}

export interface LabelFigures {
  accuracy: number;
  /** The mean recall of the classes that have samples. */
  balancedAccuracy: number;
  /** The mean F1 of the classes that have samples or that samples were given. */
  f1: number;
}

/** Of at least one sample. */
export function labelFigures(reports: readonly ClassReport[]): LabelFigures {
  const samples = sumOf(reports.map(({ support }) => support));
  const present = reports.filter(({ support }) => support > 0);
  const named = reports.filter(({ support, predicted }) => support + predicted > 0);
  return {
    accuracy: sumOf(present.map(({ recall, support }) => recall * support)) / samples,
    balancedAccuracy: sumOf(present.map(({ recall }) => recall)) / present.length,
    f1: sumOf(named.map(({ f1 }) => f1)) / named.length,
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
