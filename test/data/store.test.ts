import { describe, expect, test } from 'vitest';
import { createDatasetStore } from '../../src/data/store.js';
import { mnistInfo } from '../../src/data/builtin/mnist.js';

describe('the dataset store', () => {
  const store = createDatasetStore();

  test('lists what there is, and describes it', async () => {
    expect(await store.list()).toEqual([mnistInfo]);
    expect(await store.info('mnist')).toEqual(mnistInfo);
  });

  test('loads what its description says', async () => {
    const { info, train, test } = await store.load('mnist');
    expect(info).toEqual(await store.info('mnist'));
    expect([train.count, test.count]).toEqual([info.trainCount, info.testCount]);
  });

  test.each(['', 'MNIST', 'cifar-10', '__proto__', 'constructor', '../mnist'])(
    'says of %j that there is no such dataset, and which there are',
    async (name) => {
      const refusal = expect.objectContaining({
        code: 'DATASET_NOT_FOUND',
        pointer: '/dataset',
        message: `There is no dataset ${JSON.stringify(name)}; there are: mnist.`,
      }) as Error;
      await expect(store.info(name)).rejects.toThrow(refusal);
      await expect(store.load(name)).rejects.toThrow(refusal);
    },
  );

  test('keeps its message short, however long the name', async () => {
    await expect(store.info('x'.repeat(1_000_000))).rejects.toThrow(/^.{1,200}$/);
  });
});
