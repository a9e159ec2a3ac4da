import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { openQueue } from '../../../src/jobs/queue/open-queue.js';
import { describeWithService } from '../../services.js';
import { describeQueues, newRunId, until } from './conformance.js';
import { workInAnotherProcess } from './worker-process.js';

const log = pino({ level: 'silent' });

const folder = await mkdtemp(join(tmpdir(), 'trainyard-queue-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
describeQueues('the embedded queues', () => openQueue({ kind: 'embedded' }, folder, log));

for (const kind of ['redis', 'postgres'] as const) {
  describeWithService(kind, `on a real ${kind}`, (service) => {
    const open = () => openQueue({ kind, url: service().url }, folder, log);
    describeQueues('the queues', open);

    /** Queues of the test's own, and a worker that is done with a run when `process` is. */
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

    test('keep what waits when the server is restarted, and go on delivering', async () => {
      const { queues, delivered, startWorker } = await openForTest();
      const placeOf = (id: string) => queues.training.placeOf(id).catch(() => 'away');
      const [before, after] = [newRunId(), newRunId()];
      await queues.training.add(before);
      await service().restart();
      await expect.poll(() => placeOf(before), { timeout: 20_000 }).toBe('waiting');
      startWorker();
      await until(async () => (await placeOf(before)) === null);
      await service().restart();
      await until(async () => (await placeOf(after)) === null);
      await queues.training.add(after);
      await until(() => delivered.length === 2);
      expect(delivered).toEqual([before, after]);
    });

    test('give a run to another worker when the one that has it is killed, before those that wait', async () => {
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

test.each([
  ['redis', 'redis://user:secret@127.0.0.1:1'],
  ['postgres', 'postgres://user:secret@127.0.0.1:1/none'],
] as const)('a %s that is not there is named, without the password', async (kind, url) => {
  const error = await openQueue({ kind, url }, folder, log).catch((reason: unknown) => reason as Error);
  expect(error).toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  expect((error as Error).message).toContain('127.0.0.1:1');
  expect((error as Error).message).not.toContain('secret');
});
