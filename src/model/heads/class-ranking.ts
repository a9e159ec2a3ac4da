/** From the results of a class head, which are probabilities, to named classes. */

import type { ClassHead, Threshold } from './head.js';

/** A document. */
export interface RankedClass {
  label: string;
  index: number;
  /** The probability of the class. */
  confidence: number;
}

/** The rows (classes) of `probabilities` (count, classes), as views of it. */
export function classRows(probabilities: Float32Array, classes: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let start = 0; start < probabilities.length; start += classes) {
    rows.push(probabilities.subarray(start, start + classes));
  }
  return rows;
}

/** The class that a row (classes) is given: the likeliest, the first of equals, unless the head has a threshold. */
export function answeredClass(row: Float32Array, head: Pick<ClassHead, 'labels' | 'threshold'>): RankedClass {
  const index = answeredIndex(row, head);
  return { label: head.labels[index], index, confidence: row[index] };
}

/** The index of `answeredClass`. */
export function answeredIndex(
  row: Float32Array,
  { threshold }: { threshold?: Threshold | undefined },
): number {
  if (threshold === undefined) return largestIndex(row);
  const { positive, at_least } = threshold;
  return row[positive] >= at_least ? positive : 1 - positive;
}

/** Among equal outputs the lowest index, as `torch.argmax` on a CPU. */
function largestIndex(outputs: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < outputs.length; c++) {
    if (outputs[c] > outputs[best]) best = c;
  }
  return best;
}

/** At most `most` classes of a row (classes), the likeliest first. Equals keep the order of their indices. */
export function rankClasses(row: Float32Array, labels: readonly string[], most: number): RankedClass[] {
  // The sort is stable.
  const ranked = labels.map((label, index) => ({ label, index, confidence: row[index] }));
  return ranked.sort((a, b) => b.confidence - a.confidence).slice(0, most);
}
