import { describe, expect, test } from 'vitest';
import { dimensionsOf, placesOf } from '../../../src/jobs/search/dimensions.js';
import { drawsOf } from '../../../src/jobs/search/draws.js';
import { normalShare } from '../../../src/jobs/search/normal.js';
import { parzenEstimator } from '../../../src/jobs/search/parzen.js';
import type { Parameter } from '../../../src/jobs/search/space.js';

function estimatorOf(parameter: Parameter, values: readonly (string | number)[]) {
  const dimensions = dimensionsOf({ a: parameter });
  const place = (a: string | number) => placesOf(dimensions, { a });
  const mixture = parzenEstimator(dimensions, values.map(place));
  return { mixture, density: (a: string | number) => Math.exp(mixture.logDensity(place(a))) };
}

/** The same from Optuna 5.0.0: `_ParzenEstimator` with prior_weight 1, magic clip and without endpoints, `log_pdf`. */
describe('a density is that of Optuna', () => {
  test.each<[string, Parameter, (string | number)[], Record<string, number>]>([
    [
      'numbers',
      { min: -2, max: 3 },
      [0.5, -1.9, 0.6, 3],
      { '-2': -1.7989560164363014, '0.55': -1.5271403464865094, '2.9': -1.7496435764082667 },
    ],
    [
      'one number',
      { min: 0, max: 1 },
      [0.2],
      { 0: 0.008846912606699897, '0.2': 0.0626052913281201, 1: -0.21893498494037777 },
    ],
    [
      'numbers on a log scale',
      { min: 1e-4, max: 1, scale: 'log' },
      [0.001, 0.001, 0.2],
      { '0.0001': -2.353905182907572, '0.01': -2.1588555507257237, '0.9': -2.619244139413825 },
    ],
    [
      'integers',
      { min: 1, max: 9, integer: true },
      [2, 2, 9, 5],
      { 1: -2.047135718323244, 2: -1.8899908511111296, 8: -2.4796585080728604 },
    ],
    [
      'integers on a log scale',
      { min: 1, max: 512, scale: 'log', integer: true },
      [1, 64, 100],
      { 1: -2.1394170332205005, 8: -4.099990122216521, 512: -8.304238033778196 },
    ],
    [
      'values',
      { values: ['x', 'y', 'z'] },
      ['x', 'x', 'z'],
      { x: -0.7419373447293773, y: -1.6582280766035324, z: -1.0986122886681098 },
    ],
    [
      'many numbers, the older of which count less',
      { min: 0, max: 1 },
      [
        0.549, 0.715, 0.603, 0.545, 0.424, 0.646, 0.438, 0.892, 0.964, 0.383, 0.792, 0.529, 0.568, 0.926,
        0.071, 0.087, 0.02, 0.833, 0.778, 0.87, 0.979, 0.799, 0.461, 0.781, 0.118, 0.64, 0.143, 0.945, 0.522,
        0.415,
      ],
      { '0.1': 0.2691099573451785, '0.5': 0.11231430771714135, '0.99': 0.183344302128859 },
    ],
  ])('for %s', (_, parameter, values, expected) => {
    const { density } = estimatorOf(parameter, values);
    for (const [a, logDensity] of Object.entries(expected)) {
      expect(Math.log(density('values' in parameter ? a : Number(a)))).toBeCloseTo(logDensity, 9);
    }
  });
});

test('the densities of all integers have a sum of 1', () => {
  const { density } = estimatorOf({ min: 1, max: 40, scale: 'log', integer: true }, [3, 3, 17, 40]);
  const sum = Array.from({ length: 40 }, (_, index) => density(index + 1)).reduce((a, b) => a + b);
  expect(sum).toBeCloseTo(1, 12);
});

test.each<[string, Parameter, (string | number)[]]>([
  ['numbers', { min: -1, max: 1 }, [-0.9, 0.3, 0.31, 1]],
  ['integers', { min: 0, max: 6, integer: true }, [6, 6, 2]],
  ['values', { values: ['x', 'y', 'z'] }, ['y', 'y', 'z']],
])('%s are drawn by their density', (_, parameter, values) => {
  const { mixture } = estimatorOf(parameter, values);
  const draws = drawsOf(3, 1);
  const count = 20_000;
  const bin = (place: number) =>
    'values' in parameter || parameter.integer ? place : Math.floor(place * 4) / 4;
  const shares = new Map<number, number>();
  for (let draw = 0; draw < count; draw++) {
    const at = bin(mixture.draw(draws)[0]);
    shares.set(at, (shares.get(at) ?? 0) + 1 / count);
  }
  const shareOf = (at: number) => {
    if ('values' in parameter || parameter.integer) return Math.exp(mixture.logDensity(Float64Array.of(at)));
    const points = Array.from({ length: 250 }, (_each, index) => at + (index + 0.5) / 1000);
    return points.reduce(
      (sum, point) => sum + Math.exp(mixture.logDensity(Float64Array.of(point))) / 1000,
      0,
    );
  };
  // Four deviations of a share of 20,000 draws are 0.014 at most.
  for (const [at, share] of shares) expect(Math.abs(share - shareOf(at))).toBeLessThan(0.014);
});

test('shares of the normal distribution are those of tables', () => {
  expect(normalShare(-1, 1)).toBeCloseTo(0.682689492137086, 14);
  expect(normalShare(0, 1.959963984540054)).toBeCloseTo(0.475, 14);
  expect(normalShare(-Infinity, Infinity)).toBe(1);
  expect(normalShare(-40, -30)).toBe(0);
  expect(normalShare(2, 2)).toBe(0);
});
