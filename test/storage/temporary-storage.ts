/** A real file storage in a folder that is removed when the test ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createFileStorage } from '../../src/storage/file-storage.js';
import type { Storage } from '../../src/storage/storage.js';

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function temporaryStorage(): Promise<Storage> {
  return createFileStorage(await temporaryFolder());
}

/** Flips one bit of the blob, as a failing disk does. */
export async function flipBit(storage: Storage, key: string, bit: number): Promise<void> {
  const content = await storage.read(key);
  if (content === null || bit >= 8 * content.length) throw new Error(`There is no bit ${bit} in ${key}`);
  content[bit >> 3] ^= 1 << (bit & 7);
  await storage.put(key, content);
}
