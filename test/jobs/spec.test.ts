import { describe, expect, test } from 'vitest';
import type { JobRequest } from '../../src/jobs/contracts.js';
import { resolveSpec } from '../../src/jobs/spec.js';
import { createDatasetStore } from '../../src/data/dataset-store.js';

const mnist = createDatasetStore().info('mnist');
const gigabyte = 2 ** 30;
const resolve = (request: JobRequest, limitBytes = gigabyte) =>
  resolveSpec(request, mnist, { trainingMemoryLimitBytes: limitBytes }, new Date('2026-01-02T03:04:05Z'));

describe('an empty request', () => {
  test('is the reference work', () => {
    expect(resolve({})).toEqual({
      format_version: 1,
      model: 'mnist-mlp',
      dataset: 'mnist',
      network: { inputs: 784, hidden: [{ units: 256, activation: 'relu' }], outputs: 10 },
      loss: 'cross_entropy',
      optimizer: {
        type: 'adam',
        learning_rate: 0.001,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0,
      },
      epochs: 5,
      batch_size: 64,
      seed: 0,
      engine: 'auto',
      publish: 'final',
      metadata: {},
      steps: 5 * 938,
      created_at: '2026-01-02T03:04:05.000Z',
    });
  });
});

describe('a request', () => {
  test('replaces what it names and keeps the other defaults', () => {
    const spec = resolve({
      network: { hidden: [{ units: 3 }] },
      optimizer: { learning_rate: 0.1 },
      loss: 'auto',
    });
    expect(spec.network.hidden).toEqual([{ units: 3, activation: 'relu' }]);
    expect(spec.optimizer).toMatchObject({ learning_rate: 0.1, beta1: 0.9 });
    expect(spec.loss).toBe('cross_entropy');
  });

  test('may do without hidden layers', () => {
    expect(resolve({ network: { hidden: [] } }).network.hidden).toEqual([]);
  });

  test('counts a short last batch as a step', () => {
    expect(resolve({ epochs: 1, batch_size: 59_999 }).steps).toBe(2);
    expect(resolve({ epochs: 3, batch_size: 65_536 }).steps).toBe(3);
  });

  test('for an engine that does not exist is refused with the names', () => {
    expect(() => resolve({ engine: 'abacus' })).toThrow(
      expect.objectContaining({
        code: 'ENGINE_UNAVAILABLE',
        pointer: '/engine',
        message: expect.stringContaining('auto, wasm, reference') as string,
      }),
    );
  });

  test('for ten layers of a million units is refused with the numbers', () => {
    const hidden = Array.from({ length: 10 }, () => ({ units: 1_000_000 }));
    expect(() => resolve({ network: { hidden } })).toThrow(
      expect.objectContaining({
        code: 'NETWORK_TOO_LARGE',
        pointer: '/network/hidden',
        message: expect.stringMatching(/9,000,804,000,010 parameters.*240,352,333 MB.*1,024 MB/) as string,
      }),
    );
  });

  test('for a batch that would take too much is refused as well', () => {
    expect(() => resolve({ batch_size: 65_536 }, 100 * 2 ** 20)).toThrow('batches of 65536');
  });
});
