import { createHash } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createBlobCache } from '../../src/storage/blob-cache.js';
import { temporaryFolder } from './temporary-storage.js';

const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** A blob that counts how often it is fetched. */
function blobOf(text: string): { sha256: string; fetched: number; fetch: () => Promise<Buffer> } {
  const content = Buffer.from(text);
  const blob = {
    sha256: digest(content),
    fetched: 0,
    fetch: () => {
      blob.fetched++;
      return Promise.resolve(content);
    },
  };
  return blob;
}

test('a blob is fetched once for all processes', async () => {
  const folder = join(await temporaryFolder(), 'cache');
  const blob = blobOf('content');
  for (let turn = 0; turn < 3; turn++) {
    expect(await createBlobCache(folder).read(blob.sha256, blob.fetch)).toEqual(Buffer.from('content'));
  }
  expect(blob.fetched).toBe(1);
  expect(await readdir(folder)).toEqual([blob.sha256]);
});

test('a damaged file is fetched and written again', async () => {
  const folder = await temporaryFolder();
  const blob = blobOf('content');
  await writeFile(join(folder, blob.sha256), 'damaged');
  const cache = createBlobCache(folder);
  for (let turn = 0; turn < 2; turn++) {
    expect(await cache.read(blob.sha256, blob.fetch)).toEqual(Buffer.from('content'));
  }
  expect(blob.fetched).toBe(1);
});

test('a blob with another digest, or a missing one, is returned and not cached', async () => {
  const folder = await temporaryFolder();
  const cache = createBlobCache(folder);
  const { sha256 } = blobOf('other');
  expect(await cache.read(sha256, blobOf('content').fetch)).toEqual(Buffer.from('content'));
  expect(await cache.read(sha256, () => Promise.resolve(null))).toBeNull();
  expect(await readdir(folder)).toEqual([]);
});

test('the least recently used files, and old temporary files, are removed when there is no room', async () => {
  const folder = await temporaryFolder();
  const cache = createBlobCache(folder, 10);
  const blobs = ['aaaa', 'bbbb', 'cccc'].map(blobOf);
  await writeFile(join(folder, '.tmp-left-by-a-crash'), '');
  await utimes(join(folder, '.tmp-left-by-a-crash'), 0, 0);
  const read = async (index: number): Promise<void> => {
    const { sha256, fetch } = blobs[index] ?? blobOf('');
    await cache.read(sha256, fetch);
  };
  await read(0);
  await utimes(join(folder, blobs[0]?.sha256 ?? ''), 1, 1);
  await read(1);
  await utimes(join(folder, blobs[1]?.sha256 ?? ''), 2, 2);
  // Reading it again makes it the most recently used.
  await read(0);
  await read(2);
  expect((await readdir(folder)).sort()).toEqual(
    blobs.flatMap(({ sha256 }, index) => (index === 1 ? [] : [sha256])).sort(),
  );
});

test('without a usable folder, every read fetches the blob', async () => {
  const folder = join(await temporaryFolder(), 'cache');
  await mkdir(join(folder, '..'), { recursive: true });
  await writeFile(folder, 'a file where the folder should be');
  const blob = blobOf('content');
  const cache = createBlobCache(folder);
  expect(await cache.read(blob.sha256, blob.fetch)).toEqual(Buffer.from('content'));
});
