import { describe, expect, test } from 'vitest';
import type { JobRequest, OptimizerRequest } from '../../../src/jobs/runs/job-request.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';
import type { ArraysInfo } from '../../../src/data/dataset.js';
import { splitRows } from '../../../src/data/splits.js';
import { createDatasetStore } from '../../../src/data/store.js';
import { digitsAugmentation, noAugmentation } from '../../../src/model/augmentation/amounts.js';
import { activations } from '../../../src/model/network/network.js';
import type { OptimizerSpec } from '../../../src/model/network/optimizers.js';

const mnist = (await createDatasetStore().info('mnist')) as ArraysInfo;
const gigabyte = 2 ** 30;
const resolve = (request: JobRequest, limitBytes = gigabyte) =>
  resolveSpec(request, mnist, { trainingMemoryLimitBytes: limitBytes }, new Date('2026-01-02T03:04:05Z'));

describe('an empty request', () => {
  test('is the reference work', () => {
    expect(resolve({})).toEqual({
      format_version: 2,
      model: 'mnist-mlp',
      dataset: { name: 'mnist', version: 1, sha256: mnist.sha256 },
      task: 'classification',
      preset: 'plain',
      split: { validation: 0 },
      network: { inputs: 784, hidden: [{ units: 256, activation: 'relu', dropout: 0 }], outputs: 10 },
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
      publish_if: 'better_than_baseline',
      checkpoint: { every_steps: null, every_seconds: null, keep: 2 },
      priority: 0,
      time_limit_seconds: null,
      webhook: null,
      metadata: {},
      idempotency_key: null,
      trace_context: null,
      steps: 5 * 938,
      created_at: '2026-01-02T03:04:05.000Z',
    });
  });
});

describe('an optimiser', () => {
  const adam = { learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

  test.each<[OptimizerRequest, OptimizerSpec]>([
    [{ type: 'adam' }, { type: 'adam', ...adam, weight_decay: 0 }],
    [{ type: 'adamw' }, { type: 'adamw', ...adam, weight_decay: 0.01 }],
    [{ type: 'sgd' }, { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 }],
    [
      { type: 'rmsprop' },
      { type: 'rmsprop', learning_rate: 0.01, alpha: 0.99, epsilon: 1e-8, weight_decay: 0 },
    ],
  ])('has the defaults of its type: %o', (optimizer, expected) => {
    expect(resolve({ optimizer }).optimizer).toEqual(expected);
  });

  test.each<OptimizerRequest>([
    { type: 'adamw', weight_decay: 0.5 },
    { type: 'sgd', momentum: 0.9, nesterov: true },
    { type: 'rmsprop', alpha: 0.5, learning_rate: 1 },
  ])('has what is asked for: %o', (optimizer) => {
    expect(resolve({ optimizer }).optimizer).toMatchObject(optimizer);
  });

  test('without a type is Adam', () => {
    expect(resolve({ optimizer: { learning_rate: 0.01 } }).optimizer).toEqual({
      type: 'adam',
      ...adam,
      learning_rate: 0.01,
      weight_decay: 0,
    });
  });
});

describe('the loss', () => {
  const prices: ArraysInfo = {
    ...mnist,
    name: 'prices',
    targets: { kind: 'values', names: ['low', 'high'] },
    scaling: null,
  };
  const resolveFor = (dataset: ArraysInfo, loss: JobRequest['loss']) =>
    resolveSpec({ ...(loss && { loss }) }, dataset, { trainingMemoryLimitBytes: gigabyte }, new Date(0));

  test.each([
    [undefined, 'cross_entropy'],
    ['auto', 'cross_entropy'],
    ['cross_entropy', 'cross_entropy'],
    ['one_hot_mse', 'one_hot_mse'],
    ['mse', 'one_hot_mse'],
  ] as const)('for classes, asked for as %s, is %s', (asked, loss) => {
    expect(resolveFor(mnist, asked)).toMatchObject({ task: 'classification', loss });
  });

  test.each([
    [undefined, 'mse'],
    ['auto', 'mse'],
    ['mse', 'mse'],
    ['mae', 'mae'],
    ['huber', 'huber'],
  ] as const)('for values, asked for as %s, is %s', (asked, loss) => {
    expect(resolveFor(prices, asked)).toMatchObject({
      task: 'regression',
      loss,
      network: { inputs: 784, outputs: 2 },
    });
  });

  test.each([
    ['mae', mnist, 'auto, cross_entropy, one_hot_mse, mse'],
    ['huber', mnist, 'auto, cross_entropy, one_hot_mse, mse'],
    ['cross_entropy', prices, 'auto, mse, mae, huber'],
    ['one_hot_mse', prices, 'auto, mse, mae, huber'],
  ] as const)('%s that does not fit the dataset is refused with those that do', (loss, dataset, fitting) => {
    expect(() => resolveFor(dataset, loss)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        pointer: '/loss',
        message: expect.stringMatching(`${dataset.name}.*${loss}.*: ${fitting}\\.$`) as string,
      }),
    );
  });
});

