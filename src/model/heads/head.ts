/**
 * What a network's raw outputs mean. A head travels with the model and turns the outputs of a sample into results: the
 * probabilities of classes, or values.
 */
import { TrainyardError } from '../../errors.js';
import type { Loss } from '../network/losses.js';

type Floats = Float32Array | Float64Array;

/** A document. */
export type Head = ClassHead | ValueHead;

export interface ClassHead {
  kind: 'classes';
  /** The names of the classes, by class index. */
  labels: string[];
  /** How outputs become probabilities. It follows from the loss that the network was trained with. */
  probabilities: 'softmax' | 'nearest_distribution';
  /**
   * Outputs are divided by it before the softmax. C. Guo et al., "On Calibration of Modern Neural Networks", 2017. Left out: 1.
   */
  temperature?: number;
  /** Of two classes. Left out: the likelier one is the answer. */
  threshold?: Threshold;
}

/** When a sample gets the label of the class `positive`: when its probability is at least so much. A document. */
export interface Threshold {
  /** A class index. */
  positive: number;
  at_least: number;
}

export interface ValueHead {
  kind: 'values';
  /** The names of the outputs, in their order. */
  names: string[];
  /** (outputs) Gives standardised outputs back in their unit. Left out: the outputs are the values. */
  scaling?: ValueScaling[];
}

/** output ↦ output · std + mean, computed in float64 and rounded once to float32. */
export interface ValueScaling {
  mean: number;
  std: number;
}

/** The head of a network that was trained on classes with this loss. */
export function classHead(loss: Loss, labels: string[]): ClassHead {
  return {
    kind: 'classes',
    labels,
    probabilities: loss === 'one_hot_mse' ? 'nearest_distribution' : 'softmax',
  };
}

/** How many outputs the network must have. */
export function outputsOf(head: Head): number {
  return head.kind === 'classes' ? head.labels.length : head.names.length;
}

/** The names of the classes, by class index. A value head has none. */
export function labelsOf(head: Head): string[] {
  return head.kind === 'classes' ? head.labels : [];
}

/**
 * The names of the classes, for requests that only a class head can answer.
 * @throws TrainyardError INVALID_REQUEST for a value head
 */
export function requireLabels(head: Head): string[] {
  if (head.kind === 'classes') return head.labels;
  throw new TrainyardError('INVALID_REQUEST', 'The model predicts values, so it cannot classify samples.');
}

/**
 * In place: raw outputs (count, outputs) become results (count, outputs) and are returned. The results of a class head are
 * probabilities: each row sums to 1, or is all NaN where one of its outputs is not finite. The results of a value head are
 * the outputs, in their unit.
 */
export function applyHead<Numbers extends Floats>(head: Head, outputs: Numbers): Numbers {
  if (head.kind === 'values') return inTheirUnit(head, outputs);
  const classes = head.labels.length;
  for (let start = 0; start < outputs.length; start += classes) {
    fillProbabilities(head, outputs.subarray(start, start + classes));
  }
  return outputs;
}

/**
 * Inputs can be so large that the network's outputs overflow; they have no results. `results` (count, outputs), `field` is
 * the name of the inputs in the request.
 * @throws TrainyardError INVALID_REQUEST
 */
export function refuseOverflow(results: Float32Array, outputs: number, field = 'inputs'): void {
  for (let i = 0; i < results.length; i++) {
    if (Number.isFinite(results[i])) continue;
    const sample = Math.floor(i / outputs);
    const message = `${field}[${sample}] is too large: the outputs of the model are not finite`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/${field}/${sample}` });
  }
}

/** In place: standardised outputs (count, outputs) become values. */
function inTheirUnit<Numbers extends Floats>({ scaling }: ValueHead, outputs: Numbers): Numbers {
  if (scaling === undefined) return outputs;
  for (let i = 0; i < outputs.length; i++) {
    const { mean, std } = scaling[i % scaling.length];
    outputs[i] = outputs[i] * std + mean;
  }
  return outputs;
}

/** In place, computed in float64: a row of outputs (classes) becomes probabilities. */
function fillProbabilities({ probabilities, temperature = 1 }: ClassHead, row: Floats): void {
  if (!row.every(Number.isFinite)) row.fill(NaN);
  else if (probabilities === 'softmax') softmax(row, temperature);
  else nearestDistribution(row);
}

/** Stable for outputs of any size, since no exponent is above 0. */
function softmax(row: Floats, temperature: number): void {
  const largest = largestOf(row);
  let sum = 0;
  for (const output of row) sum += Math.exp((output - largest) / temperature);
  for (let c = 0; c < row.length; c++) row[c] = Math.exp((row[c] - largest) / temperature) / sum;
}

/**
 * A network trained by least squares on one-hot targets estimates the probabilities themselves, except that they may lie
 * outside 0 to 1 and need not sum to 1. This gives the nearest distribution, which is the Euclidean projection of the outputs
 * onto the simplex: J. Duchi et al., "Efficient Projections onto the l1-Ball for Learning in High Dimensions", 2008, figure 1.
 * It depends on the differences between outputs alone. Subtracting the largest output first keeps the bits of these
 * differences, however large the outputs are.
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
