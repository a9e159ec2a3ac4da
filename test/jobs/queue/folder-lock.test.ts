import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFolder } from '../../../src/jobs/queue/folder-lock.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';

test('a folder is locked once, until it is released', async () => {
  const folder = await temporaryFolder();
  const release = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  await release();
  await (
    await lockFolder(folder)
  )();
});

test('of many that start at the same moment at most one gets the lock', async () => {
  const folder = await temporaryFolder();
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  const releases = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(releases.length).toBeLessThanOrEqual(1);
  for (const release of releases) await release();
});

test('a lock outlives no process that held it, even one that was killed', async () => {
  const folder = await temporaryFolder();
  const script = join(folder, 'hold.mjs');
  const lockModule = new URL('../../../dist/jobs/queue/folder-lock.js', import.meta.url).href;
  await writeFile(
    script,
    `import { lockFolder } from ${JSON.stringify(lockModule)};
     await lockFolder(process.argv[2]);
     process.send('locked');
     setInterval(() => undefined, 1000);`,
  );
  const child = fork(script, [folder], { execArgv: [] });
  await once(child, 'message');
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
  child.kill('SIGKILL');
  await once(child, 'close');
  await (
    await lockFolder(folder)
  )();
});

test('a folder with a long path is locked too', async () => {
  const folder = join(await temporaryFolder(), 'long'.repeat(30));
  await mkdir(folder);
  await (
    await lockFolder(folder)
  )();
});
