import { expect, test } from 'vitest';
import { jackknifeInterval, wilsonInterval } from '../../../src/model/metrics/intervals.js';

/** From `statsmodels.stats.proportion.proportion_confint(…, method="wilson")`. */
test.each([
  [81, 100, 0.72222, 0.87488],
  [10, 10, 0.72247, 1],
  [0, 10, 0, 0.27753],
])('%d right of %d lie between %f and %f', (right, count, low, high) => {
  const interval = wilsonInterval(right, count);
  expect(interval[0]).toBeCloseTo(low, 4);
  expect(interval[1]).toBeCloseTo(high, 4);
});

test('the interval of a mean is that of its standard error', () => {
  const numbers = Float64Array.of(1, 2, 3, 6);
  const influence = numbers.map((each) => each - 3);
  const spread = 1.96 * Math.sqrt((4 + 1 + 0 + 9) / 16);
  const [low, high] = jackknifeInterval(3, influence);
  expect(low).toBeCloseTo(3 - spread, 3);
  expect(high).toBeCloseTo(3 + spread, 3);
  expect(jackknifeInterval(3, influence, [2, 4])).toEqual([2, 4]);
});
