import { expect, test } from 'vitest';
import { countCorrect } from '../../../src/model/metrics/classification.js';

test.each([
  { outputs: [0, 2, 1], right: [1] },
  { outputs: [0, 2, 2], right: [1] },
  { outputs: [-1, -2, -3], right: [0] },
])('of $outputs the right answer is $right, the lowest of equals', ({ outputs, right }) => {
  const seen = { rows: Uint32Array.of(0), outputs: Float32Array.from(outputs) };
  expect([0, 1, 2].filter((index) => countCorrect(seen, [index]) === 1)).toEqual(right);
});

test('the right answers are counted, each row against the class of its sample', () => {
  const seen = { rows: Uint32Array.of(3, 0, 2), outputs: Float32Array.of(1, 0, 1, 0, 0, 5) };
  expect(countCorrect(seen, Uint16Array.of(1, 9, 1, 0))).toBe(2);
});

test('nothing seen is nothing right', () => {
  expect(countCorrect({ rows: new Uint32Array(), outputs: new Float32Array() }, [1])).toBe(0);
});
