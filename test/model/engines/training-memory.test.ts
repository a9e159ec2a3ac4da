import { expect, test } from 'vitest';
import { trainingMemoryBytes } from '../../../src/model/engines/training-memory.js';
import type { OptimizerSpec } from '../../../src/model/network/optimizers.js';

const mnist = { count: 70_000, width: 784 };
const hiddenOf = (units: number) => ({ units, activation: 'relu' as const, dropout: 0 });
const rates = { learning_rate: 0.1, epsilon: 1e-8, weight_decay: 0 };
const adam: OptimizerSpec = { type: 'adam', ...rates, beta1: 0.9, beta2: 0.999 };
const sgd = { type: 'sgd', learning_rate: 0.1, nesterov: false, weight_decay: 0 } as const;

// Parameters and slots twice, gradients once.
test.each<[OptimizerSpec, number]>([
  [adam, 7],
  [{ ...adam, type: 'adamw' }, 7],
  [{ type: 'rmsprop', ...rates, alpha: 0.99 }, 5],
  [{ ...sgd, momentum: 0.9 }, 5],
  [{ ...sgd, momentum: 0 }, 3],
])(
  'the estimate adds up parameters, activations and data: with %o, %i times the parameters',
  (optimizer, times) => {
    const network = { inputs: 784, hidden: [hiddenOf(256)], outputs: 10 };
    const parameters = times * 4 * 203_530;
    const activations = 4 * 64 * (784 + 2 * (256 + 10));
    const data = 70_000 * (784 + 1 + 4);
    expect(trainingMemoryBytes({ network, optimizer, batchSize: 64 }, mnist)).toBe(
      parameters + activations + data,
    );
  },
);

test('the estimate answers for a network that no machine could hold', () => {
  const hidden = Array.from({ length: 8 }, () => hiddenOf(1e12));
  const network = { inputs: 784, hidden, outputs: 10 };
  const bytes = trainingMemoryBytes({ network, optimizer: adam, batchSize: 64 }, mnist);
  expect(bytes).toBeGreaterThan(7 * 4 * 7e24);
  expect(bytes).toBeLessThan(7 * 4 * 7.1e24);
});
