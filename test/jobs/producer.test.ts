import { describe, expect, test } from 'vitest';
import { until } from './queue/conformance.js';
import { sceneWithQueue } from './scene.js';

const { queue, scene } = sceneWithQueue();

describe('submitting', () => {
  test('stores the run, enqueues it and shows it as queued', async () => {
    const { producer, jobs } = await scene();
    const job = await producer.submit({ metadata: { team: 'vision' } });
    expect(job).toMatchObject({
      object: 'job',
      status: 'queued',
      model: 'mnist-mlp',
      attempts: 0,
      version: null,
    });
    expect(await queue().placeOf(job.id)).toBe('waiting');
    expect(await jobs.get(job.id)).toEqual(job);
  });

  test('stores nothing of a request that is refused', async () => {
    const { producer, store } = await scene();
    await expect(producer.submit({ dataset: 'none' })).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    await expect(producer.submit({ engine: 'none' })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(
      producer.submit({ network: { hidden: [{ units: 2 ** 20 }, { units: 2 ** 20 }] } }),
    ).rejects.toMatchObject({
      code: 'NETWORK_TOO_LARGE',
    });
    expect(await store.ids()).toEqual([]);
  });

  test('accepts the run while the queue is away, and enqueues it when that is back', async () => {
    const { producer, setAway } = await scene();
    setAway(true);
    const { id } = await producer.submit({});
    expect(await queue().placeOf(id)).toBeNull();
    await producer.start();
    setAway(false);
    await until(async () => (await queue().placeOf(id)) === 'waiting');
  });
});

describe('the sweep', () => {
  test('enqueues runs that the queue has lost, and none that have ended or cannot be read', async () => {
    const { producer, storage, setAway, end } = await scene();
    setAway(true);
    const [lost, ended, damaged] = [
      await producer.submit({}),
      await producer.submit({}),
      await producer.submit({}),
    ];
    setAway(false);
    await end(ended.id, 'succeeded');
    await storage.put(`runs/${damaged.id}/result.json`, Buffer.from('{'));
    await producer.start();
    expect(await queue().placeOf(lost.id)).toBe('waiting');
    expect(await queue().placeOf(ended.id)).toBeNull();
    expect(await queue().placeOf(damaged.id)).toBeNull();
  });
});
