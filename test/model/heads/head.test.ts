import { describe, expect, test } from 'vitest';
import { classLosses, type ClassLoss } from '../../../src/model/network/losses.js';
import {
  applyHead,
  classHead,
  labelsOf,
  refuseOverflow,
  requireLabels,
  type Head,
} from '../../../src/model/heads/head.js';
import { namedValues } from '../../../src/model/heads/named-values.js';
import { expectClose } from '../engines/close.js';

const rounding = { absolute: 1e-15, relative: 1e-14 };

function probabilitiesOf(loss: ClassLoss, outputs: number[]): Float64Array {
  const labels = outputs.map((_, index) => `class ${index}`);
  return applyHead(classHead(loss, labels), Float64Array.from(outputs));
}

describe('after cross-entropy', () => {
  test.each([
    { outputs: [1, 0], expected: [0.7310585786300049, 0.2689414213699951] },
    { outputs: [9, 9, 9], expected: [1 / 3, 1 / 3, 1 / 3] },
    { outputs: [1e4, -1e4, 0], expected: [1, 0, 0] },
    { outputs: [-3], expected: [1] },
  ])('$outputs are the softmax', ({ outputs, expected }) => {
    expectClose('probabilities', probabilitiesOf('cross_entropy', outputs), expected, rounding);
  });
});

describe('after the mean squared error', () => {
  test.each([
    { outputs: [0.2, 0.5, 0.3], expected: [0.2, 0.5, 0.3], why: 'a distribution is its own' },
    { outputs: [0, 0, 0, 0], expected: [0.25, 0.25, 0.25, 0.25], why: 'equals stay equal' },
    { outputs: [0.9, 0.3], expected: [0.8, 0.2], why: 'an excess is taken off all alike' },
    { outputs: [0.75, 0.35, -0.5], expected: [0.7, 0.3, 0], why: 'none falls below 0' },
    { outputs: [5, 3, 1], expected: [1, 0, 0], why: 'none rises above 1' },
    { outputs: [-7, -7.5], expected: [0.75, 0.25], why: 'only differences count' },
    { outputs: [-3], expected: [1], why: 'one class is certain' },
    { outputs: [3e38, -3e38, 0], expected: [1, 0, 0], why: 'however large' },
    { outputs: [3e38, 3e38, 0], expected: [0.5, 0.5, 0], why: 'however large and equal' },
  ])('$outputs are $expected: $why', ({ outputs, expected }) => {
    expectClose('probabilities', probabilitiesOf('one_hot_mse', outputs), expected, rounding);
  });

  test('they are the nearest distribution: what is taken off is the same where any is left, and no more elsewhere', () => {
    // The conditions of Karush, Kuhn and Tucker, on 100 outputs between −0.5 and 0.5.
    const outputs = Array.from({ length: 100 }, (_, i) => Math.sin(i * i) / 2);
    const probabilities = probabilitiesOf('one_hot_mse', outputs);
    const gaps = outputs.map((output, i) => output - probabilities[i]);
    const shift = Math.max(...gaps);
    expectClose('sum', [probabilities.reduce((a, b) => a + b)], [1], { absolute: 1e-14, relative: 0 });
    probabilities.forEach((probability, i) => {
      expect(probability).toBeGreaterThanOrEqual(0);
      if (probability > 0) expectClose('gap', [gaps[i]], [shift], rounding);
    });
  });
});

describe.each(classLosses)('after %s', (loss) => {
  test.each([NaN, Infinity, -Infinity])('an output of %d leaves no probability', (output) => {
    expect([...probabilitiesOf(loss, [0, output, 1])]).toEqual([NaN, NaN, NaN]);
  });
});

describe('a value head', () => {
  const head: Head = { kind: 'values', names: ['price', 'area'] };

  test('leaves the outputs as they are, and has no labels', () => {
    expect([...applyHead(head, Float64Array.of(-1, 2.5))]).toEqual([-1, 2.5]);
    expect(labelsOf(head)).toEqual([]);
    expect(() => requireLabels(head)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  });

  test('names each value, unless there is only one', () => {
    expect(namedValues(Float32Array.of(1, 2, 3, 4), head.names)).toEqual([
      { values: { price: 1, area: 2 } },
      { values: { price: 3, area: 4 } },
    ]);
    expect(namedValues(Float32Array.of(1, 2), ['price'])).toEqual([{ value: 1 }, { value: 2 }]);
  });

  test.each([NaN, Infinity, -Infinity])('refuses the sample with an output of %d', (output) => {
    const results = Float32Array.of(1, 2, 3, output);
    const refusal = { code: 'INVALID_REQUEST', pointer: '/inputs/1' };
    expect(() => refuseOverflow(results, 2)).toThrow(expect.objectContaining(refusal));
    expect(() => refuseOverflow(results.subarray(0, 2), 2)).not.toThrow();
  });
});
