import { expect, test } from 'vitest';
import {
  clipFactor,
  emaDecayAt,
  optimizerAt,
  optimizerSlots,
  optimizerTypes,
  type OptimizerSpec,
} from '../../../src/model/network/optimizers.js';

const rates = { learning_rate: 0.1, epsilon: 1e-8, weight_decay: 0 };
const sgd = { type: 'sgd', learning_rate: 0.1, weight_decay: 0 } as const;

test.each<[OptimizerSpec, string[]]>([
  [{ type: 'adam', ...rates, beta1: 0.9, beta2: 0.999 }, ['exp_avg', 'exp_avg_sq']],
  [{ type: 'adamw', ...rates, beta1: 0.9, beta2: 0.999 }, ['exp_avg', 'exp_avg_sq']],
  [{ ...sgd, momentum: 0, nesterov: false }, []],
  [{ ...sgd, momentum: 0.9, nesterov: true }, ['momentum_buffer']],
  [{ type: 'rmsprop', ...rates, alpha: 0.99 }, ['square_avg']],
  [{ type: 'adam', ...rates, beta1: 0.9, beta2: 0.999, ema: 0.99 }, ['exp_avg', 'exp_avg_sq', 'live']],
  [{ ...sgd, momentum: 0, nesterov: false, ema: 0.9, clip_norm: 1 }, ['live']],
])('%o keeps %j', (spec, slots) => {
  expect(optimizerSlots(spec)).toEqual(slots);
  expect(optimizerTypes).toContain(spec.type);
});

test('an optimiser without a schedule is the same at every step', () => {
  const spec = { type: 'rmsprop', ...rates, alpha: 0.99 } as const;
  expect(optimizerAt(spec, 5, 10)).toBe(spec);
});

test('a schedule changes nothing but the learning rate, and counts steps from 1', () => {
  const spec = {
    ...sgd,
    momentum: 0.9,
    nesterov: true,
    schedule: { type: 'constant', warmup: 0.4 },
  } as const;
  expect([1, 2, 3, 4, 10].map((step) => optimizerAt(spec, step, 10).learning_rate)).toEqual(
    [0.25, 0.5, 0.75, 1, 1].map((factor) => 0.1 * factor),
  );
  expect(optimizerAt(spec, 1, 10)).toEqual({ ...spec, learning_rate: 0.025 });
});

test('the decay of averages grows with the steps up to its bound', () => {
  expect([1, 8, 90, 1_000_000].map((step) => emaDecayAt(0.99, step))).toEqual([2 / 11, 0.5, 0.91, 0.99]);
});

test('gradients are scaled only where their norm is too large', () => {
  expect(clipFactor(2, 1)).toBe(1);
  expect(clipFactor(2, 4)).toBeCloseTo(0.5, 6);
  expect(clipFactor(2, NaN)).toBeNaN();
});
