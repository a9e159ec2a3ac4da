import { describe, expect, test } from 'vitest';
import { reluBackward, reluForward } from '../../../../src/model/engines/reference/activation.js';

describe('ReLU', () => {
  test('keeps what is positive and makes the rest 0', () => {
    const row = Float32Array.of(-2, -0, 0, 1e-45, 3, Infinity, -Infinity);
    reluForward([row]);
    expect([...row]).toEqual([0, 0, 0, Math.fround(1e-45), 3, Infinity, 0]);
  });

  test('lets the gradient through where it was positive, and not at 0', () => {
    const gradient = Float32Array.of(5, -6, 7);
    reluBackward([gradient], [Float32Array.of(0, 2, 1e-45)]);
    expect([...gradient]).toEqual([0, -6, 7]);
  });

  test('hides no NaN', () => {
    const row = Float32Array.of(NaN);
    const gradient = Float32Array.of(NaN);
    reluForward([row]);
    reluBackward([gradient], [row]);
    expect([row[0], gradient[0]]).toEqual([NaN, NaN]);
  });
});
