import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from './queue/conformance.js';
import { sceneWithQueue } from './scene.js';

const { queue, scene } = sceneWithQueue();

describe('jobs', () => {
  test('are listed newest first, page by page', async () => {
    const { producer, jobs } = await scene();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await producer.submit({})).id);
    const first = await jobs.list({ limit: 2 });
    const second = await jobs.list({ limit: 2, after: first.data.at(-1)?.id });
    const third = await jobs.list({ limit: 2, after: second.data.at(-1)?.id });
    expect([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).toEqual(ids);
    expect([first, second, third].map(({ has_more }) => has_more)).toEqual([true, true, false]);
    expect(await jobs.list({ limit: 5 })).toMatchObject({ object: 'list', has_more: false });
  });

  test('run while the queue says so, and follow the events', async () => {
    const { producer, store, jobs, end } = await scene();
    const { id } = await producer.submit({});
    let release = (): void => undefined;
    const worker = queue().work(
      // Runs of the other tests are waiting too.
      (runId) =>
        runId === id
          ? new Promise((resolve) => (release = () => resolve({ outcome: 'done' })))
          : Promise.resolve({ outcome: 'done' }),
      { concurrency: 1 },
    );
    onTestFinished(() => worker.close());
    await until(async () => (await jobs.get(id)).status === 'running');
    const events = await store.openEventLog(id);
    await events.append({ type: 'attempt', attempt: 1 });
    expect((await jobs.get(id)).attempts).toBe(1);
    await events.append({ type: 'published', version: 7, step: 1 });
    expect(await jobs.get(id)).toMatchObject({ status: 'running', attempts: 1, version: 7 });

    const error = { code: 'TRAINING_DIVERGED', message: 'NaN' } as const;
    await end(id, 'failed', error);
    // The result stands, whatever the queue still says.
    expect(await jobs.get(id)).toMatchObject({
      status: 'failed',
      error,
      version: 7,
      finished_at: '1970-01-01T00:00:00.000Z',
    });
    release();
  });

  test('that have ended are shown while the queue is away; others are not guessed', async () => {
    const { producer, jobs, setAway, end } = await scene();
    const [ended, waiting] = [await producer.submit({}), await producer.submit({})];
    await end(ended.id, 'succeeded');
    setAway(true);
    expect((await jobs.get(ended.id)).status).toBe('succeeded');
    await expect(jobs.get(waiting.id)).rejects.toThrow('away');
    setAway(false);
  });

  test('that cannot be read are left out of the list, and said to be damaged when asked for', async () => {
    const { producer, jobs, storage } = await scene();
    const [good, damaged] = [await producer.submit({}), await producer.submit({})];
    await storage.put(`runs/${damaged.id}/spec.json`, Buffer.from('{'));
    expect((await jobs.list({ limit: 10 })).data.map(({ id }) => id)).toEqual([good.id]);
    await expect(jobs.get(damaged.id)).rejects.toMatchObject({ code: 'RUN_CORRUPT' });
  });

  test('that do not exist are not found', async () => {
    const { jobs } = await scene();
    await expect(jobs.get('job_none')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });
});
