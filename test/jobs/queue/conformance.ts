/** The behaviour that the queues must have on every datastore. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Delivery } from '../../../src/jobs/queue/entry-queue.js';
import type { Queues, WebhookEntry } from '../../../src/jobs/queue/queues.js';

let runs = 0;
export const newRunId = (): string => `job_${String(++runs).padStart(26, '0')}`;
const newRunIds = (count: number): string[] => Array.from({ length: count }, newRunId);

const done = (): Delivery => ({ outcome: 'done' });

export function describeQueues(name: string, open: () => Promise<Queues>): void {
  describe(name, () => {
    let queues: Queues;
    beforeAll(async () => {
      queues = await open();
    });
    afterAll(() => queues.close());

    /** A worker that answers with `answer` and lists what it was given; closed after the test. */
    function work(
      answer: (runId: string, signal: AbortSignal) => Delivery | Promise<Delivery>,
      concurrency = 1,
    ) {
      const delivered: string[] = [];
      const worker = queues.training.work(
        async (runId, signal) => {
          delivered.push(runId);
          return answer(runId, signal);
        },
        { concurrency },
      );
      onTestFinished(() => worker.close());
      return { worker, delivered };
    }

    /** A worker that keeps what it is given until it is closed. */
    const workForEver = () =>
      work(
        (_, signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve({ outcome: 'hand_back' }))),
      );

    const isGone = async (runId: string): Promise<boolean> => (await queues.training.placeOf(runId)) === null;

    /** The waiting runs, in order of delivery. */
    async function drain(): Promise<string[]> {
      const { worker, delivered } = work(done);
      await until(async () => (await queues.training.count()) === 0);
      await worker.close();
      return delivered;
    }

    test('answers a ping', async () => {
      await queues.ping();
    });

    describe('of runs', () => {
      test('delivers them in order of arrival, and forgets those that are done', async () => {
        const ids = newRunIds(3);
        for (const id of ids) await queues.training.add(id);
        expect(await queues.training.placeOf(ids[0])).toBe('waiting');
        expect(await drain()).toEqual(ids);
        await until(() => isGone(ids[2]));
      });

      test('reports how many wait and how many workers there are', async () => {
        const { training } = queues;
        // A server may still count a worker that has left.
        const untilWorkers = (count: number) =>
          until(async () => (await training.queueOf('auto')).workers === count);
        const id = newRunId();
        await training.add(id);
        await untilWorkers(0);
        expect(await training.queueOf('auto')).toEqual({ name: 'training', waiting: 1, workers: 0 });
        const [first, second] = [work(done), work(done)];
        await untilWorkers(2);
        await until(() => isGone(id));
        await first.worker.close();
        await untilWorkers(1);
        await second.worker.close();
        await untilWorkers(0);
      });

      test('does not know a run that was never added', async () => {
        expect(await queues.training.placeOf(newRunId())).toBeNull();
      });

      test('delivers a run once that is added twice, and again when it is added after it was done', async () => {
        const id = newRunId();
        await queues.training.add(id);
        await queues.training.add(id);
        const { delivered } = work(done);
        await until(() => isGone(id));
        expect(delivered).toEqual([id]);
        await queues.training.add(id);
        await until(() => delivered.length === 2);
      });

      test('delivers the highest priority first, and equal priorities in order of arrival', async () => {
        const priorities = [0, -100, 7, undefined, 100, -1, 7, 1, -100, 100];
        const waiting = priorities.map((priority) => ({ id: newRunId(), priority }));
        for (const { id, priority } of waiting) {
          await queues.training.add(id, priority === undefined ? {} : { priority });
        }
        // toSorted is stable, and the queue must be too.
        const expected = waiting.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
        expect(await drain()).toEqual(expected.map(({ id }) => id));
      });

      test('delivers a run that is put first before all that wait', async () => {
        const [high, plain, first, firstOfAll] = newRunIds(4);
        await queues.training.add(plain);
        await queues.training.add(high, { priority: 100 });
        await queues.training.add(first, { first: true });
        await queues.training.add(firstOfAll, { first: true, priority: -100 });
        expect(await drain()).toEqual([firstOfAll, first, high, plain]);
      });

      test('reports a run as active while a worker has it', async () => {
        const id = newRunId();
        let release = (): void => undefined;
        const { delivered } = work(() => new Promise((resolve) => (release = () => resolve(done()))));
        await queues.training.add(id);
        await until(() => delivered.length === 1);
        expect(await queues.training.placeOf(id)).toBe('active');
        release();
        await until(() => isGone(id));
      });

      test.each([[undefined], [-100], [100]])(
        'gives one of priority %s that is handed back to another worker, before those that wait',
        async (priority) => {
          const [handedBack, plain, high, first] = newRunIds(4);
          const stopping = workForEver();
          await queues.training.add(handedBack, priority === undefined ? {} : { priority });
          await until(() => stopping.delivered.length === 1);
          await queues.training.add(plain);
          await queues.training.add(high, { priority: 100 });
          await queues.training.add(first, { first: true });
          await stopping.worker.close();
          expect(await queues.training.placeOf(handedBack)).toBe('waiting');
          expect(await drain()).toEqual([handedBack, first, high, plain]);
        },
      );

      test('puts a run first again when it is handed back a second time', async () => {
        const [handedBack, high] = newRunIds(2);
        await queues.training.add(handedBack);
        for (let time = 0; time < 2; time++) {
          const stopping = workForEver();
          await until(() => stopping.delivered.length === 1);
          if (time === 0) await queues.training.add(high, { priority: 100 });
          await stopping.worker.close();
        }
        expect(await drain()).toEqual([handedBack, high]);
      });

      test('delivers a run again after the requested pause', async () => {
        const id = newRunId();
        const { delivered } = work(() =>
          delivered.length === 1 ? { outcome: 'retry', delayMs: 300 } : done(),
        );
        await queues.training.add(id, { priority: 5 });
        await until(() => delivered.length === 1);
        expect(await queues.training.placeOf(id)).not.toBeNull();
        await until(() => isGone(id));
        expect(delivered).toEqual([id, id]);
      });

      test('accepts a run again after its processor threw', async () => {
        const id = newRunId();
        const { delivered } = work(() => {
          if (delivered.length === 1) throw new Error('unexpected');
          return done();
        });
        await queues.training.add(id);
        await until(() => delivered.length === 1);
        await until(() => isGone(id));
        // The queue drops the run. The search for forgotten runs finds it and adds it again.
        await queues.training.add(id);
        await until(() => delivered.length === 2);
      });

      test('removes a run that waits, whatever its place', async () => {
        const [plain, low, first, kept] = newRunIds(4);
        await queues.training.add(plain);
        await queues.training.add(low, { priority: -5 });
        await queues.training.add(first, { first: true });
        await queues.training.add(kept);
        for (const id of [plain, low, first]) {
          expect(await queues.training.remove(id)).toBe(true);
          expect(await queues.training.placeOf(id)).toBeNull();
          expect(await queues.training.remove(id)).toBe(false);
        }
        expect(await drain()).toEqual([kept]);
      });

      test('removes a run that waits for its retry', async () => {
        const id = newRunId();
        const { worker, delivered } = work(() => ({ outcome: 'retry', delayMs: 60_000 }));
        await queues.training.add(id);
        await until(() => delivered.length === 1);
        await worker.close();
        expect(await queues.training.remove(id)).toBe(true);
        expect(await queues.training.placeOf(id)).toBeNull();
      });

      test('does not remove a run that is active or unknown', async () => {
        const id = newRunId();
        const { worker, delivered } = workForEver();
        await queues.training.add(id);
        await until(() => delivered.length === 1);
        expect(await queues.training.remove(id)).toBe(false);
        expect(await queues.training.placeOf(id)).toBe('active');
        expect(await queues.training.remove(newRunId())).toBe(false);
        await worker.close();
        expect(await queues.training.remove(id)).toBe(true);
      });

      test('counts those that wait, now or for a retry, and not the active ones', async () => {
        const [pausing, active, plain, low, first] = newRunIds(5);
        const stopping = work((id, signal) =>
          id === pausing
            ? { outcome: 'retry', delayMs: 60_000 }
            : new Promise((resolve) => signal.addEventListener('abort', () => resolve(done()))),
        );
        await queues.training.add(pausing);
        await until(() => stopping.delivered.includes(pausing));
        await queues.training.add(active);
        await until(() => stopping.delivered.includes(active));
        await queues.training.add(plain);
        await queues.training.add(low, { priority: -5 });
        await queues.training.add(first, { first: true });
        expect(await queues.training.count()).toBe(4);
        await stopping.worker.close();
        for (const id of [pausing, plain, low, first]) await queues.training.remove(id);
        expect(await queues.training.count()).toBe(0);
      });

      test('never gives two workers the same run', async () => {
        const ids = newRunIds(40);
        const answer = async (): Promise<Delivery> => {
          await sleep(5);
          return done();
        };
        const workers = [work(answer, 3), work(answer, 3)];
        await Promise.all(ids.map((id, at) => queues.training.add(id, { priority: at % 3 })));
        await until(async () => (await queues.training.count()) === 0);
        await Promise.all(workers.map(({ worker }) => worker.close()));
        const delivered = workers.flatMap((one) => one.delivered);
        expect(delivered.toSorted()).toEqual(ids.toSorted());
        expect(workers.every((one) => one.delivered.length > 0)).toBe(true);
      });

      test('allows closing a worker twice', async () => {
        const { worker } = work(done);
        await worker.close();
        await worker.close();
      });
    });

    describe('of webhooks', () => {
      /** Like `work`; `delivered` also has the time in ms. */
      function send(answer: (entry: WebhookEntry) => Delivery) {
        const delivered: { entry: WebhookEntry; at: number }[] = [];
        const worker = queues.webhooks.work(
          (entry) => {
            delivered.push({ entry, at: performance.now() });
            return Promise.resolve(answer(entry));
          },
          { concurrency: 1 },
        );
        onTestFinished(() => worker.close());
        return { worker, delivered };
      }

      test('delivers each event of a run once, and no runs', async () => {
        const [run, other] = newRunIds(2);
        const entries = [
          { run_id: run, seq: 1 },
          { run_id: run, seq: 2 },
          { run_id: other, seq: 1 },
        ];
        await queues.training.add(run);
        for (const entry of [...entries, ...entries]) await queues.webhooks.add(entry);
        const { worker, delivered } = send(done);
        await until(() => delivered.length === entries.length);
        await worker.close();
        expect(delivered.map(({ entry }) => entry)).toEqual(entries);
        expect(await drain()).toEqual([run]);
      });

      test('delivers after the delay that the sender asks for, and others meanwhile', async () => {
        const [late, early] = newRunIds(2).map((run_id) => ({ run_id, seq: 0 }));
        const { delivered } = send(done);
        const start = performance.now();
        await queues.webhooks.add(late, { delayMs: 400 });
        await queues.webhooks.add(early);
        await until(() => delivered.length === 2);
        expect(delivered.map(({ entry }) => entry)).toEqual([early, late]);
        // Timers may fire a little early.
        expect(delivered[1].at - start).toBeGreaterThan(380);
      });

      test('delivers again after the delay that the processor asks for, and others meanwhile', async () => {
        const [failing, other] = newRunIds(2).map((run_id) => ({ run_id, seq: 3 }));
        let failures = 0;
        const { delivered } = send((entry) =>
          entry.run_id === failing.run_id && failures++ < 2 ? { outcome: 'retry', delayMs: 150 } : done(),
        );
        await queues.webhooks.add(failing);
        await queues.webhooks.add(other);
        await until(() => delivered.length === 4);
        expect(delivered.map(({ entry }) => entry)).toEqual([failing, other, failing, failing]);
        expect(delivered[3].at - delivered[2].at).toBeGreaterThan(130);
      });
    });
  });
}

/** Polls until the condition holds. The time limit of the test ends the wait. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
