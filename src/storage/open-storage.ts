/**
 * Opens the storage that the settings name. The object store's client is large, so it is loaded only when it is needed.
 */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainyardError } from '../errors.js';
import { createBlobCache, type BlobCache } from './blob-cache.js';
import { createFileStorage } from './file-storage.js';
import type { S3Target } from './s3-bucket.js';
import type { Storage } from './storage.js';

export type StoreTarget = { kind: 'folder' } | ({ kind: 's3' } & S3Target);

/**
 * `dataDir` is used when no object store is set. An object store must answer and accept the credentials.
 * @throws TrainyardError STORAGE_UNAVAILABLE
 */
export async function openStorage(target: StoreTarget, dataDir: string): Promise<Storage> {
  if (target.kind === 'folder') return openFolder(dataDir);
  const storage = (await import('./s3-storage.js')).createS3Storage(target);
  await storage.check();
  return storage;
}

async function openFolder(dataDir: string): Promise<Storage> {
  try {
    return await createFileStorage(dataDir);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined || cause instanceof TrainyardError) throw cause;
    throw new TrainyardError(
      'STORAGE_UNAVAILABLE',
      `DATA_DIR must be a folder that this user can write or create. (${message})`,
      { cause },
    );
  }
}

/** Of the disk of the folder; null: a bucket does not say. */
export async function spaceOf(
  target: StoreTarget,
  dataDir: string,
): Promise<{ freeBytes: number; sizeBytes: number } | null> {
  if (target.kind !== 'folder') return null;
  const { bavail, blocks, bsize } = await statfs(dataDir);
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}

/** null: the store is a local folder, and a cache would gain nothing. */
export function openBlobCache(target: StoreTarget, dataDir: string): BlobCache | null {
  return target.kind === 'folder' ? null : createBlobCache(join(dataDir, 'cache'));
}

/**
 * How often to poll the store for changes. An object store charges for each request; {} keeps the default of the
 * poller.
 */
export function lookPace(target: StoreTarget): { lookEveryMs?: number } {
  return target.kind === 'folder' ? {} : { lookEveryMs: 1_000 };
}
