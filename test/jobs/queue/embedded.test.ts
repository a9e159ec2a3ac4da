import { once } from 'node:events';
import type * as Files from 'node:fs/promises';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openEmbeddedQueue } from '../../../src/jobs/queue/embedded.js';
import type { Queues } from '../../../src/jobs/queue/queues.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';
import { newRunId, until } from './conformance.js';
import { workInAnotherProcess } from './worker-process.js';

let diskIsFull = false;
vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof Files>();
  const statfs = async (path: string) => {
    const disk = await original.statfs(path);
    if (diskIsFull) disk.bavail = 0;
    return disk;
  };
  const copyFile = (...args: Parameters<typeof Files.copyFile>) =>
    diskIsFull ? Promise.reject(new Error('ENOSPC: no space left on device')) : original.copyFile(...args);
  return { ...original, statfs, copyFile };
});

const warnings: string[] = [];
const log = pino(
  { level: 'warn' },
  { write: (line: string) => void warnings.push((JSON.parse(line) as { msg: string }).msg) },
);

async function usedFolder(): Promise<string> {
  const home = await temporaryFolder();
  await (await openEmbeddedQueue(home, log)).close();
  return home;
}

async function open(home: string): Promise<Queues> {
  warnings.length = 0;
  const queues = await openEmbeddedQueue(home, log);
  onTestFinished(() => queues.close());
  return queues;
}

async function expectToDeliver({ training }: Queues): Promise<void> {
  const id = newRunId();
  const delivered: string[] = [];
  await training.add(id);
  const worker = training.work(
    (runId) => {
      delivered.push(runId);
      return Promise.resolve({ outcome: 'done' });
    },
    { concurrency: 1 },
  );
  await until(() => delivered.length > 0);
  await worker.close();
  expect(delivered).toEqual([id]);
}

test('the embedded queue keeps other processes out until it is closed', async () => {
  const home = await temporaryFolder();
  const queues = await openEmbeddedQueue(home, log);
  await expect(openEmbeddedQueue(home, log)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  await queues.close();
  await (await open(home)).ping();
});

test('it deletes the entries of the last process, so that a run is delivered at once after a kill', async () => {
  const home = await temporaryFolder();
  const run = newRunId();
  const child = await workInAnotherProcess({ kind: 'embedded' }, home, run);
  child.kill('SIGKILL');
  await once(child, 'close');

  const queues = await open(home);
  expect(await queues.training.placeOf(run)).toBeNull();
  await expectToDeliver(queues);
  expect(warnings).toEqual([]);
});

const damages: [string, (queueFolder: string) => Promise<void>][] = [
  ['its tables are gone', (folder) => rm(join(folder, 'base'), { recursive: true })],
  ['every file is garbage', garble],
  [
    'the process that made it was killed meanwhile',
    async (folder) => {
      await rm(folder, { recursive: true });
      await mkdir(folder);
      await writeFile(join(folder, 'PG_VERSION'), '17\n');
    },
  ],
];

test.each(damages)('it begins anew, and leaves other files alone, when %s', async (_, damage) => {
  const home = await usedFolder();
  await damage(join(home, 'queue'));
  await writeFile(join(home, 'run.json'), 'kept');
  const queues = await open(home);
  await expectToDeliver(queues);
  expect(await readdir(home)).toContain('run.json');
});

test('a full disk is reported, and nothing but the queue on it is removed', async () => {
  const home = await usedFolder();
  await writeFile(join(home, 'run.json'), 'kept');
  diskIsFull = true;
  onTestFinished(() => void (diskIsFull = false));
  await expect(openEmbeddedQueue(home, log)).rejects.toMatchObject({
    code: 'QUEUE_UNAVAILABLE',
    message: expect.stringContaining('free disk space') as string,
  });
  expect(await readdir(home)).toContain('run.json');
  diskIsFull = false;
  await expectToDeliver(await open(home));
});

async function garble(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    await writeFile(join(entry.parentPath, entry.name), 'garbage');
  }
}