describe('the validation split', () => {
  test.each([
    [{}, 0],
    [{ publish: 'every_checkpoint' }, 0],
    [{ publish: 'best' }, 0.1],
    [{ publish: 'best', split: {} }, 0.1],
    [{ split: { validation: 0.25 } }, 0.25],
    [{ publish: 'best', split: { validation: 0.5 } }, 0.5],
  ] as const)('of %o is %d of the training rows', (request, validation) => {
    expect(resolve(request).split).toEqual({ validation });
  });

  test('takes its rows out of those that there are to train on', () => {
    const split = { validation: 0.1 };
    const { train } = splitRows(60_000, { seed: 7, fraction: 0.1 });
    const batch_size = train.length - 1;
    expect(resolve({ seed: 7, epochs: 1, batch_size, split }).steps).toBe(2);
    expect(resolve({ seed: 7, epochs: 1, batch_size: train.length, split }).steps).toBe(1);
  });

  test('cannot be left out where it decides which epoch is the best', () => {
    expect(() => resolve({ publish: 'best', split: { validation: 0 } })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', pointer: '/split/validation' }),
    );
  });

  test('that would leave no rows on one of its sides is refused', () => {
    const tiny = { ...mnist, trainCount: 2 };
    const refusal = expect.objectContaining({
      code: 'INVALID_REQUEST',
      pointer: '/split/validation',
    }) as Error;
    const request = { split: { validation: 0.001 } };
    expect(() => resolveSpec(request, tiny, { trainingMemoryLimitBytes: gigabyte }, new Date(0))).toThrow(
      refusal,
    );
  });
});

