import { describe, expect, test } from 'vitest';
import type { EpochMetrics, JobFilter } from '../../../src/jobs/runs/documents.js';
import { sceneWithQueue } from '../scene.js';

const { scene } = sceneWithQueue();

describe('jobs', () => {
  test('are listed newest first, page by page', async () => {
    const { submit, jobs } = await scene();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await submit());
    const first = await jobs.list({ limit: 2 });
    const second = await jobs.list({ limit: 2, after: first.data.at(-1)?.id });
    const third = await jobs.list({ limit: 2, after: second.data.at(-1)?.id });
    expect([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).toEqual(ids);
    expect([first, second, third].map(({ has_more }) => has_more)).toEqual([true, true, false]);
    expect(await jobs.list({ limit: 5 })).toMatchObject({ object: 'list', has_more: false });
  });

  test('are found by status, model, dataset and every note', async () => {
    const { jobs, submit, lifecycle } = await scene();
    const first = await submit({ model: 'a', metadata: { team: 'vision', stage: 'test' } });
    const second = await submit({ model: 'a', metadata: { team: 'vision' } });
    const third = await submit({ model: 'b' });
    await lifecycle.cancel(second);
    const found = async (filter: JobFilter) =>
      (await jobs.list({ limit: 10, filter })).data.map(({ id }) => id).reverse();
    expect(await found({})).toEqual([first, second, third]);
    expect(await found({ model: 'a' })).toEqual([first, second]);
    expect(await found({ status: 'cancelled' })).toEqual([second]);
    expect(await found({ status: 'queued', model: 'a' })).toEqual([first]);
    expect(await found({ dataset: 'mnist' })).toEqual([first, second, third]);
    expect(await found({ dataset: 'none' })).toEqual([]);
    expect(await found({ metadata: { team: 'vision' } })).toEqual([first, second]);
    expect(await found({ metadata: { team: 'vision', stage: 'test' } })).toEqual([first]);
  });

  test('that match a filter are paged, without an empty last page', async () => {
    const { jobs, submit } = await scene();
    const wanted: string[] = [];
    for (let i = 0; i < 6; i++) {
      const id = await submit({ model: i % 2 === 0 ? 'even' : 'odd' });
      if (i % 2 === 0) wanted.unshift(id);
    }
    const filter = { model: 'even' };
    const first = await jobs.list({ limit: 2, filter });
    const second = await jobs.list({ limit: 2, filter, after: first.data.at(-1)?.id });
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(wanted);
    expect([first.has_more, second.has_more]).toEqual([true, false]);
    expect((await jobs.list({ limit: 3, filter })).has_more).toBe(false);
  });

  test('are as their events say, until they have ended', async () => {
    const { jobs, submit, takeUp, append, end } = await scene();
    const id = await submit();
    const term = await takeUp(id);
    expect(await jobs.get(id)).toMatchObject({ status: 'running', attempts: 1 });
    const died = { code: 'TRAINING_CRASHED', message: 'SIGKILL' } as const;
    await append(id, term, { type: 'status', status: 'queued', error: died });
    expect(await jobs.get(id)).toMatchObject({ status: 'queued', last_error: died, error: null });
    const next = await takeUp(id, 2);
    await append(id, next, { type: 'published', version: 7, step: 1 }, { type: 'checkpoint', step: 1 });
    expect(await jobs.get(id)).toMatchObject({
      status: 'running',
      attempts: 2,
      version: 7,
      last_error: null,
    });

    const error = { code: 'TRAINING_DIVERGED', message: 'NaN' } as const;
    await end(id, 'failed', error);
    expect(await jobs.get(id)).toMatchObject({
      status: 'failed',
      error,
      version: 7,
      finished_at: '1970-01-01T00:00:00.000Z',
    });
    expect((await jobs.list({ limit: 1 })).data).toEqual([await jobs.get(id)]);
  });

  test('are shown while the queue is away', async () => {
    const { jobs, submit, setAway } = await scene();
    const id = await submit();
    setAway(true);
    expect((await jobs.get(id)).status).toBe('queued');
  });

  test('that cannot be read are left out of the list, and reported as damaged on request', async () => {
    const { submit, jobs, storage } = await scene();
    const [good, damaged] = [await submit(), await submit()];
    await storage.put(`runs/${damaged}/spec.json`, Buffer.from('{'));
    expect((await jobs.list({ limit: 10 })).data.map(({ id }) => id)).toEqual([good]);
    await expect(jobs.get(damaged)).rejects.toMatchObject({ code: 'RUN_CORRUPT' });
  });

  test('that do not exist are not found', async () => {
    const { jobs } = await scene();
    await expect(jobs.get('job_none')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });
});

describe('the records of a job', () => {
  const metricsOf = (epoch: number): EpochMetrics => ({
    epoch,
    step: 10 * epoch,
    train_loss: 1 / epoch,
    train_accuracy: 0.5,
    test_loss: 1 / epoch,
    test_accuracy: 0.5,
  });

  test('are its events, page by page', async () => {
    const { jobs, submit, takeUp, append, end } = await scene();
    const id = await submit();
    const term = await takeUp(id);
    await append(id, term, { type: 'checkpoint', step: 5 });
    await end(id, 'cancelled');
    const first = await jobs.events(id, { after: 0, limit: 3 });
    const second = await jobs.events(id, { after: 3, limit: 3 });
    expect(first.data.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'status'],
      [2, 'status'],
      [3, 'checkpoint'],
    ]);
    expect(second.data.map(({ seq, type }) => [seq, type])).toEqual([
      [4, 'status'],
      [5, 'done'],
    ]);
    expect([first.has_more, second.has_more]).toEqual([true, false]);
    expect((await jobs.events(id, { after: 5, limit: 3 })).data).toEqual([]);
  });

  test('are its curve, thinned evenly between its first and its last point', async () => {
    const { jobs, submit, takeUp, append } = await scene();
    const id = await submit();
    const curve = Array.from({ length: 101 }, (_, i) => metricsOf(i + 1));
    await append(id, await takeUp(id), ...curve.map((metrics) => ({ type: 'metrics' as const, metrics })));
    expect(await jobs.metrics(id, { maxPoints: 200 })).toEqual({
      object: 'list',
      data: curve,
      epochs_done: 101,
    });
    const thinned = await jobs.metrics(id, { maxPoints: 6 });
    expect(thinned.epochs_done).toBe(101);
    expect(thinned.data.map(({ epoch }) => epoch)).toEqual([1, 21, 41, 61, 81, 101]);
  });

  test.each(['events', 'metrics', 'checkpoints'] as const)(
    'are not found without the job: %s',
    async (records) => {
      const { jobs } = await scene();
      const asked = {
        events: () => jobs.events('job_none', { after: 0, limit: 1 }),
        metrics: () => jobs.metrics('job_none', { maxPoints: 2 }),
        checkpoints: () => jobs.checkpoints('job_none'),
      };
      await expect(asked[records]()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    },
  );
});
