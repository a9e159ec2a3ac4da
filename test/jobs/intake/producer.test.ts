import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { until } from '../queue/conformance.js';
import { sceneWithQueue, type Scene } from '../scene.js';
import { startedOn } from '../started-on.js';

const { queue, scene } = sceneWithQueue();

describe('submitting', () => {
  test('stores the run, enqueues it and shows it as queued', async () => {
    const { producer, jobs } = await scene();
    const { job, replayed } = await producer.submit({ metadata: { team: 'vision' } });
    expect(job).toMatchObject({
      object: 'job',
      status: 'queued',
      model: 'mnist-mlp',
      attempts: 0,
      version: null,
    });
    expect(replayed).toBe(false);
    expect(await queue().placeOf(job.id)).toBe('waiting');
    expect(await jobs.get(job.id)).toEqual(job);
  });

  test('stores nothing of a request that is refused', async () => {
    const { producer, store, storage } = await scene();
    const options = { idempotencyKey: 'a key' };
    const submit = (request: object) => producer.submit(request, options);
    await expect(submit({ dataset: 'none' })).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    await expect(submit({ engine: 'none' })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(
      submit({ network: { hidden: [{ units: 2 ** 20 }, { units: 2 ** 20 }] } }),
    ).rejects.toMatchObject({
      code: 'NETWORK_TOO_LARGE',
    });
    await expect(submit({ webhook: { url: 'https://example.com' } })).rejects.toMatchObject({
      code: 'WEBHOOKS_NOT_CONFIGURED',
    });
    await expect(submit({ checkpoint: { every_steps: 1, every_seconds: 1 } })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      pointer: '/checkpoint',
    });
    expect(await store.ids()).toEqual([]);
    expect(await storage.list('idempotency')).toEqual([]);
  });

  test('accepts the run while the queue is away, and enqueues it when that is back', async () => {
    const { producer, submit, setAway } = await scene();
    setAway(true);
    const id = await submit();
    expect(await queue().placeOf(id)).toBeNull();
    await producer.start();
    setAway(false);
    await until(async () => (await queue().placeOf(id)) === 'waiting');
  });

  test('is refused while as many wait as may, and not for a request that came before', async () => {
    const waiting = await queue().count();
    const { producer, store } = await scene({ maxQueuedJobs: waiting + 1 });
    const options = { idempotencyKey: 'twice' };
    const { job } = await producer.submit({}, options);
    await expect(producer.submit({})).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    expect(await store.ids()).toEqual([job.id]);
    expect(await producer.submit({}, options)).toMatchObject({ job: { id: job.id }, replayed: true });
  });
});

describe('an idempotency key', () => {
  const content = Buffer.from('');

  /** The one document that is there for a key. */
  async function damage({ storage }: Scene): Promise<string> {
    const [name = ''] = await storage.list('idempotency');
    await storage.put(`idempotency/${name}`, content);
    return `idempotency/${name}`;
  }

  test('whose document is damaged stands for the job that came with it, however often it comes', async () => {
    const made = await scene();
    const { producer, store } = made;
    const options = { idempotencyKey: 'key' };
    const { job } = await producer.submit({ seed: 7 }, options);
    await producer.submit({ seed: 8 });
    const key = await damage(made);
    const answers = await Promise.all(Array.from({ length: 4 }, () => producer.submit({ seed: 7 }, options)));
    for (const { job: again, replayed } of [...answers, await producer.submit({ seed: 7 }, options)]) {
      expect([again.id, replayed]).toEqual([job.id, true]);
    }
    await expect(producer.submit({ seed: 8 }, options)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await store.ids()).toHaveLength(2);
    expect(await made.storage.read(key)).toEqual(content);
  });

  test('whose document is damaged and that has no job makes one of many', async () => {
    const made = await scene();
    const { producer, store, lifecycle } = made;
    const options = { idempotencyKey: 'key' };
    const { job: lost } = await producer.submit({}, options);
    await damage(made);
    await store.remove(lost.id);
    const answers = await Promise.all(Array.from({ length: 8 }, () => producer.submit({}, options)));
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const [id = ''] = await store.ids();
    await made.end(id, 'succeeded');
    await lifecycle.remove(id);
    expect(await made.storage.list('idempotency')).toEqual([]);
    expect((await producer.submit({ seed: 5 }, options)).replayed).toBe(false);
  });

  test('makes one run of many requests at the same moment', async () => {
    const { producer, store } = await scene();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => producer.submit({ seed: 7 }, { idempotencyKey: 'key' })),
    );
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await store.ids()).toHaveLength(1);
  });

  test('is told from other keys, and refuses another body, naming the job', async () => {
    const { producer } = await scene();
    const first = await producer.submit({ seed: 1, epochs: 2 }, { idempotencyKey: 'a' });
    const other = await producer.submit({ seed: 1, epochs: 2 }, { idempotencyKey: 'b' });
    expect(other.job.id).not.toBe(first.job.id);
    const same = await producer.submit({ epochs: 2, seed: 1 }, { idempotencyKey: 'a' });
    expect(same).toMatchObject({ replayed: true, job: { id: first.job.id } });
    await expect(producer.submit({ seed: 2 }, { idempotencyKey: 'a' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
      message: expect.stringContaining(first.job.id) as string,
    });
  });

  test('whose first request died before its run was stored stores it the second time', async () => {
    const { producer, store, storage } = await scene();
    const { job } = await producer.submit({}, { idempotencyKey: 'key' });
    await storage.remove(`runs/${job.id}`);
    const again = await producer.submit({}, { idempotencyKey: 'key' });
    expect(again).toMatchObject({ replayed: true, job: { id: job.id, status: 'queued' } });
    expect(await store.ids()).toEqual([job.id]);
  });

  test('is free again when its job has been removed', async () => {
    const { producer, lifecycle } = await scene();
    const { job } = await producer.submit({}, { idempotencyKey: 'key' });
    await lifecycle.cancel(job.id);
    await lifecycle.remove(job.id);
    const again = await producer.submit({ seed: 1 }, { idempotencyKey: 'key' });
    expect(again.replayed).toBe(false);
    expect(again.job.id).not.toBe(job.id);
  });
});

