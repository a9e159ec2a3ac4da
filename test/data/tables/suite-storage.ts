/** A real file storage that all tests of a file share; its folder is removed after the last one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import type { Storage } from '../../../src/storage/storage.js';

export async function suiteStorage(): Promise<Storage> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return createFileStorage(folder);
}
