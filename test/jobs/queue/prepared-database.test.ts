import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isPrepared, keepPrepared, layPreparedDatabase } from '../../../src/jobs/queue/prepared-database.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';

/** In place of a database: a file that PostgreSQL would keep to its owner. */
async function makeFile(folder: string, content: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'PG_VERSION'), content, { mode: 0o600 });
}

test('a database for other versions of the packages is made anew, in a process of its own', async () => {
  const home = join(await temporaryFolder(), 'prepared');
  await makeFile(home, 'old');
  await writeFile(join(home, 'made-for.json'), '{"recipe":1,"pglite":"0.0.1","bullmq":"0.0.1"}');
  const target = join(await temporaryFolder(), 'queue');
  await layPreparedDatabase(target, home);
  expect(await isPrepared(home)).toBe(true);
  expect(await readdir(target)).toEqual(expect.arrayContaining(['PG_VERSION', 'base', 'global', 'pg_wal']));
});

test('the prepared database takes the place of what is in the folder', async () => {
  const home = join(await temporaryFolder(), 'prepared');
  await keepPrepared(home, (folder) => makeFile(folder, 'new'));
  const target = await temporaryFolder();
  await writeFile(join(target, 'old'), 'old');
  await layPreparedDatabase(target, home);
  expect(await readdir(target)).toEqual(['PG_VERSION']);
});

test('a database whose making fails is not kept', async () => {
  const parent = await temporaryFolder();
  const home = join(parent, 'prepared');
  const fail = async (folder: string): Promise<void> => {
    await makeFile(folder, 'half');
    throw new Error('killed');
  };
  await expect(keepPrepared(home, fail)).rejects.toThrow('killed');
  expect(await isPrepared(home)).toBe(false);
  expect(await readdir(parent)).toEqual([]);
});

test('of two processes that prepare it at once, one wins and both can use it', async () => {
  const parent = await temporaryFolder();
  const home = join(parent, 'prepared');
  await Promise.all([1, 2].map(() => keepPrepared(home, (folder) => makeFile(folder, 'new'))));
  expect(await isPrepared(home)).toBe(true);
  expect(await readFile(join(home, 'database', 'PG_VERSION'), 'utf8')).toBe('new');
  expect(await readdir(parent)).toEqual(['prepared']);
});

test('every user may read it, since an image is built by another one', async () => {
  const home = join(await temporaryFolder(), 'prepared');
  await keepPrepared(home, (folder) => makeFile(folder, 'new'));
  expect((await stat(home)).mode & 0o777).toBe(0o755);
  expect((await stat(join(home, 'database', 'PG_VERSION'))).mode & 0o777).toBe(0o644);
});
