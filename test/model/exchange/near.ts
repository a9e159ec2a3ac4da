/** Compares documents whose numbers may differ by rounding. */
import { expect } from 'vitest';

/** Of the numbers themselves, or of 1 where they are smaller. */
const tolerance = 1e-5;

/** The same, except that each number may be so far off. */
export function expectNear(actual: unknown, expected: unknown): void {
  expect(rounded(actual, expected)).toEqual(expected);
}

/** `actual` with each number that is near enough replaced by the expected one. */
function rounded(actual: unknown, expected: unknown): unknown {
  if (typeof actual === 'number' && typeof expected === 'number') {
    return Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)) ? expected : actual;
  }
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((each, i) => rounded(each, expected[i]));
  }
  if (isObject(actual) && isObject(expected)) {
    return Object.fromEntries(
      Object.entries(actual).map(([name, each]) => [name, rounded(each, expected[name])]),
    );
  }
  return actual;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
