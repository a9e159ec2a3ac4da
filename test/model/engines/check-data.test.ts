import { describe, expect, test } from 'vitest';
import { checkData } from '../../../src/model/engines/check-data.js';
import type { Samples, TrainingProgram } from '../../../src/model/engines/engine.js';

type Program = Pick<TrainingProgram, 'network' | 'loss' | 'scaling'>;

const images: Program = {
  network: { inputs: 2, hidden: [], outputs: 3 },
  loss: 'cross_entropy',
  scaling: { divide_by: 255, mean: 0, std: 1 },
};
const image: Samples = {
  count: 2,
  width: 2,
  inputs: Uint8Array.of(1, 2, 3, 4),
  targets: Uint8Array.of(0, 2),
  weights: null,
};
const table: Program = { network: { inputs: 2, hidden: [], outputs: 1 }, loss: 'mse', scaling: null };
const row: Samples = {
  count: 2,
  width: 2,
  inputs: Float32Array.of(0.5, -1, 0, 2),
  targets: Float32Array.of(3, -4),
  weights: Float32Array.of(0, 2),
};
const none = { count: 0, inputs: new Uint8Array(), targets: new Uint8Array() };

test('data that fits is accepted, also without validation and test samples', () => {
  const empty = { ...image, ...none };
  expect(() => checkData(images, { train: image, validation: empty, test: image })).not.toThrow();
  expect(() => checkData(images, { train: image, validation: empty, test: empty })).not.toThrow();
  expect(() => checkData(table, { train: row, validation: row, test: row })).not.toThrow();
});

function expectRefusal(program: Program, good: Samples, bad: Samples, problem: string): void {
  for (const split of ['train', 'validation', 'test'] as const) {
    const data = { train: good, validation: good, test: good, [split]: bad };
    expect(() => checkData(program, data)).toThrow(
      expect.objectContaining({ code: 'DATASET_CORRUPT', message: `The ${split} split ${problem}.` }),
    );
  }
}

test('a train split without samples is refused', () => {
  const data = { train: { ...image, ...none }, validation: image, test: image };
  expect(() => checkData(images, data)).toThrow('The train split has no samples.');
});

describe('of bytes and classes, a split is refused with', () => {
  test.each<[string, Partial<Samples>, string]>([
    ['another width', { width: 4, count: 1 }, 'is 4 wide, the network takes 2'],
    ['too few inputs', { inputs: Uint8Array.of(1, 2, 3) }, 'has 3 inputs, not 2 × 2'],
    ['float32 inputs', { inputs: row.inputs }, 'has float32 inputs, and the program scales bytes'],
    ['too few classes', { targets: Uint8Array.of(0) }, 'has 1 classes for 2 samples'],
    [
      'an unknown class',
      { targets: Uint32Array.of(0, 70_000) },
      'has the class 70000, the network 3 classes',
    ],
    ['values', { targets: row.targets }, 'has values as targets, and cross_entropy learns classes'],
  ])('%s', (_, change, problem) => {
    expectRefusal(images, image, { ...image, ...change }, problem);
  });
});

describe('of float32 numbers and values, a split is refused with', () => {
  test.each<[string, Partial<Samples>, string]>([
    ['bytes', { inputs: image.inputs }, 'has bytes as inputs, and the program does not scale them'],
    ['an infinite input', { inputs: Float32Array.of(0, 0, 0, Infinity) }, 'has an input that is not finite'],
    ['too few values', { targets: Float32Array.of(1) }, 'has 1 target values, not 2 × 1'],
    ['a value that is not a number', { targets: Float32Array.of(1, NaN) }, 'has a target that is not finite'],
    ['classes', { targets: image.targets }, 'has classes as targets, and mse learns values'],
    ['too few weights', { weights: Float32Array.of(1) }, 'has 1 weights for 2 samples'],
    ['a negative weight', { weights: Float32Array.of(1, -1) }, 'has a weight that is negative or not finite'],
  ])('%s', (_, change, problem) => {
    expectRefusal(table, row, { ...row, ...change }, problem);
  });
});
