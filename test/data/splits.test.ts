import { describe, expect, test } from 'vitest';
import type { Samples } from '../../src/data/dataset.js';
import { splitRows, splitSamples } from '../../src/data/splits.js';

const rowsOf = (count: number): number[] => Array.from({ length: count }, (_, row) => row);

describe('the rows of a split', () => {
  test.each([0.01, 0.1, 0.5])('are each in one of the two, about %d of them for validation', (fraction) => {
    const count = 60_000;
    const { train, validation } = splitRows(count, { seed: 3, fraction });
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(rowsOf(count));
    // Five standard deviations of a binomial distribution.
    const slack = 5 * Math.sqrt(count * fraction * (1 - fraction));
    expect(Math.abs(validation.length - count * fraction)).toBeLessThan(slack);
  });

  test('come in their order', () => {
    const { train, validation } = splitRows(1_000, { seed: 3, fraction: 0.3 });
    for (const rows of [train, validation]) expect(rows).toEqual(rows.toSorted());
  });

  test('are all to train on where nothing is to be set apart', () => {
    const { train, validation } = splitRows(10, { seed: 3, fraction: 0 });
    expect([...train]).toEqual(rowsOf(10));
    expect(validation).toHaveLength(0);
  });

  test('depend on seed and row alone', () => {
    const of = (count: number, seed: number): number[] => [
      ...splitRows(count, { seed, fraction: 0.2 }).validation,
    ];
    // Pinned: runs that were split so must be split so when they are resumed.
    expect(of(40, 0)).toEqual([4, 5, 7, 8, 22, 23, 25, 31, 33, 34, 37]);
    expect(of(1_000, 5).filter((row) => row < 100)).toEqual(of(100, 5));
    expect(of(1_000, 5)).not.toEqual(of(1_000, 6));
  });

  test('that are set apart for a smaller fraction are among those for a larger one', () => {
    const [fewer, more] = [0.1, 0.3].map((fraction) => splitRows(1_000, { seed: 1, fraction }).validation);
    expect(new Set(more)).toEqual(new Set([...more, ...fewer]));
  });
});

describe('the samples of a split', () => {
  const count = 50;
  const classes: Samples = {
    count,
    width: 2,
    inputs: Uint8Array.from({ length: 2 * count }, (_, i) => i),
    targets: Uint16Array.from({ length: count }, (_, row) => 300 + row),
    weights: Float32Array.from({ length: count }, (_, row) => row / 2),
  };
  const values: Samples = {
    ...classes,
    inputs: Float32Array.from(classes.inputs, (input) => input / 7),
    targets: Float32Array.from({ length: 3 * count }, (_, i) => -i),
    weights: null,
  };
  const split = { seed: 2, fraction: 0.4 };

  test.each([
    ['classes', classes],
    ['values', values],
  ])('keep their inputs, targets and weights, and the types of these: %s', (_, samples) => {
    const rows = splitRows(count, split);
    const parts = splitSamples(samples, split);
    const outputs = samples.targets.length / count;
    for (const name of ['train', 'validation'] as const) {
      const part = parts[name];
      expect(part).toMatchObject({ count: rows[name].length, width: 2 });
      expect(part.inputs.constructor).toBe(samples.inputs.constructor);
      expect(part.targets.constructor).toBe(samples.targets.constructor);
      rows[name].forEach((row, i) => {
        const at = (
          column: Float32Array | Samples['targets'] | Samples['inputs'],
          width: number,
          r: number,
        ) => [...column.subarray(r * width, (r + 1) * width)];
        expect(at(part.inputs, 2, i)).toEqual(at(samples.inputs, 2, row));
        expect(at(part.targets, outputs, i)).toEqual(at(samples.targets, outputs, row));
        expect(part.weights?.[i]).toEqual(samples.weights?.[row]);
      });
    }
  });

  test('are the same memory where none are set apart', () => {
    const { train, validation } = splitSamples(classes, { seed: 2, fraction: 0 });
    expect(train).toBe(classes);
    expect(validation).toMatchObject({ count: 0, width: 2 });
    expect([validation.inputs, validation.targets]).toEqual([new Uint8Array(), new Uint16Array()]);
  });
});
