import { expect, test } from 'vitest';
import { optimizerSlots, optimizerTypes, type OptimizerSpec } from '../../../src/model/network/optimizers.js';

const rates = { learning_rate: 0.1, epsilon: 1e-8, weight_decay: 0 };
const sgd = { type: 'sgd', learning_rate: 0.1, weight_decay: 0 } as const;

test.each<[OptimizerSpec, string[]]>([
  [{ type: 'adam', ...rates, beta1: 0.9, beta2: 0.999 }, ['exp_avg', 'exp_avg_sq']],
  [{ type: 'adamw', ...rates, beta1: 0.9, beta2: 0.999 }, ['exp_avg', 'exp_avg_sq']],
  [{ ...sgd, momentum: 0, nesterov: false }, []],
  [{ ...sgd, momentum: 0.9, nesterov: true }, ['momentum_buffer']],
  [{ type: 'rmsprop', ...rates, alpha: 0.99 }, ['square_avg']],
])('%o keeps %j', (spec, slots) => {
  expect(optimizerSlots(spec)).toEqual(slots);
  expect(optimizerTypes).toContain(spec.type);
});
