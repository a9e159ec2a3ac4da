import { expect, test } from 'vitest';
import { sumSquaredErrors } from '../../../src/model/metrics/squared-errors.js';

// Values of four samples, of which the last and the first two have been seen, in that order. The errors are
// 2 and −1, 0 and 3, −2 and 1.
const values = Float32Array.of(1, 10, 2, 20, 99, 99, 3, 30);
const seen = { rows: Uint32Array.of(3, 0, 1), outputs: Float32Array.of(5, 29, 1, 13, 0, 21) };

test('the squared errors are summed over samples and outputs', () => {
  expect(sumSquaredErrors(seen, values)).toBe(4 + 1 + 0 + 9 + 4 + 1);
});

test('each error is taken in the unit of its output', () => {
  expect(sumSquaredErrors(seen, values, [10, 2])).toBe(100 * (4 + 0 + 4) + 4 * (1 + 9 + 1));
});

test('the sum is 0 where nothing has been seen', () => {
  expect(sumSquaredErrors({ rows: new Uint32Array(), outputs: new Float32Array() }, values)).toBe(0);
});
