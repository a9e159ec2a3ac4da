/**
 * What a network's raw outputs mean. A head travels with the model, and turns the outputs of a sample into the
 * probabilities of classes or into values.
 */
import type { Loss } from '../network/losses.js';

type Floats = Float32Array | Float64Array;

/** A document. */
export type Head = ClassHead | ValueHead;

export interface ClassHead {
  kind: 'classes';
  /** Names, by class index. */
  labels: string[];
  /** How outputs become probabilities: as the loss that the network was trained with understands them. */
  probabilities: 'softmax' | 'nearest_distribution';
}

export interface ValueHead {
  kind: 'values';
  /** Of the outputs, in their order. */
  names: string[];
}

/** Of a network that was trained on classes. */
export function classHead(loss: Loss, labels: string[]): ClassHead {
  return {
    kind: 'classes',
    labels,
    probabilities: loss === 'one_hot_mse' ? 'nearest_distribution' : 'softmax',
  };
}

/** How many outputs a network has that is read in this way. */
export function outputsOf(head: Head): number {
  return head.kind === 'classes' ? head.labels.length : head.names.length;
}

/**
 * In place: raw outputs (count, outputs) become class probabilities, each row summing to 1 (to NaN where an output is not
 * finite), or stay the values that they are. Returns the same array.
 */
export function applyHead<Numbers extends Floats>(head: Head, outputs: Numbers): Numbers {
  if (head.kind === 'values') return outputs;
  const classes = head.labels.length;
  for (let start = 0; start < outputs.length; start += classes) {
    fillProbabilities(head, outputs.subarray(start, start + classes));
  }
  return outputs;
}

/** A row of outputs (classes) becomes probabilities, computed in float64; all NaN where an output is not finite. */
function fillProbabilities({ probabilities }: ClassHead, row: Floats): void {
  if (!row.every(Number.isFinite)) row.fill(NaN);
  else if (probabilities === 'softmax') softmax(row);
  else nearestDistribution(row);
}

/** Stable for outputs of any size: exponents are never above 0. */
function softmax(row: Floats): void {
  const largest = largestOf(row);
  let sum = 0;
  for (const output of row) sum += Math.exp(output - largest);
  for (let c = 0; c < row.length; c++) row[c] = Math.exp(row[c] - largest) / sum;
}

/**
 * Least squares on one-hot targets estimates the probabilities themselves, but for bounds and sum. This is the distribution
 * nearest to the outputs, their Euclidean projection onto the simplex: J. Duchi et al., "Efficient Projections onto the
 * l1-Ball for Learning in High Dimensions", 2008, figure 1. It depends on the outputs' differences alone. These are taken
 * from the largest output, so that they keep their bits beside outputs of any size.
 */
function nearestDistribution(row: Floats): void {
  const largest = largestOf(row);
  const falling = Float64Array.from(row, (output) => output - largest)
    .sort()
    .reverse();
  let sum = 0;
  let shift = 0;
  for (let i = 0; i < falling.length; i++) {
    sum += falling[i];
    const candidate = (sum - 1) / (i + 1);
    if (falling[i] <= candidate) break;
    shift = candidate;
  }
  for (let c = 0; c < row.length; c++) row[c] = Math.max(0, row[c] - largest - shift);
}

function largestOf(row: Floats): number {
  let largest = -Infinity;
  for (const output of row) largest = Math.max(largest, output);
  return largest;
}
