import { describe, expect, test } from 'vitest';
import type { EpochMetrics, JobProgress, RunEvent } from '../../../src/jobs/runs/run-events.js';
import type { JobFilter } from '../../../src/jobs/runs/run-index.js';
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

  test('are its curve, thinned to the lowest and the highest loss of each stretch between its ends', async () => {
    const { jobs, submit, takeUp, append } = await scene();
    const id = await submit();
    const spike = (epoch: number): number => (epoch === 37 ? 9 : epoch === 71 ? 0 : 1 / epoch);
    const curve = Array.from({ length: 102 }, (_, i) => ({
      ...metricsOf(i + 1),
      test_loss: spike(i + 1),
    }));
    await append(id, await takeUp(id), ...curve.map((metrics) => ({ type: 'metrics' as const, metrics })));
    expect(await jobs.metrics(id, { maxPoints: 200 })).toEqual({
      object: 'list',
      data: curve,
      epochs_done: 102,
      last_seq: 104,
    });
    const thinned = await jobs.metrics(id, { maxPoints: 6 });
    expect(thinned.epochs_done).toBe(102);
    expect(thinned.data.map(({ epoch }) => epoch)).toEqual([1, 37, 51, 52, 71, 102]);
    expect((await jobs.metrics(id, { maxPoints: 2 })).data.map(({ epoch }) => epoch)).toEqual([1, 102]);
  });

  test('are how the loss went within the epochs, for those who ask', async () => {
    const { jobs, submit, takeUp, append } = await scene();
    const id = await submit();
    const progress = (step: number): JobProgress => ({
      epoch: 1,
      epochs: 5,
      step,
      steps: 50,
      fraction: step / 50,
      samples_per_second: 100,
      eta_seconds: 1,
      train_loss: 1 / step,
      train_accuracy: null,
    });
    const looks = [1, 2, 3].map((step) => ({ type: 'progress' as const, progress: progress(step) }));
    await append(id, await takeUp(id), ...looks);
    expect((await jobs.metrics(id, { maxPoints: 2, withProgress: true })).progress).toMatchObject([
      { epoch: 1, step: 1, train_loss: 1, samples_per_second: 100 },
      { epoch: 1, step: 3, train_loss: 1 / 3 },
    ]);
    expect(await jobs.metrics(id, { maxPoints: 2 })).not.toHaveProperty('progress');
  });

  test('are the outcomes of its epochs, which its events only name', async () => {
    const { jobs, feed, submit, takeUp, append, end } = await scene();
    const id = await submit();
    const outcomes = {
      split: 'validation' as const,
      rows: 3,
      labels: ['a', 'b'],
      confusion: [
        [2, 0],
        [1, 0],
      ],
    };
    const recorded = [1, 2, 3].map((epoch) => ({ type: 'outcomes' as const, epoch, outcomes }));
    await append(id, await takeUp(id), ...recorded);
    await end(id, 'succeeded');
    const found = await jobs.outcomes(id, { after: 0, maxPoints: 2 });
    expect(found).toEqual({
      object: 'list',
      data: [
        { epoch: 1, ...outcomes },
        { epoch: 3, ...outcomes },
      ],
      recorded: 3,
    });
    expect((await jobs.outcomes(id, { after: 4, maxPoints: 9 })).data.map(({ epoch }) => epoch)).toEqual([3]);
    const { data } = await jobs.events(id, { after: 2, limit: 1 });
    const milestones = await jobs.events(id, { after: 0, limit: 9, milestones: true });
    expect(milestones.data.map(({ type }) => type)).toEqual(['status', 'status', 'status', 'done']);
    expect(data).toEqual([{ seq: 3, time: expect.any(String) as string, type: 'outcomes', epoch: 1 }]);
    const followed: RunEvent[] = [];
    (await feed.follow(id, 2, (events) => void followed.push(...events)))();
    expect(followed.slice(0, 1)).toEqual(data);
  });

  test('are the figures of its best epoch too, not only of its last', async () => {
    const { jobs, submit, takeUp, append } = await scene();
    const id = await submit();
    const epochs = [1, 2, 3].map((epoch) => ({
      ...metricsOf(epoch),
      validation_loss: 2 ** ((epoch - 2) ** 2),
    }));
    const best = [1, 2, 2];
    const term = await takeUp(id);
    await append(
      id,
      term,
      ...epochs.map((metrics, i) => ({ type: 'metrics' as const, metrics, best_epoch: best[i] ?? null })),
    );
    expect(await jobs.get(id)).toMatchObject({ best_epoch: 2, best_metrics: epochs[1], metrics: epochs[2] });
  });

  test.each(['events', 'metrics', 'outcomes', 'checkpoints'] as const)(
    'are not found without the job: %s',
    async (records) => {
      const { jobs } = await scene();
      const asked = {
        events: () => jobs.events('job_none', { after: 0, limit: 1 }),
        metrics: () => jobs.metrics('job_none', { maxPoints: 2 }),
        outcomes: () => jobs.outcomes('job_none', { after: 0, maxPoints: 2 }),
        checkpoints: () => jobs.checkpoints('job_none'),
      };
      await expect(asked[records]()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    },
  );
});