describe('a request', () => {
  test.each<[string, JobRequest]>([
    ['/target', { target: 'label' }],
    ['/columns', { columns: { label: { role: 'target' } } }],
    ['/class_weight', { class_weight: 'balanced' }],
    ['/task', { task: 'classification' }],
    ['/split/test', { split: { test: 0.1 } }],
    ['/split/by', { split: { by: 'random' } }],
  ])('for arrays with a field for tables is refused: %s', (pointer, request) => {
    const message = expect.stringMatching(/is for tables, and mnist has no columns/) as string;
    expect(() => resolve(request)).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', pointer, message }),
    );
  });

  test('replaces what it names and keeps the other defaults', () => {
    const spec = resolve({
      network: { hidden: [{ units: 3 }] },
      optimizer: { learning_rate: 0.1 },
      loss: 'auto',
    });
    expect(spec.network.hidden).toEqual([{ units: 3, activation: 'relu', dropout: 0 }]);
    expect(spec.optimizer).toMatchObject({ learning_rate: 0.1, beta1: 0.9 });
    expect(spec.loss).toBe('cross_entropy');
  });

  test('has each layer as it says', () => {
    const hidden = activations.map((activation, layer) => ({ units: 9, activation, dropout: layer / 10 }));
    expect(resolve({ network: { hidden } }).network.hidden).toEqual(hidden);
  });

  test('may do without hidden layers', () => {
    expect(resolve({ network: { hidden: [] } }).network.hidden).toEqual([]);
  });

  test('counts a short last batch as a step', () => {
    expect(resolve({ epochs: 1, batch_size: 59_999 }).steps).toBe(2);
    expect(resolve({ epochs: 3, batch_size: 65_536 }).steps).toBe(3);
  });

  test('for an ensemble has the steps of all members', () => {
    expect(resolve({ ensemble: 4, epochs: 2 })).toMatchObject({ ensemble: 4, epochs: 2, steps: 4 * 2 * 938 });
    expect(resolve({ ensemble: 1 })).toEqual(resolve({}));
  });

  test('for an ensemble that is published epoch by epoch is refused', () => {
    expect(() => resolve({ ensemble: 2, publish: 'every_checkpoint' })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', pointer: '/publish' }),
    );
    expect(resolve({ ensemble: 1, publish: 'every_checkpoint' }).ensemble).toBeUndefined();
  });

  test('for more members than there is memory for is refused with the numbers', () => {
    const wide: JobRequest = { network: { hidden: [{ units: 8_192 }] } };
    expect(resolve(wide).network.hidden).toHaveLength(1);
    expect(() => resolve({ ...wide, ensemble: 16 })).toThrow(
      expect.objectContaining({
        code: 'NETWORK_TOO_LARGE',
        message: expect.stringMatching(/16 times 6,512,650 parameters.*fewer members/) as string,
      }),
    );
  });

  test('for an engine that does not exist is refused with the names', () => {
    expect(() => resolve({ engine: 'abacus' })).toThrow(
      expect.objectContaining({
        code: 'ENGINE_UNAVAILABLE',
        pointer: '/engine',
        message: expect.stringContaining('auto, native, wasm, webgpu, tensorflow, reference') as string,
      }),
    );
  });

  test('for Nesterov’s momentum without a momentum is refused', () => {
    for (const momentum of [{}, { momentum: 0 }]) {
      expect(() => resolve({ optimizer: { type: 'sgd', nesterov: true, ...momentum } })).toThrow(
        expect.objectContaining({ code: 'INVALID_REQUEST', pointer: '/optimizer/nesterov' }),
      );
    }
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

describe('augment', () => {
  test('is digits, amounts of which those left out are 0, or none', () => {
    expect(resolve({})).not.toHaveProperty('augment');
    expect(resolve({ augment: 'none', preset: 'auto' })).not.toHaveProperty('augment');
    expect(resolve({ augment: { shift: 0 } })).not.toHaveProperty('augment');
    expect(resolve({ augment: 'digits' }).augment).toEqual(digitsAugmentation);
    expect(resolve({ augment: { shift: 0.1 } }).augment).toEqual({ ...noAugmentation, shift: 0.1 });
  });

  test('is refused for samples that are no square pictures in bytes', () => {
    const on = (info: Partial<ArraysInfo>) => () =>
      resolveSpec(
        { augment: 'digits' },
        { ...mnist, ...info },
        { trainingMemoryLimitBytes: gigabyte },
        new Date(0),
      );
    expect(on({ scaling: null })).toThrow('the samples of mnist are not bytes');
    expect(on({ inputs: 785 })).toThrow('the 785 numbers of a sample of mnist do not form a square');
  });

  test('counts two copies of the training pictures', () => {
    const limit = (request: JobRequest): number => {
      let [fits, fails] = [2 ** 32, 0];
      while (fits - fails > 1) {
        const middle = Math.floor((fits + fails) / 2);
        try {
          resolve(request, middle);
          fits = middle;
        } catch {
          fails = middle;
        }
      }
      return fits;
    };
    expect(limit({ augment: 'digits' }) - limit({})).toBe(2 * 60_000 * 784);
  });
});

describe('the preset auto', () => {
  test('has a recipe for pictures, whose choices a request changes', () => {
    const spec = resolve({ preset: 'auto' });
    expect(spec).toMatchObject({ preset: 'auto', augment: digitsAugmentation });
    expect(Object.keys(spec.reasons ?? {})).toContain('augment');
    const changed = resolve({ preset: 'auto', augment: { shift: 0.1 }, epochs: 3 });
    expect(changed.augment).toEqual({ ...noAugmentation, shift: 0.1 });
    expect(changed.epochs).toBe(3);
    expect(Object.keys(changed.reasons ?? {})).not.toContain('augment');
    expect(changed.network).toEqual(spec.network);
  });

  test('takes pictures with more grey than drawings have for something else, and says so', () => {
    // The mean and the deviation of Fashion-MNIST.
    const clothes = { ...mnist, scaling: { divide_by: 255, mean: 0.286, std: 0.353 } };
    const limits = { trainingMemoryLimitBytes: gigabyte };
    const spec = resolveSpec({ preset: 'auto' }, clothes, limits, new Date(0));
    expect(spec.augment).toEqual({ ...noAugmentation, shift: 0.02 });
    expect(spec.network.hidden).toMatchObject([{ units: 512, dropout: 0.2 }]);
    expect(spec.reasons?.augment).toMatch(/61 % of the contrast .* not taken for a drawing/);
  });

  test('does not change samples that are no pictures', () => {
    const other = { ...mnist, inputs: 785 };
    const spec = resolveSpec({ preset: 'auto' }, other, { trainingMemoryLimitBytes: gigabyte }, new Date(0));
    expect(spec).not.toHaveProperty('augment');
  });
});
