import { describe, expect, test } from 'vitest';
import { applyHead, classHead, type Head } from '../../../src/model/heads/head.js';
import { meanOutputs } from '../../../src/model/heads/mean-outputs.js';

const labels = ['a', 'b', 'c'];
/** (2, 3) of three members. */
const members = [
  [1, 2, 0.5, -3, 0, 4],
  [0.2, -1, 0.3, 8, 1, 1],
  [0, 0, 0, -0.5, 0.25, 0.125],
].map((outputs) => Float32Array.from(outputs));

/** The mean of what the head makes of each member's outputs. */
function meanOfResults(head: Head, of = members): number[] {
  const results = of.map((outputs) => applyHead(head, Float64Array.from(outputs)));
  return Array.from(results[0], (_, i) => results.reduce((sum, each) => sum + each[i], 0) / of.length);
}

describe('the head of an ensemble', () => {
  test.each<[string, Head]>([
    ['a softmax', classHead('cross_entropy', labels)],
    ['a projection', classHead('one_hot_mse', labels)],
    ['values', { kind: 'values', names: labels }],
    [
      'values in their unit',
      { kind: 'values', names: labels, scaling: [1, 10, 100].map((std) => ({ mean: -std, std })) },
    ],
  ])('gives the mean of what it makes of each member: %s', (_, head) => {
    const results = applyHead(head, meanOutputs(head, members));
    const expected = meanOfResults(head);
    results.forEach((result, i) => expect(result).toBeCloseTo(expected[i], 5));
    // Otherwise this would have shown nothing: the mean of the outputs is not that of the probabilities.
    if (head.kind !== 'classes') return;
    const plain: Head = { kind: 'values', names: labels };
    const other = applyHead(head, meanOutputs(plain, members));
    expect(other.some((result, i) => Math.abs(result - expected[i]) > 0.01)).toBe(true);
  });

  test('divides the logarithms of the mean probabilities by its temperature', () => {
    const plain = classHead('cross_entropy', labels);
    const calibrated = { ...plain, temperature: 2 };
    const powers = meanOfResults(plain).map(Math.sqrt);
    const results = applyHead(calibrated, meanOutputs(calibrated, members));
    results.forEach((result, i) => {
      const row = powers.slice(3 * Math.floor(i / 3), 3 * Math.floor(i / 3) + 3);
      expect(result).toBeCloseTo(powers[i] / row.reduce((sum, power) => sum + power), 5);
    });
  });

  test('is not disturbed by outputs of any size', () => {
    const head = classHead('cross_entropy', labels);
    const certain = [
      [3e38, -3e38, 0],
      [-1e30, 1e30, 0],
    ].map((outputs) => Float32Array.from(outputs));
    expect([...applyHead(head, meanOutputs(head, certain))]).toEqual([0.5, 0.5, 0]);
  });

  test.each<[string, Head]>([
    ['softmax', classHead('cross_entropy', labels)],
    ['projection', classHead('one_hot_mse', labels)],
    ['values', { kind: 'values', names: labels }],
  ])('has no result where an output of a member is not finite: %s', (_, head) => {
    const [first, second, third] = members;
    const broken = second.slice();
    broken[4] = Infinity;
    const results = applyHead(head, meanOutputs(head, [first, broken, third]));
    expect(Number.isNaN(results[4])).toBe(true);
    expect(results.slice(0, 3).every(Number.isFinite)).toBe(true);
  });
});
