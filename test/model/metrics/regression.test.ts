import { describe, expect, test } from 'vitest';
import {
  regressionFigures,
  sumAbsoluteErrors,
  sumSquaredErrors,
} from '../../../src/model/metrics/regression.js';

// Values of four samples, of which the last and the first two have been seen, in that order. The errors are
// 2 and −1, 0 and 3, −2 and 1.
const values = Float32Array.of(1, 10, 2, 20, 99, 99, 3, 30);
const seen = { rows: Uint32Array.of(3, 0, 1), outputs: Float32Array.of(5, 29, 1, 13, 0, 21) };

describe('the sums over samples and outputs', () => {
  test('are of the squared errors', () => {
    expect(sumSquaredErrors(seen, values)).toBe(4 + 1 + 0 + 9 + 4 + 1);
  });

  test('are of the absolute errors', () => {
    expect(sumAbsoluteErrors(seen, values)).toBe(2 + 1 + 0 + 3 + 2 + 1);
  });

  test('are 0 where nothing has been seen', () => {
    const nothing = { rows: new Uint32Array(), outputs: new Float32Array() };
    expect([sumSquaredErrors(nothing, values), sumAbsoluteErrors(nothing, values)]).toEqual([0, 0]);
  });
});

describe('the figures of each output', () => {
  test('are those worked out by hand', () => {
    // The first output’s values 3, 1, 2 vary by 1 + 1 + 0 about their mean; the second’s by 100 + 100 + 0.
    expect(regressionFigures(seen, values)).toEqual([
      { rmse: Math.sqrt(8 / 3), mae: 4 / 3, r2: 1 - 8 / 2 },
      { rmse: Math.sqrt(11 / 3), mae: 5 / 3, r2: 1 - 11 / 200 },
    ]);
  });

  test('are 0, 0 and 1 where every output is right', () => {
    const right = { rows: Uint32Array.of(0, 1), outputs: Float32Array.of(1, 10, 2, 20) };
    const perfect = { rmse: 0, mae: 0, r2: 1 };
    expect(regressionFigures(right, values)).toEqual([perfect, perfect]);
  });

  test('have no R² where the values do not vary', () => {
    const one = { rows: Uint32Array.of(0), outputs: Float32Array.of(2, 10) };
    expect(regressionFigures(one, values)).toEqual([
      { rmse: 1, mae: 1, r2: null },
      { rmse: 0, mae: 0, r2: null },
    ]);
  });
});
