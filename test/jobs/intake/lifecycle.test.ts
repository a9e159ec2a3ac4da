/** What the verbs do beyond the table of docs/jobs.md, which test/api/jobs/lifecycle.test.ts goes through cell by cell. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TrainyardError } from '../../../src/errors.js';
import { createRunReader } from '../../../src/jobs/runs/run-reader.js';
import { createRunStore } from '../../../src/jobs/runs/run-store.js';
import { until } from '../queue/conformance.js';
import { sceneWithQueue } from '../scene.js';
import { startedOn } from '../started-on.js';

const { queue, scene } = sceneWithQueue();

describe('cancelling', () => {
  test('ends a run at once that a worker owns, and the worker can append nothing more', async () => {
    const { lifecycle, jobs, store, submit, takeUp, append } = await scene();
    const id = await submit();
    const term = await takeUp(id);
    expect((await lifecycle.cancel(id)).status).toBe('cancelled');
    await expect(append(id, term, { type: 'checkpoint', step: 5 })).rejects.toMatchObject({
      code: 'RUN_TAKEN_OVER',
    });
    expect((await jobs.events(id, { after: 0, limit: 10 })).data.map(({ type }) => type)).toEqual([
      'status',
      'status',
      'status',
      'done',
    ]);
    expect(await store.decideEnding(id, 'succeeded')).toBe('cancelled');
  });

  test('and succeeding at the same moment come to one end', async () => {
    for (let i = 0; i < 10; i++) {
      const { lifecycle, jobs, store, submit, takeUp, end } = await scene();
      const id = await submit();
      await takeUp(id);
      const finish = async (): Promise<boolean> => {
        if ((await store.decideEnding(id, 'succeeded')) === 'cancelled') return false;
        await end(id, 'succeeded');
        return true;
      };
      const [cancelled, succeeded] = await Promise.all([
        lifecycle.cancel(id).then(
          () => true,
          (error: unknown) => {
            expect(['JOB_ENDED', 'JOB_FINISHING']).toContain((error as TrainyardError).code);
            return false;
          },
        ),
        finish(),
      ]);
      expect(cancelled).toBe(!succeeded);
      expect((await jobs.get(id)).status).toBe(succeeded ? 'succeeded' : 'cancelled');
    }
  });

  test('is refused while the run publishes what it has learnt, and leaves it in the queue for who does that', async () => {
    const { lifecycle, jobs, store, submit } = await scene();
    const id = await submit();
    await store.decideEnding(id, 'succeeded');
    await expect(lifecycle.cancel(id)).rejects.toMatchObject({ code: 'JOB_FINISHING' });
    expect(await queue().placeOf(id)).toBe('waiting');
    expect((await jobs.get(id)).status).toBe('queued');
  });

  test('works while the queue is away, and takes the run out of it otherwise', async () => {
    const { lifecycle, jobs, submit, setAway } = await scene();
    const [first, second] = [await submit(), await submit()];
    await lifecycle.cancel(first);
    expect(await queue().placeOf(first)).toBeNull();
    setAway(true);
    await lifecycle.cancel(second);
    expect((await jobs.get(second)).status).toBe('cancelled');
  });
});

describe('pausing', () => {
  test('waits for the worker to checkpoint and let go', async () => {
    const { lifecycle, store, submit, takeUp, append } = await scene();
    const id = await submit();
    const term = await takeUp(id);
    const paused = lifecycle.pause(id);
    await until(async () => (await store.newestTerm(id)).pauseAsked);
    await append(id, term, { type: 'checkpoint', step: 5 }, { type: 'status', status: 'paused' });
    expect((await paused).status).toBe('paused');
  });

  test('answers that the run is still running when that takes too long, and asks for no more than that', async () => {
    const { lifecycle, jobs, submit, takeUp, append } = await scene();
    const id = await submit();
    const term = await takeUp(id);
    expect((await lifecycle.pause(id)).status).toBe('running');
    await append(id, term, { type: 'status', status: 'paused' });
    expect((await jobs.get(id)).status).toBe('paused');
  });

  test('asks the next worker when the first one is gone', async () => {
    const { lifecycle, store, submit, takeUp, append } = await scene();
    const id = await submit();
    await takeUp(id);
    const paused = lifecycle.pause(id);
    await until(async () => (await store.newestTerm(id)).pauseAsked);
    const next = await takeUp(id, 2);
    await until(async () => (await store.newestTerm(id)).pauseAsked);
    await append(id, next, { type: 'status', status: 'paused' });
    expect((await paused).status).toBe('paused');
  });

  test('finds out that the run ends before it comes to that', async () => {
    const { lifecycle, store, submit, takeUp, end } = await scene();
    const id = await submit();
    await takeUp(id);
    const refused = expect(lifecycle.pause(id)).rejects.toMatchObject({ code: 'JOB_ENDED' });
    await until(async () => (await store.newestTerm(id)).pauseAsked);
    await end(id, 'succeeded');
    await refused;
  });

  test('takes a queued run out of the queue, and out of the hands of a worker that has just claimed it', async () => {
    const { lifecycle, store, submit, append } = await scene();
    const id = await submit();
    const term = await store.claim(id);
    expect((await lifecycle.pause(id)).status).toBe('paused');
    expect(await queue().placeOf(id)).toBeNull();
    await expect(append(id, term, { type: 'status', status: 'running', attempt: 1 })).rejects.toMatchObject({
      code: 'RUN_TAKEN_OVER',
    });
  });
});

describe('a paused job whose events are lost', () => {
  test('is shown as paused, with what is missing, and can be resumed', async () => {
    const { submit, takeUp, lifecycle, jobs, storage, store } = await scene();
    const id = await submit();
    const term = await takeUp(id);
    const writer = await store.writeEvents(id, term);
    await writer.append({ type: 'checkpoint', step: 5 });
    await writer.appendLast({ type: 'status', status: 'paused' });
    await storage.put(`runs/${id}/events/00000${term}.jsonl`, Buffer.from(''));

    const message = expect.stringContaining('Events 2 to 4 are missing') as string;
    const damaged = { status: 'paused', last_error: { code: 'RUN_CORRUPT', message } };
    // As a process shows it that has not seen the events before they were lost.
    const runs = createRunReader(createRunStore(storage));
    expect(await runs.read(id)).toMatchObject({
      status: 'paused',
      summary: { last_error: damaged.last_error },
    });
    expect((await jobs.events(id, { after: 1, limit: 10 })).data).toMatchObject([
      { seq: 4, type: 'missing', first_seq: 2, status: 'paused', message },
    ]);
    expect(await lifecycle.resume(id)).toMatchObject({ status: 'queued', last_error: null });
  });
});

describe('resuming', () => {
  test('puts the run back in the queue', async () => {
    const { lifecycle, submit } = await scene();
    const id = await submit();
    await lifecycle.pause(id);
    expect(await queue().placeOf(id)).toBeNull();
    expect((await lifecycle.resume(id)).status).toBe('queued');
    expect(await queue().placeOf(id)).toBe('waiting');
  });

  test('puts a run that takes any engine where there is the one that began it', async () => {
    const { lifecycle, submit, takeUp, append } = await scene();
    const id = await submit({ priority: 7 });
    await append(id, await takeUp(id), startedOn('tensorflow'), { type: 'status', status: 'paused' });
    const add = vi.spyOn(queue(), 'add');
    onTestFinished(() => add.mockRestore());
    await lifecycle.resume(id);
    expect(add).toHaveBeenCalledWith(id, { engine: 'tensorflow', priority: 7 });
  });

  test('while the queue is away is made up for by the search for forgotten runs', async () => {
    const { lifecycle, producer, submit, setAway } = await scene();
    const id = await submit();
    await lifecycle.pause(id);
    setAway(true);
    expect((await lifecycle.resume(id)).status).toBe('queued');
    setAway(false);
    await producer.start();
    expect(await queue().placeOf(id)).toBe('waiting');
  });

  test('twice at the same moment tells of it once', async () => {
    const { lifecycle, jobs, submit } = await scene();
    const id = await submit();
    await lifecycle.pause(id);
    await Promise.all([lifecycle.resume(id), lifecycle.resume(id)]);
    const { data } = await jobs.events(id, { after: 0, limit: 10 });
    expect(data.map((event) => event.type === 'status' && event.status)).toEqual([
      'queued',
      'paused',
      'queued',
    ]);
  });
});

describe('removing', () => {
  test('leaves nothing of a run that has ended', async () => {
    const { lifecycle, jobs, storage, submit } = await scene();
    const id = await submit();
    await lifecycle.cancel(id);
    await lifecycle.remove(id);
    await expect(jobs.get(id)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    expect(await storage.list('runs')).toEqual([]);
    await expect(lifecycle.remove(id)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });
});
