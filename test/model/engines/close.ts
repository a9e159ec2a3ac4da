/** Comparison of numbers that rounding may set apart. */
import { expect } from 'vitest';

/** |actual − expected| ≤ absolute + relative · |expected| */
export interface Tolerance {
  absolute: number;
  relative: number;
}

export function expectClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute, relative }: Tolerance,
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    const allowed = absolute + relative * Math.abs(expected[i]);
    // Written so that a NaN on either side fails.
    if (!(Math.abs(actual[i] - expected[i]) <= allowed)) {
      expect.fail(`${what}[${i}] is ${actual[i]}, expected ${expected[i]} ± ${allowed}`);
    }
  }
}