describe('the search for forgotten runs', () => {
  test('enqueues runs that the queue has lost, and none that have ended, are paused or cannot be read', async () => {
    const { producer, lifecycle, storage, submit, setAway, end } = await scene();
    setAway(true);
    const [lost, ended, paused, damaged] = [await submit(), await submit(), await submit(), await submit()];
    await end(ended, 'succeeded');
    await lifecycle.pause(paused);
    setAway(false);
    await storage.put(`runs/${damaged}/result.json`, Buffer.from('{'));
    await producer.start();
    expect(await queue().placeOf(lost)).toBe('waiting');
    for (const id of [ended, paused, damaged]) expect(await queue().placeOf(id)).toBeNull();
  });

  test('puts runs that were interrupted before those that wait, each in the order in which they came', async () => {
    const { producer, submit, takeUp, setAway } = await scene();
    setAway(true);
    const ids = [await submit(), await submit(), await submit(), await submit({ priority: 1 })];
    for (const id of [ids[1], ids[2]]) await takeUp(id);
    setAway(false);
    await producer.start();
    await producer.stop();
    const delivered: string[] = [];
    const worker = queue().work(
      (id) => {
        if (ids.includes(id)) delivered.push(id);
        return Promise.resolve({ outcome: 'done' });
      },
      { concurrency: 1 },
    );
    await until(() => delivered.length === 4);
    await worker.close();
    expect(delivered).toEqual([ids[1], ids[2], ids[3], ids[0]]);
  });

  test('puts a run that takes any engine where there is the one that began it', async () => {
    const { producer, submit, takeUp, append, setAway } = await scene();
    setAway(true);
    const ids = [await submit(), await submit()];
    await append(ids[1], await takeUp(ids[1]), startedOn('tensorflow'));
    setAway(false);
    const add = vi.spyOn(queue(), 'add');
    onTestFinished(() => add.mockRestore());
    await producer.start();
    expect(add.mock.calls.map(([id, options]) => [id, options?.engine])).toEqual([
      [ids[0], 'auto'],
      [ids[1], 'tensorflow'],
    ]);
  });

  test('carries out a cancellation whose process died in the middle', async () => {
    const { producer, jobs, store, submit } = await scene();
    const id = await submit();
    await store.decideEnding(id, 'cancelled');
    expect((await jobs.get(id)).status).toBe('queued');
    await producer.start();
    expect((await jobs.get(id)).status).toBe('cancelled');
  });

  test.each([
    ['spec.json', 'this job is damaged'],
    ['result.json', 'this job is damaged'],
    ['ending.json', 'cannot look after this job'],
  ])('is stopped by no damaged %s, and the log names its run once', async (file, message) => {
    const { producer, storage, submit, setAway, logLines } = await scene();
    setAway(true);
    const [damaged, lost] = [await submit(), await submit()];
    setAway(false);
    await storage.put(`runs/${damaged}/${file}`, Buffer.alloc(0));
    logLines.length = 0;
    await producer.start();
    for (let search = 0; search < 3; search++) {
      await until(async () => (await queue().placeOf(lost)) === 'waiting');
      await queue().remove(lost);
    }
    expect(await queue().placeOf(damaged)).toBeNull();
    expect(logLines).toMatchObject([{ job: damaged, msg: expect.stringContaining(message) as string }]);
  });

  test('enqueues a run that was repaired', async () => {
    const { producer, storage, submit, setAway } = await scene();
    setAway(true);
    const id = await submit();
    setAway(false);
    const key = `runs/${id}/spec.json`;
    const whole = (await storage.read(key)) ?? Buffer.alloc(0);
    await storage.put(key, Buffer.from('{'));
    await producer.start();
    expect(await queue().placeOf(id)).toBeNull();
    await storage.put(key, whole);
    await until(async () => (await queue().placeOf(id)) === 'waiting');
  });

  test('goes on with the other runs where a cancellation cannot be written', async () => {
    const { producer, store, submit, setAway } = await scene();
    setAway(true);
    const [cancelled, lost] = [await submit(), await submit()];
    setAway(false);
    await store.decideEnding(cancelled, 'cancelled');
    const refused = new TrainyardError('STORAGE_UNAVAILABLE', 'EACCES: permission denied');
    const claim = vi.spyOn(store, 'claim').mockRejectedValue(refused);
    onTestFinished(() => claim.mockRestore());
    await producer.start();
    expect(claim.mock.calls).toContainEqual([cancelled]);
    expect(await queue().placeOf(lost)).toBe('waiting');
  });

  test('leaves a run alone that was removed', async () => {
    const { producer, store, storage, submit } = await scene();
    const id = await submit();
    await storage.remove(`runs/${id}/spec.json`);
    await queue().remove(id);
    await producer.start();
    expect(await store.ids()).toEqual([id]);
    expect(await queue().placeOf(id)).toBeNull();
  });
});
