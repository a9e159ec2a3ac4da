import { describe, expect, test } from 'vitest';
import {
  crossEntropyBackward,
  crossEntropyForward,
} from '../../../../src/model/engines/reference/cross-entropy.js';
import { expectClose } from '../close.js';

const rounding = { absolute: 1e-15, relative: 1e-14 };

function lossOf(logits: number[], label: number): number {
  return crossEntropyForward([Float64Array.from(logits)], Uint8Array.of(label));
}

function gradientOf(logits: number[], label: number): Float64Array {
  const gradient = new Float64Array(logits.length);
  crossEntropyBackward([gradient], [Float64Array.from(logits)], Uint8Array.of(label));
  return gradient;
}

describe('the loss', () => {
  test.each<[string, number[], number, number]>([
    ['log n for n equal logits', [3, 3, 3, 3], 2, Math.log(4)],
    ['log(1 + e) one below the largest of two', [1, 0], 1, 1.3132616875182228],
    ['log(1 + 1/e) one above the other', [1, 0], 0, 0.31326168751822286],
    ['0 for a single class', [-7], 0, 0],
    ['0 where the right logit is far above', [1e4, -1e4, 0], 0, 0],
    ['the distance where the right logit is far below', [1e4, -1e4, 0], 1, 2e4],
    ['log n for n equal logits far from 0', [-1e4, -1e4], 0, Math.log(2)],
  ])('is %s', (_, logits, label, expected) => {
    // Beside 1e4 a loss is rounded to about 1e-12.
    expectClose('loss', [lossOf(logits, label)], [expected], { absolute: 2e-12, relative: 1e-15 });
  });

  test('adds up over the batch', () => {
    const logits = [Float64Array.of(1, 0), Float64Array.of(1, 0), Float64Array.of(0, 5)];
    const expected = lossOf([1, 0], 0) + lossOf([1, 0], 1) + lossOf([0, 5], 1);
    expectClose('loss', [crossEntropyForward(logits, Uint8Array.of(0, 1, 1))], [expected], rounding);
  });

  test('is NaN when a logit is', () => {
    expect(lossOf([0, NaN], 0)).toBeNaN();
    expect(lossOf([NaN, 0], 1)).toBeNaN();
  });
});

describe('the gradient', () => {
  test('is the probabilities less the target, over the batch', () => {
    const logits = [Float64Array.of(1, 0), Float64Array.of(2, 2)];
    const gradient = [new Float64Array(2), new Float64Array(2)];
    crossEntropyBackward(gradient, logits, Uint8Array.of(1, 0));
    const p = 0.7310585786300049;
    expectClose('first', gradient[0], [p / 2, -p / 2], rounding);
    expectClose('second', gradient[1], [-1 / 4, 1 / 4], rounding);
  });

  test('is finite for extreme logits', () => {
    expect([...gradientOf([1e4, -1e4, 0], 0)]).toEqual([0, 0, 0]);
    expect([...gradientOf([1e4, -1e4, 0], 1)]).toEqual([1, -1, 0]);
  });

  test('agrees with central differences', () => {
    const logits = [0.3, -1.2, 2.1, 0];
    const h = 1e-5;
    const numeric = logits.map((_, i) => {
      const moved = (by: number) => logits.map((logit, j) => (i === j ? logit + by : logit));
      return (lossOf(moved(h), 3) - lossOf(moved(-h), 3)) / (2 * h);
    });
    // The difference quotient is off by about h² and by 1e-16 / h.
    expectClose('gradient', gradientOf(logits, 3), numeric, { absolute: 1e-9, relative: 0 });
  });
});
