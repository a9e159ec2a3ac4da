/**
 * Which training rows are set apart for validation: a pure function of seed and row. They can be counted without reading
 * the dataset, and every attempt of a job sets the same ones apart.
 */
import { fillUniform } from '../lib/philox.js';
import type { Samples } from './dataset.js';

export interface ValidationSplit {
  seed: number;
  /** Of the training rows, about. 0: none. */
  fraction: number;
}

export interface SplitRows {
  /** Ascending. */
  train: Uint32Array;
  /** Ascending. */
  validation: Uint32Array;
}

/** Row r is a validation row where its uniform number is below the fraction. */
export function splitRows(count: number, { seed, fraction }: ValidationSplit): SplitRows {
  const uniform = new Float32Array(count);
  fillUniform({ seed, purpose: 'validation', part: 0, step: 0 }, 0, uniform);
  const [train, validation]: [number[], number[]] = [[], []];
  uniform.forEach((number, row) => (number < fraction ? validation : train).push(row));
  return { train: Uint32Array.from(train), validation: Uint32Array.from(validation) };
}

/** The training samples in two: those to learn from, and those to validate with. Without validation nothing is copied. */
export function splitSamples(
  samples: Samples,
  split: ValidationSplit,
): Record<'train' | 'validation', Samples> {
  if (split.fraction === 0) return { train: samples, validation: rowsOf(samples, new Uint32Array()) };
  const rows = splitRows(samples.count, split);
  return { train: rowsOf(samples, rows.train), validation: rowsOf(samples, rows.validation) };
}

function rowsOf({ count, width, inputs, targets, weights }: Samples, rows: Uint32Array): Samples {
  return {
    count: rows.length,
    width,
    inputs: gathered(inputs, width, rows),
    targets: gathered(targets, targets.length / count, rows),
    weights: weights && gathered(weights, 1, rows),
  };
}

type Column = Samples['inputs'] | Samples['targets'];

/** `column` (count, width) → (rows.length, width) */
function gathered<Numbers extends Column>(column: Numbers, width: number, rows: Uint32Array): Numbers {
  const Numbers = column.constructor as new (length: number) => Numbers;
  const chosen = new Numbers(rows.length * width);
  rows.forEach((row, i) => chosen.set(column.subarray(row * width, (row + 1) * width), i * width));
  return chosen;
}
