import { expect, test } from 'vitest';
import { countCorrect } from '../../../../src/model/engines/reference/loss.js';

test.each([
  { outputs: [0, 2, 1], right: [1] },
  { outputs: [0, 2, 2], right: [1] },
  { outputs: [-1, -2, -3], right: [0] },
])('of $outputs the right answer is $right, the lowest of equals', ({ outputs, right }) => {
  const row = Float64Array.from(outputs);
  expect([0, 1, 2].filter((label) => countCorrect([row], Uint8Array.of(label)) === 1)).toEqual(right);
});

test('the right answers of a batch are counted', () => {
  const outputs = [Float64Array.of(1, 0), Float64Array.of(1, 0), Float64Array.of(0, 5)];
  expect(countCorrect(outputs, Uint8Array.of(0, 1, 1))).toBe(2);
});
