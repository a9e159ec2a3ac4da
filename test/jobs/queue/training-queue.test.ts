import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { openEmbeddedQueue } from '../../../src/jobs/queue/embedded.js';
import { openQueue } from '../../../src/jobs/queue/open-queue.js';
import { describeWithService } from '../../services.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';
import { describeQueue } from './conformance.js';

const log = pino({ level: 'silent' });

const folder = await mkdtemp(join(tmpdir(), 'trainyard-queue-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
describeQueue('the embedded queue', () => openQueue({ kind: 'embedded' }, folder, log));

for (const kind of ['redis', 'postgres'] as const) {
  describeWithService(kind, `on a real ${kind}`, (service) => {
    describeQueue('the queue', () => openQueue({ kind, url: service().url }, folder, log));

    test('keeps what waits when the server is restarted', async () => {
      const queue = await openQueue({ kind, url: service().url }, folder, log);
      const id = `job_${'9'.repeat(26)}`;
      await queue.add(id);
      await service().restart();
      await expect.poll(() => queue.placeOf(id).catch(() => 'away'), { timeout: 20_000 }).toBe('waiting');
      await queue.close();
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

test('an embedded queue keeps what waits from one process to the next, and one process out while it is open', async () => {
  const home = await temporaryFolder();
  const id = `job_${'8'.repeat(26)}`;
  const first = await openEmbeddedQueue(home, log);
  await first.add(id);
  await expect(openEmbeddedQueue(home, log)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  await first.close();
  const second = await openEmbeddedQueue(home, log);
  expect(await second.placeOf(id)).toBe('waiting');
  await second.close();
});
