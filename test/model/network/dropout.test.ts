import { describe, expect, test } from 'vitest';
import { dropoutScale, dropoutThreshold, fillDropoutFactors } from '../../../src/model/network/dropout.js';
import { fillWords } from '../../../src/lib/philox.js';

const at = { seed: 5, layer: 1, step: 3, row: 2, rate: 0.5 };

function factorsOf(place: typeof at, units: number): number[] {
  const factors = new Float64Array(units);
  fillDropoutFactors(place, factors);
  return [...factors];
}

describe('the factors', () => {
  // Worked out by another implementation. A change here would change what every recorded run with dropout learns.
  test.each([
    { place: at, kept: '0000100010001111101000001000010100101' },
    {
      place: { seed: 2 ** 40 + 7, layer: 0, step: 938, row: 63, rate: 0.1 },
      kept: '1111111110111111110111011111111001111',
    },
    { place: { ...at, rate: 0.3 }, kept: '0111101' },
    { place: { seed: 0, layer: 0, step: 0, row: 0, rate: 0.3 }, kept: '111111110111' },
  ])('are the known ones for $place', ({ place, kept }) => {
    const expected = Array.from(kept, (digit) => (digit === '1' ? dropoutScale(place.rate) : 0));
    expect(factorsOf(place, kept.length)).toEqual(expected);
  });

  test('are those of single words, a sample’s beginning with a whole block', () => {
    const { seed, layer, step, row, rate } = at;
    const stream = { seed, purpose: 'dropout', part: layer, step } as const;
    const expected = Array.from({ length: 10 }, (_, unit) => {
      const word = new Uint32Array(1);
      fillWords(stream, row * 12 + unit, word);
      return word[0] / 2 ** 32 < rate ? 0 : 2;
    });
    expect(factorsOf(at, 10)).toEqual(expected);
  });

  test.each([
    ['the seed', { seed: 6 }],
    ['the layer', { layer: 0 }],
    ['the step', { step: 4 }],
    ['the row', { row: 3 }],
  ])('are others when %s differs', (_, change) => {
    expect(factorsOf({ ...at, ...change }, 64)).not.toEqual(factorsOf(at, 64));
  });

  test('fill float32 with the same numbers', () => {
    const factors = new Float32Array(37);
    fillDropoutFactors({ ...at, rate: 0.1 }, factors);
    expect([...factors]).toEqual(factorsOf({ ...at, rate: 0.1 }, 37));
  });

  test.each([0.1, 0.5, 0.95])(
    'switch about %d of the units off, and keep the mean of their outputs',
    (rate) => {
      const rows = Array.from({ length: 1_000 }, (_, row) => factorsOf({ ...at, row, rate }, 99)).flat();
      const off = rows.filter((factor) => factor === 0).length / rows.length;
      const mean = rows.reduce((sum, factor) => sum + factor, 0) / rows.length;
      // Five standard errors: √(rate (1 − rate) / n) of the fraction, √(rate / (1 − rate) / n) of the mean.
      expect(Math.abs(off - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / rows.length));
      expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(rate / (1 - rate) / rows.length));
    },
  );

  test('switch nothing off at a rate of 0', () => {
    expect(new Set(factorsOf({ ...at, rate: 0 }, 1_000))).toEqual(new Set([1]));
  });
});

test('the threshold is the rate in the 24 bits that are compared, rounded up', () => {
  expect([0, 0.5, 0.1, 2 ** -24].map(dropoutThreshold)).toEqual([0, 2 ** 23, 1_677_722, 1]);
});

test('the scale is a float32', () => {
  expect(dropoutScale(0.5)).toBe(2);
  expect(dropoutScale(0.1)).toBe(Math.fround(1 / 0.9));
});
