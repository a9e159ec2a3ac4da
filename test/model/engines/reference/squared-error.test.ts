import { describe, expect, test } from 'vitest';
import {
  squaredErrorBackward,
  squaredErrorForward,
} from '../../../../src/model/engines/reference/squared-error.js';
import { expectClose } from '../close.js';

const rounding = { absolute: 1e-15, relative: 1e-14 };
const outputs = [Float64Array.of(1, 0, 0.5), Float64Array.of(2, -2, 0.25)];
const labels = Uint8Array.of(1, 0);

// By torch.nn.MSELoss in float64 on one-hot targets, which is the mean over the batch.
test('the loss is the sum over the batch of the means over the classes', () => {
  expectClose('loss', [squaredErrorForward(outputs, labels)], [2 * 1.21875], rounding);
});

test('the gradient is that of the batch’s mean', () => {
  const gradient = [new Float64Array(3), new Float64Array(3)];
  squaredErrorBackward(gradient, outputs, labels);
  expectClose('first', gradient[0], [1 / 3, -1 / 3, 1 / 6], rounding);
  expectClose('second', gradient[1], [1 / 3, -2 / 3, 1 / 12], rounding);
});

describe('an output that is not a number', () => {
  test('shows in the loss and in its own gradient', () => {
    const gradient = [new Float64Array(2)];
    squaredErrorBackward(gradient, [Float64Array.of(NaN, 1)], Uint8Array.of(1));
    expect([...gradient[0]]).toEqual([NaN, 0]);
    expect(squaredErrorForward([Float64Array.of(NaN, 1)], Uint8Array.of(1))).toBeNaN();
  });
});
