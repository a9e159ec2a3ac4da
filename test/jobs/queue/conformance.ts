/** What every datastore of the queue must do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Delivery, TrainingQueue } from '../../../src/jobs/queue/training-queue.js';

let runs = 0;
const newRunId = (): string => `job_${String(++runs).padStart(26, '0')}`;

export function describeQueue(name: string, open: () => Promise<TrainingQueue>): void {
  describe(name, () => {
    let queue: TrainingQueue;
    beforeAll(async () => {
      queue = await open();
    });
    afterAll(() => queue.close());

    /** A worker that does as `answer` says and keeps a list of what it was given; closed after the test. */
    function work(answer: (runId: string, signal: AbortSignal) => Delivery | Promise<Delivery>) {
      const delivered: string[] = [];
      const worker = queue.work(
        async (runId, signal) => {
          delivered.push(runId);
          return answer(runId, signal);
        },
        { concurrency: 1 },
      );
      onTestFinished(() => worker.close());
      return { worker, delivered };
    }

    test('answers a ping', async () => {
      await queue.ping();
    });

    test('delivers runs in the order in which they came, and forgets those that are done', async () => {
      const ids = [newRunId(), newRunId(), newRunId()];
      for (const id of ids) await queue.add(id);
      expect(await queue.placeOf(ids[0])).toBe('waiting');
      const { delivered } = work(() => ({ outcome: 'done' }));
      await until(async () => (await queue.placeOf(ids[2])) === null);
      expect(delivered).toEqual(ids);
    });

    test('does not know a run that was never added', async () => {
      expect(await queue.placeOf(newRunId())).toBeNull();
    });

    test('delivers once a run that is added twice, and again one that is added after it was done', async () => {
      const id = newRunId();
      await queue.add(id);
      await queue.add(id);
      const { delivered } = work(() => ({ outcome: 'done' }));
      await until(async () => (await queue.placeOf(id)) === null);
      expect(delivered).toEqual([id]);
      await queue.add(id);
      await until(() => delivered.length === 2);
    });

    test('says that a run is active while it is worked on', async () => {
      const id = newRunId();
      let release = (): void => undefined;
      const { delivered } = work(
        () => new Promise((resolve) => (release = () => resolve({ outcome: 'done' }))),
      );
      await queue.add(id);
      await until(() => delivered.length === 1);
      expect(await queue.placeOf(id)).toBe('active');
      release();
      await until(async () => (await queue.placeOf(id)) === null);
    });

    test('gives a run handed back to another worker, before those that wait', async () => {
      const [first, second] = [newRunId(), newRunId()];
      const stopping = work(
        (_, signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve({ outcome: 'hand_back' }))),
      );
      await queue.add(first);
      await until(() => stopping.delivered.length === 1);
      await queue.add(second);
      await stopping.worker.close();
      expect(await queue.placeOf(first)).toBe('waiting');
      const { delivered } = work(() => ({ outcome: 'done' }));
      await until(async () => (await queue.placeOf(second)) === null);
      expect(delivered).toEqual([first, second]);
    });

    test('delivers a run again after the pause that was asked for', async () => {
      const id = newRunId();
      const { delivered } = work(() =>
        delivered.length === 1 ? { outcome: 'retry', delayMs: 300 } : { outcome: 'done' },
      );
      await queue.add(id);
      await until(() => delivered.length === 1);
      expect(await queue.placeOf(id)).not.toBeNull();
      await until(async () => (await queue.placeOf(id)) === null);
      expect(delivered).toEqual([id, id]);
    });

    test('forgets no run for an error of its processor', async () => {
      const id = newRunId();
      const { delivered } = work(() => {
        if (delivered.length === 1) throw new Error('unexpected');
        return { outcome: 'done' };
      });
      await queue.add(id);
      await until(() => delivered.length === 1);
      await until(async () => (await queue.placeOf(id)) === null);
      // The queue drops it; the sweep of the producer finds and adds it.
      await queue.add(id);
      await until(() => delivered.length === 2);
    });

    test('closes a worker twice', async () => {
      const { worker } = work(() => ({ outcome: 'done' }));
      await worker.close();
      await worker.close();
    });
  });
}

/** Looks until it is so; the test's own limit ends it if it never is. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
