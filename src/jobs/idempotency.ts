/**
 * Which run each idempotency key stands for: `idempotency/{SHA-256 of the key}.json`, created once. It is there before the
 * run is, so that of two requests at the same moment one leads and the other follows, and a crash between the two leaves
 * a run for the next one to store.
 */
import { createHash } from 'node:crypto';
import type { Storage } from '../storage/storage.js';
import type { JobRequest } from './contracts.js';
import { decodeDocument, encodeDocument } from './document.js';

export interface Remembered {
  run_id: string;
  request: JobRequest;
}

export interface IdempotencyKeys {
  /** null: the key is new. */
  find(key: string): Promise<Remembered | null>;
  /** What the key stands for now: this, or what came first. */
  remember(key: string, what: Remembered): Promise<Remembered>;
  forget(key: string): Promise<void>;
}

export function createIdempotencyKeys(storage: Storage): IdempotencyKeys {
  const placeOf = (key: string): string =>
    `idempotency/${createHash('sha256').update(key).digest('hex')}.json`;

  async function find(key: string): Promise<Remembered | null> {
    const bytes = await storage.read(placeOf(key));
    return bytes === null ? null : (decodeDocument(bytes, placeOf(key)) as Remembered);
  }

  return {
    find,
    async remember(key, what) {
      await storage.create(placeOf(key), encodeDocument(what));
      return (await find(key)) ?? what;
    },
    forget: (key) => storage.remove(placeOf(key)),
  };
}
