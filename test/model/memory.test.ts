import { expect, test } from 'vitest';
import { trainingMemoryBytes } from '../../src/model/memory.js';
import type { NetworkSpec } from '../../src/model/network.js';

const mnist = { count: 70_000, width: 784 };

test('the estimate adds up parameters, activations and data', () => {
  const reference: NetworkSpec = { inputs: 784, hidden: [{ units: 256, activation: 'relu' }], outputs: 10 };
  const parameters = 7 * 4 * 203_530;
  const activations = 4 * 64 * (784 + 2 * (256 + 10));
  const data = 70_000 * (784 + 1 + 4);
  expect(trainingMemoryBytes(reference, 64, mnist)).toBe(parameters + activations + data);
});

test('the estimate answers for a network that no machine could hold', () => {
  const hidden = Array.from({ length: 8 }, () => ({ units: 1e12, activation: 'relu' as const }));
  const bytes = trainingMemoryBytes({ inputs: 784, hidden, outputs: 10 }, 64, mnist);
  expect(bytes).toBeGreaterThan(7 * 4 * 7e24);
  expect(bytes).toBeLessThan(7 * 4 * 7.1e24);
});
