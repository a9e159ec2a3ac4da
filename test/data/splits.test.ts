import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Samples } from '../../src/data/dataset.js';
import {
  divideRows,
  rowsIn,
  splitNamed,
  splitRows,
  splitSamples,
  type TableSplit,
} from '../../src/data/splits.js';

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

describe('the rows of a table', () => {
  const all = (count: number): Uint8Array => new Uint8Array(count).fill(1);
  const table = { classes: null, column: null };
  const at = (by: TableSplit['by'], test = 0.2, validation = 0.1): TableSplit => ({
    by,
    column: null,
    test,
    validation,
  });
  const sizesOf = (codes: Uint8Array): number[] =>
    (['train', 'validation', 'test', 'left_out'] as const).map((split) => rowsIn(codes, split).length);
  const numbers = (values: number[]) => ({ kind: 'numbers' as const, values: Float64Array.from(values) });
  const levels = (...texts: string[]) => {
    const names = [...new Set(texts)].filter((text) => text !== '');
    return {
      kind: 'levels' as const,
      codes: Int32Array.from(texts, (text) => names.indexOf(text)),
      levels: names,
    };
  };

  test('at random are as many as the fractions say, and those without a target are left out', () => {
    const hasTarget = all(100).map((_, row) => (row < 10 ? 0 : 1));
    const codes = divideRows(at('random'), 3, { ...table, hasTarget });
    expect(sizesOf(codes)).toEqual([63, 9, 18, 10]);
    expect([...rowsIn(codes, 'left_out')]).toEqual(rowsOf(10));
  });

  test('at random depend on the seed', () => {
    const [one, same, other] = [1, 1, 2].map((seed) =>
      divideRows(at('random'), seed, { ...table, hasTarget: all(40) }),
    );
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
    // Pinned: jobs that divided their rows so must do so when they are resumed.
    expect([...rowsIn(one, 'test')]).toEqual(pinned.test);
    expect([...rowsIn(one, 'validation')]).toEqual(pinned.validation);
  });

  test('by classes are divided alike in each class, and a class with one row trains', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 0, max: 1_000 }),
        fc.constantFrom(0, 0.05, 0.1, 0.3, 0.5),
        fc.constantFrom(0, 0.1, 0.25),
        (counts, seed, test, validation) => {
          const classes = Int32Array.from(
            counts.flatMap((count, index) => new Array<number>(count).fill(index)),
          );
          const codes = divideRows(at('stratified', test, validation), seed, {
            hasTarget: all(classes.length),
            classes,
            column: null,
          });
          counts.forEach((count, index) => {
            const of = (split: 'train' | 'validation' | 'test'): number =>
              rowsIn(codes, split).filter((row) => classes[row] === index).length;
            expect(of('train')).toBeGreaterThan(0);
            expect(of('test')).toBeLessThanOrEqual(Math.ceil(count * test));
            expect(of('validation')).toBeLessThanOrEqual(Math.ceil(count * validation));
            if (count > 20) expect(of('test')).toBeGreaterThanOrEqual(Math.floor(count * test) - 1);
          });
          expect(Math.abs(rowsIn(codes, 'test').length - classes.length * test)).toBeLessThan(
            counts.length / 2 + 1,
          );
        },
      ),
    );
  });

  test('of many small classes have test rows all the same', () => {
    const classes = Int32Array.from({ length: 300 }, (_, row) => Math.floor(row / 3));
    const codes = divideRows(at('stratified', 0.1, 0.1), 0, { hasTarget: all(300), classes, column: null });
    expect(sizesOf(codes)).toEqual([240, 30, 30, 0]);
  });

  test('by time are in its order, and those without a time are left out', () => {
    const column = numbers([5, 1, NaN, 3, 3, 9, 0, 7, 8, 2, 6]);
    const codes = divideRows(at('time', 0.2, 0.2), 0, { hasTarget: all(11), classes: null, column });
    expect([...rowsIn(codes, 'test')]).toEqual([5, 8]);
    expect([...rowsIn(codes, 'validation')]).toEqual([7, 10]);
    expect([...rowsIn(codes, 'left_out')]).toEqual([2]);
  });

  test('by group stay together, and are about as many as the fractions say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 200, maxLength: 300 }),
        fc.nat(),
        (groups, seed) => {
          const codes = divideRows(at('group', 0.2, 0.2), seed, {
            hasTarget: all(groups.length),
            classes: null,
            column: numbers(groups),
          });
          for (const group of new Set(groups)) {
            expect(new Set(codes.filter((_, row) => groups[row] === group)).size).toBe(1);
          }
          const largest = Math.max(
            ...[...new Set(groups)].map((group) => groups.filter((each) => each === group).length),
          );
          for (const split of ['test', 'validation'] as const) {
            expect(Math.abs(rowsIn(codes, split).length - 0.2 * groups.length)).toBeLessThanOrEqual(largest);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('without a group are groups of their own', () => {
    const column = levels(...new Array<string>(50).fill(''));
    const codes = divideRows(at('group', 0.2, 0.2), 1, { hasTarget: all(50), classes: null, column });
    expect(sizesOf(codes)).toEqual([30, 10, 10, 0]);
  });

  test('by a column are what it says, and what it says nothing of is left out', () => {
    const column = levels('Train', 'VALID', 'holdout', '', 'train');
    const codes = divideRows(at('column', 0, 0), 0, { hasTarget: all(5), classes: null, column });
    expect([...codes]).toEqual([0, 1, 2, 3, 0]);
    expect(['dev', 'val', 'testing', 'training', 'x'].map(splitNamed)).toEqual([
      'validation',
      'validation',
      'test',
      'train',
      null,
    ]);
  });
});

const pinned = { test: [0, 10, 18, 23, 28, 31, 32, 34], validation: [6, 9, 16, 25] };
