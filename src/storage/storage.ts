/**
 * Where runs and models are kept: named blobs, of which most are written once. Nothing above this interface knows a
 * local path, so that an object store can take the place of the folder.
 *
 * A key is a path of segments joined by '/', each of letters, digits, '.', '_' and '-', none of them '.' or '..' or
 * beginning with '.tmp-'; any other key is a programming error. A prefix is a key too, and may outlive its last blob.
 * No blob's key is another's prefix: a folder refuses such a blob, an object store would keep both.
 * A blob is seen whole or not at all, and a change is durable when its promise resolves. What the store itself refuses
 * to write rejects with a TrainyardError: STORAGE_FULL for want of room, STORAGE_UNAVAILABLE for all that an operator can
 * put right (no permission, read-only, a broken disk, an object store that does not answer). Reads reject with
 * STORAGE_UNAVAILABLE where the store is away, which says nothing about the blob, and with BLOB_UNREADABLE where this one
 * blob or folder cannot be read while the others can.
 */
import type { Readable } from 'node:stream';
import { TrainyardError, type ErrorCode } from '../errors.js';

export interface Storage {
  /** For logs: the kind and the place, without secrets. */
  readonly description: string;
  /** The blob, or with `from` only what lies past that many bytes; null when there is none. */
  read(key: string, options?: { from?: number }): Promise<Buffer | null>;
  /** The blob's bytes as they are read, both ends of `range` included; null when there is none. */
  open(key: string, range?: { start: number; end: number }): Promise<Readable | null>;
  /** Writes the blob in place of any earlier one. */
  put(key: string, content: Uint8Array): Promise<void>;
  /** Writes the blob if there is none; false, and nothing changed, when there is one. One of many racers wins. */
  create(key: string, content: Uint8Array): Promise<boolean>;
  /**
   * Adds to the end of the blob, making it first if need be. One writer at a time, though not always the same process;
   * not seen whole on a crash. An object store writes the blob anew, so that this is for blobs of some megabytes.
   */
  append(key: string, content: Uint8Array): Promise<void>;
  /** Names (not keys) of what lies directly under the prefix, blobs and prefixes alike, sorted; [] for nothing. */
  list(prefix: string): Promise<string[]>;
  /** Gives the blob, or all blobs under the prefix, a key under which there is nothing yet; nothing there is no error. */
  move(from: string, to: string): Promise<void>;
  /** Removes the blob, or all blobs under the prefix; nothing there is no error. */
  remove(prefix: string): Promise<void>;
}

/** The same storage for whoever treats a blob that cannot be read like a damaged one, which has this code. */
export function unreadableAs(code: ErrorCode, storage: Storage): Storage {
  const naming = async <Found>(read: Promise<Found>): Promise<Found> => {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof TrainyardError && error.code === 'BLOB_UNREADABLE')) throw error;
      throw new TrainyardError(code, error.message, { cause: error });
    }
  };
  return {
    ...storage,
    read: (key, options) => naming(storage.read(key, options)),
    open: (key, range) => naming(storage.open(key, range)),
    list: (prefix) => naming(storage.list(prefix)),
  };
}

/** Whether the store refused, which is not the fault of who asked. */
export function isStorageFailure(
  error: unknown,
): error is TrainyardError & { code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE' } {
  return (
    error instanceof TrainyardError && (error.code === 'STORAGE_FULL' || error.code === 'STORAGE_UNAVAILABLE')
  );
}
