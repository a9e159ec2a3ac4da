/**
 * How the answers of an epoch came out over the split that its evaluation looks at: which classes are taken for which, or how far
 * values are off. They show how the mistakes change while a network learns. A run records them in its log for so few epochs
 * that they stay small beside its metrics.
 */
/** A document. */
export interface EpochOutcomes {
  /** Of an ensemble: whose epoch it is, from 1. */
  member?: number;
  epoch: number;
  /** Validation where there are such rows. */
  split: 'validation' | 'test';
  rows: number;
  /** Of classes; cut after `longestLabel` characters. */
  labels?: string[];
  /** (classes, classes) Rows of class `row` whose likeliest class is `column`, whatever they weigh. */
  confusion?: number[][];
  /** One for each of the first values, `mostValues` at most. */
  values?: ValueOutcomes[];
}

/** In the unit of the value. */
export interface ValueOutcomes {
  name: string;
  /** (bins + 1) Between the bins of prediction − actual value. The outermost bins hold also what lies beyond. */
  edges: number[];
  /** (bins) */
  counts: number[];
  /** [actual value, prediction] of rows that are evenly spaced in the split. */
  pairs: number[][];
}

/** With more classes nothing is recorded. */
export const mostClasses = 32;
export const mostValues = 4;
export const longestLabel = 60;
export const mostPairs = 100;
export const bins = 21;

const recordedWhole = 100;

/**
 * Whether the outcomes of this epoch are recorded, apart from the last one, whose always are: of all epochs up to the hundredth, then
 * of fewer and fewer: 50 each time that the number of epochs doubles.
 */
export function recordsOutcomes(epoch: number): boolean {
  const stride = epoch <= recordedWhole ? 1 : 2 ** Math.ceil(Math.log2(epoch / recordedWhole));
  return epoch % stride === 0;
}
