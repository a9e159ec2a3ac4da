import { describe, expect, test } from 'vitest';
import type { TrainingProgram } from '../../../src/model/engines/engine.js';
import { trainingMemoryBytes } from '../../../src/model/engines/training-memory.js';
import type { OptimizerSpec } from '../../../src/model/network/optimizers.js';

const samples = { count: 70_000, hasWeights: false };
const images = {
  loss: 'cross_entropy',
  batchSize: 64,
  scaling: { divide_by: 255, mean: 0, std: 1 },
} as const;
const hiddenOf = (units: number) => ({ units, activation: 'relu' as const, dropout: 0 });
const rates = { learning_rate: 0.1, epsilon: 1e-8, weight_decay: 0 };
const adam: OptimizerSpec = { type: 'adam', ...rates, beta1: 0.9, beta2: 0.999 };
const sgd = { type: 'sgd', learning_rate: 0.1, nesterov: false, weight_decay: 0 } as const;

// Parameters and the optimiser’s state twice, gradients once.
test.each<[OptimizerSpec, number]>([
  [adam, 7],
  [{ ...adam, type: 'adamw' }, 7],
  [{ type: 'rmsprop', ...rates, alpha: 0.99 }, 5],
  [{ ...sgd, momentum: 0.9 }, 5],
  [{ ...sgd, momentum: 0 }, 3],
  // Averages are one more copy; gradients that are clipped are those counted already.
  [{ ...adam, ema: 0.99 }, 9],
  [{ ...sgd, momentum: 0, clip_norm: 1 }, 3],
])(
  'the estimate adds up parameters, activations and data: with %o, %i times the parameters',
  (optimizer, times) => {
    const network = { inputs: 784, hidden: [hiddenOf(256)], outputs: 10 };
    const parameters = times * 4 * 203_530;
    const activations = 4 * 64 * (784 + 2 * (256 + 10));
    const data = 70_000 * (784 + 1 + 4);
    expect(trainingMemoryBytes({ ...images, network, optimizer }, samples)).toBe(
      parameters + activations + data,
    );
  },
);

test('an ensemble takes what its members take when they are published together, where that is more', () => {
  const network = { inputs: 784, hidden: [hiddenOf(256)], outputs: 10 };
  const program = { ...images, network, optimizer: adam };
  const alone = trainingMemoryBytes(program, samples);
  const bytesOf = (members: number, startsWarm = false) =>
    (trainingMemoryBytes(program, samples, { members, startsWarm }) - alone) / (4 * 203_530);
  // Seven to train one member, and four for each to publish them.
  expect([1, 2, 5, 16].map((members) => bytesOf(members))).toEqual([0, 1, 13, 57]);
  // The members of the version that it starts from.
  expect(bytesOf(5, true)).toBe(18);
});

test('the estimate answers for a network that no machine could hold', () => {
  const hidden = Array.from({ length: 8 }, () => hiddenOf(1e12));
  const network = { inputs: 784, hidden, outputs: 10 };
  const bytes = trainingMemoryBytes({ ...images, network, optimizer: adam }, samples);
  expect(bytes).toBeGreaterThan(7 * 4 * 7e24);
  expect(bytes).toBeLessThan(7 * 4 * 7.1e24);
});

describe('the data takes', () => {
  const network = { inputs: 10, hidden: [], outputs: 300 };
  const program = { ...images, network, optimizer: adam };
  const bytesOf = (change: Partial<TrainingProgram>, hasWeights = false) => {
    const estimate = (count: number) => trainingMemoryBytes({ ...program, ...change }, { count, hasWeights });
    return estimate(1_000) - estimate(0);
  };

  test('a byte for each scaled input, and two for one of 300 classes', () => {
    expect(bytesOf({})).toBe(1_000 * (10 + 2 + 4));
  });

  test('four bytes for each float32 input, target value and weight', () => {
    expect(bytesOf({ scaling: null })).toBe(1_000 * (40 + 2 + 4));
    expect(bytesOf({ loss: 'mse' })).toBe(1_000 * (10 + 1_200 + 4));
    expect(bytesOf({}, true)).toBe(1_000 * (10 + 2 + 4 + 4));
  });
});
