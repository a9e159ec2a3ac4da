import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { openQueue } from '../../../src/jobs/queue/open-queue.js';
import type { RunDelivery } from '../../../src/jobs/queue/training-queue.js';
import { optionalEngineNames } from '../../../src/model/engines/select.js';
import { describeWithService } from '../../services.js';
import { describeQueues, newRunId, until } from './conformance.js';
import { workInAnotherProcess } from './worker-process.js';

const log = pino({ level: 'silent' });

const folder = await mkdtemp(join(tmpdir(), 'trainyard-queue-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const options = { dataDir: folder, engines: optionalEngineNames, log };
describeQueues('the embedded queues', () => openQueue({ kind: 'embedded' }, options));

for (const kind of ['redis', 'postgres'] as const) {
  describeWithService(kind, `on a real ${kind}`, (service) => {
    const open = () => openQueue({ kind, url: service().url }, options);
    describeQueues('the queues', open);

    /** Queues for one test, and a worker that is done with a run when `process` resolves. */
    async function openForTest(process: (runId: string) => Promise<void> = () => Promise.resolve()) {
      const queues = await open();
      onTestFinished(() => queues.close());
      const delivered: string[] = [];
      const startWorker = (): void => {
        const worker = queues.training.work(
          async (id) => {
            delivered.push(id);
            await process(id);
            return { outcome: 'done' };
          },
          { concurrency: 1 },
        );
        onTestFinished(() => worker.close());
      };
      return { queues, delivered, startWorker };
    }

    describe('with runs for an engine that not every worker has', () => {
      const forTensorflow = { engine: 'tensorflow' };

      /** A worker with these engines, and the runs that it holds until the test releases them. */
      async function openWithWorker(engines: string[], concurrency = 1) {
        const queues = await open();
        onTestFinished(() => queues.close());
        const inHand = new Map<string, () => void>();
        const delivered: string[] = [];
        const worker = queues.training.work(
          (id) => {
            delivered.push(id);
            return new Promise((resolve) => {
              inHand.set(id, () => {
                inHand.delete(id);
                resolve({ outcome: 'done' });
              });
            });
          },
          { concurrency, engines },
        );
        onTestFinished(async () => {
          const closed = worker.close();
          for (const letGo of inHand.values()) letGo();
          await closed;
        });
        return { queues, worker, delivered, inHand };
      }

      test('give them only to a worker that has it, and give that worker other runs too', async () => {
        const [plain, special, more] = [newRunId(), newRunId(), newRunId()];
        const without = await openWithWorker([], 3);
        const { training } = without.queues;
        await training.add(special, forTensorflow);
        await training.add(plain);
        await until(() => without.delivered.length === 1);
        expect(without.delivered).toEqual([plain]);
        expect(await training.placeOf(special)).toBe('waiting');

        const having = await openWithWorker(['tensorflow'], 3);
        await until(() => having.delivered.length === 1);
        expect(having.delivered).toEqual([special]);
        expect(await training.placeOf(special)).toBe('active');
        for (let i = 0; i < 6; i++) await training.add(i === 0 ? more : newRunId());
        await until(() => having.delivered.length === 3);
        having.inHand.get(special)?.();
        await until(async () => (await training.placeOf(special)) === null);
        for (const { inHand } of [without, having]) {
          for (let rest = 0; rest < 9; rest++) {
            for (const letGo of inHand.values()) letGo();
            await sleep(20);
          }
        }
        await until(async () => (await training.count()) === 0);
      });

      test('give a worker no more runs than its concurrency, over all its queues', async () => {
        const { queues, delivered, inHand } = await openWithWorker(['tensorflow'], 2);
        // The worker already waits on both queues when the entries are added.
        await sleep(200);
        const ids = Array.from({ length: 10 }, newRunId);
        await Promise.all(ids.map((id, i) => queues.training.add(id, i % 2 === 0 ? forTensorflow : {})));
        let most = 0;
        while (delivered.length < 10 || inHand.size > 0) {
          // Longer than it takes to hand an entry back.
          await sleep(100);
          most = Math.max(most, inHand.size);
          inHand.values().next().value?.();
        }
        expect(most).toBe(2);
        expect(delivered.toSorted()).toEqual(ids.toSorted());
        await until(async () => (await queues.training.count()) === 0);
      });

      test('put them before those that wait when another worker moves them to the queue of the engine', async () => {
        const queues = await open();
        onTestFinished(() => queues.close());
        const [moved, waiting] = [newRunId(), newRunId()];
        await queues.training.add(waiting, { ...forTensorflow, priority: 100 });
        await queues.training.add(moved);
        const move: RunDelivery = { outcome: 'move', engine: 'tensorflow' };
        const without = queues.training.work(() => Promise.resolve(move), { concurrency: 1 });
        onTestFinished(() => without.close());
        await until(async () => (await queues.training.queueOf('tensorflow')).waiting === 2);

        const having = await openWithWorker(['tensorflow']);
        await until(() => having.delivered.length === 1);
        having.inHand.get(moved)?.();
        await until(() => having.delivered.length === 2);
        expect(having.delivered).toEqual([moved, waiting]);
        having.inHand.get(waiting)?.();
        await until(async () => (await queues.training.placeOf(moved)) === null);
        await until(async () => (await queues.training.count()) === 0);
      });

      test('report how many workers could take them', async () => {
        const [without, having] = [await openWithWorker([]), await openWithWorker(['tensorflow'])];
        const { training } = without.queues;
        const untilWorkers = (engine: string, count: number) =>
          until(async () => (await training.queueOf(engine)).workers === count);
        await untilWorkers('tensorflow', 1);
        expect(await training.queueOf('tensorflow')).toEqual({
          name: 'training-tensorflow',
          waiting: 0,
          workers: 1,
        });
        await untilWorkers('auto', 2);
        expect(await training.queueOf('wasm')).toEqual({ name: 'training', waiting: 0, workers: 2 });
        await having.worker.close();
        await untilWorkers('tensorflow', 0);
        await untilWorkers('auto', 1);
      });

      test('count, find and remove them like others', async () => {
        const queues = await open();
        onTestFinished(() => queues.close());
        const [plain, special] = [newRunId(), newRunId()];
        await queues.training.add(plain);
        await queues.training.add(special, { ...forTensorflow, priority: 3 });
        expect(await queues.training.count()).toBe(2);
        // The server may still count the workers of other tests.
        await until(async () => (await queues.counts()).every(({ workers }) => workers === 0));
        expect(await queues.counts()).toEqual([
          { queue: 'training', waiting: 1, active: 0, workers: 0 },
          { queue: 'training-native', waiting: 0, active: 0, workers: 0 },
          { queue: 'training-webgpu', waiting: 0, active: 0, workers: 0 },
          { queue: 'training-tensorflow', waiting: 1, active: 0, workers: 0 },
          { queue: 'webhooks', waiting: 0, active: 0, workers: 0 },
          { queue: 'datasets', waiting: 0, active: 0, workers: 0 },
          { queue: 'batches', waiting: 0, active: 0, workers: 0 },
        ]);
        for (const id of [plain, special]) {
          expect(await queues.training.placeOf(id)).toBe('waiting');
          expect(await queues.training.remove(id)).toBe(true);
          expect(await queues.training.remove(id)).toBe(false);
        }
        expect(await queues.training.count()).toBe(0);
      });
    });

    test('keep waiting entries over a restart of the server, and go on delivering', async () => {
      const { queues, delivered, startWorker } = await openForTest();
      const placeOf = (id: string) => queues.training.placeOf(id).catch(() => 'away');
      const [before, after] = [newRunId(), newRunId()];
      await queues.training.add(before);
      await service().restart();
      await expect.poll(() => placeOf(before)).toBe('waiting');
      startWorker();
      await until(async () => (await placeOf(before)) === null);
      await service().restart();
      await until(async () => (await placeOf(after)) === null);
      await queues.training.add(after);
      await until(() => delivered.length === 2);
      expect(delivered).toEqual([before, after]);
    });

    test('give the run of a killed worker to another worker, before those that wait', async () => {
      const [lost, held, waiting] = [newRunId(), newRunId(), newRunId()];
      const { queues, delivered, startWorker } = await openForTest(async (runId) => {
        if (runId !== waiting) return;
        await until(async () => (await queues.training.placeOf(lost)) === 'waiting');
      });
      const child = await workInAnotherProcess({ kind, url: service().url }, folder, lost);
      await queues.training.add(held);
      await queues.training.add(waiting, { priority: 100 });
      child.kill('SIGKILL');
      startWorker();
      await until(() => delivered.length === 3);
      expect(delivered).toEqual([waiting, lost, held]);
    });
  });
}

describeWithService('redis', 'on a Redis that does not show its clients', (service) => {
  test('the queues deliver and count, and report no number of workers', async () => {
    const { port } = new URL(service().url);
    const admin = new Redis(service().url);
    onTestFinished(() => admin.disconnect());
    await admin.call('ACL', ['SETUSER', 'trainyard', 'on', '>secret', '~*', '&*', '+@all', '-client|list']);
    const queues = await openQueue(
      { kind: 'redis', url: `redis://trainyard:secret@127.0.0.1:${port}` },
      options,
    );
    onTestFinished(() => queues.close());
    const id = newRunId();
    await queues.training.add(id);
    expect(await queues.training.queueOf('auto')).toEqual({ name: 'training', waiting: 1, workers: null });
    expect((await queues.counts()).at(0)).toEqual({
      queue: 'training',
      waiting: 1,
      active: 0,
      workers: null,
    });
    const worker = queues.training.work(() => Promise.resolve({ outcome: 'done' }), { concurrency: 1 });
    onTestFinished(() => worker.close());
    await until(async () => (await queues.training.placeOf(id)) === null);
  });
});

test.each([
  ['redis', 'redis://user:secret@127.0.0.1:1'],
  ['postgres', 'postgres://user:secret@127.0.0.1:1/none'],
] as const)('a %s that cannot be reached is named without its password', async (kind, url) => {
  const error = await openQueue({ kind, url }, options).catch((reason: unknown) => reason as Error);
  expect(error).toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  expect((error as Error).message).toContain('127.0.0.1:1');
  expect((error as Error).message).not.toContain('secret');
});
