/** Which storage it is. The object store's client is loaded only where it is wanted, as it is large. */
import { join } from 'node:path';
import { TrainyardError } from '../errors.js';
import { createBlobCache, type BlobCache } from './blob-cache.js';
import { createFileStorage } from './file-storage.js';
import type { S3Target } from './s3-storage.js';
import type { Storage } from './storage.js';

export type StoreTarget = { kind: 'folder' } | ({ kind: 's3' } & S3Target);

/**
 * `dataDir` is the folder, where no other store is set. An object store is asked whether it is there and lets us in.
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
      `DATA_DIR must be a folder that this user can write, or a place for one. (${message})`,
      { cause },
    );
  }
}

/** Null where the store is as near as a cache would be. */
export function openBlobCache(target: StoreTarget, dataDir: string): BlobCache | null {
  return target.kind === 'folder' ? null : createBlobCache(join(dataDir, 'cache'));
}

/** How often a store is looked at for news whose every look is paid for; {} leaves it to who looks. */
export function lookPace(target: StoreTarget): { lookEveryMs?: number } {
  return target.kind === 'folder' ? {} : { lookEveryMs: 1_000 };
}
