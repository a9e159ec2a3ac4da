import { readdir } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { probeStorage } from '../../src/storage/storage.js';
import { mountSmallDisk } from './small-disk.js';
import { temporaryFolder } from './temporary-storage.js';

test('probing a writable storage succeeds and leaves nothing behind, also many times at once', async () => {
  const folder = await temporaryFolder();
  const storage = await createFileStorage(folder);
  await Promise.all(Array.from({ length: 20 }, () => probeStorage(storage)));
  expect(await readdir(folder)).toEqual([]);
});

test('probing a full or read-only storage fails until it can be written again', async ({ skip }) => {
  const disk = await mountSmallDisk(1);
  if (disk === null) return skip('mounting is not permitted here');
  onTestFinished(() => disk.remove());
  const storage = await createFileStorage(disk.folder);
  await disk.fill(0);
  await expect(probeStorage(storage)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  await disk.empty();
  await probeStorage(storage);
  await disk.setWritable(false);
  await expect(probeStorage(storage)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  await disk.setWritable(true);
  await probeStorage(storage);
});
