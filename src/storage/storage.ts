/**
 * Where runs and models are stored: named blobs, most of them written once. Code above this interface knows no local
 * paths, so an object store can replace the folder.
 *
 * - A key is a path of segments joined by '/'. A segment consists of letters, digits, '.', '_' and '-'; it is not '.'
 * or
 *   '..' and does not start with '.tmp-'. Any other key is a programming error.
 * - A prefix is a key under which there are blobs. It may remain when its last blob is gone. No key of a blob is the
 *   prefix of another blob: a folder refuses such a blob, but an object store would accept it.
 * - Readers see a blob completely or not at all. A change is durable when its promise resolves.
 * - Writes reject with a TrainyardError when the store refuses them: STORAGE_FULL when there is no room, and
 *   STORAGE_UNAVAILABLE for anything else that an operator can correct (no permission, read-only, a broken disk, an
 *   object store that does not answer).
 * - Reads reject with STORAGE_UNAVAILABLE when the whole store cannot be read, which says nothing about the blob, and
 *   with BLOB_UNREADABLE when this blob or folder cannot be read but others can.
 */
import type { Readable } from 'node:stream';
import { TrainyardError, type ErrorCode } from '../errors.js';

export interface Storage {
  /** For logs: kind and location, without secrets. */
  readonly description: string;
  /** The blob, or with `from` only the bytes from there on; null: there is no such blob. */
  read(key: string, options?: { from?: number }): Promise<Buffer | null>;
  /** A stream of the blob, or of a range of it that includes both ends; null: there is no such blob. */
  open(key: string, range?: { start: number; end: number }): Promise<Readable | null>;
  /** Writes the blob and replaces an existing one. */
  put(key: string, content: Uint8Array): Promise<void>;
  /**
   * Writes the blob if it does not exist. Returns false if it exists. Of several concurrent calls, one returns true.
   */
  create(key: string, content: Uint8Array): Promise<boolean>;
  /**
   * Adds to the end of the blob and creates it if necessary. There may be one writer at a time, not always the same
   * process. After a crash the added content may be incomplete. An object store rewrites the whole blob, so use this
   * for blobs of up to some megabytes.
   */
  append(key: string, content: Uint8Array): Promise<void>;
  /** The sorted names (not keys) of the blobs and prefixes directly under the prefix; [] if there are none. */
  list(prefix: string): Promise<string[]>;
  /** Moves the blob, or all blobs under the prefix, to a key under which there is nothing. Ignores a missing source. */
  move(from: string, to: string): Promise<void>;
  /** Removes the blob, or all blobs under the prefix. Ignores a missing one. */
  remove(prefix: string): Promise<void>;
}

export const temporaryPrefix = '.tmp-';

/** @throws Error for an invalid key, which is a programming error */
export function segmentsOf(key: string): string[] {
  const segments = key.split('/');
  if (!segments.every(isSegment)) throw new Error(`Not a storage key: ${JSON.stringify(key)}`);
  return segments;
}

export function isSegment(name: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(name) && name !== '.' && name !== '..' && !name.startsWith(temporaryPrefix);
}

/**
 * The same storage, with `code` for a blob that cannot be read. Callers handle it like a damaged blob with that code.
 */
export function unreadableAs(code: ErrorCode, storage: Storage): Storage {
  const withCode = async <Found>(read: Promise<Found>): Promise<Found> => {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof TrainyardError && error.code === 'BLOB_UNREADABLE')) throw error;
      throw new TrainyardError(code, error.message, { cause: error });
    }
  };
  return {
    ...storage,
    read: (key, options) => withCode(storage.read(key, options)),
    open: (key, range) => withCode(storage.open(key, range)),
    list: (prefix) => withCode(storage.list(prefix)),
  };
}

/** Whether the store itself failed, so that the client is not to blame. */
export function isStorageFailure(
  error: unknown,
): error is TrainyardError & { code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE' } {
  return (
    error instanceof TrainyardError && (error.code === 'STORAGE_FULL' || error.code === 'STORAGE_UNAVAILABLE')
  );
}

const probeKey = 'readiness-probe';
/** Large enough to need room on a disk. */
const probeContent = new Uint8Array(4_096);

/**
 * Checks that the storage can be written: writes a blob and removes it. Several processes may do this at once.
 * @throws TrainyardError STORAGE_FULL, STORAGE_UNAVAILABLE
 */
export async function probeStorage(storage: Storage): Promise<void> {
  await storage.put(probeKey, probeContent);
  await storage.remove(probeKey);
}
