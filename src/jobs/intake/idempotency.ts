/**
 * Which run each idempotency key stands for: `idempotency/{SHA-256 of the key}.json`, created once, before the run is. Of two
 * requests at the same moment one creates it and the other reads it. After a crash between document and run, the next
 * request stores the run.
 *
 * A damaged document stays where it is, and the key continues under the next name, `{SHA-256}.2.json`. That one is created
 * exclusively too, so that again one request of many creates it.
 */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../../errors.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import type { JobRequest } from '../runs/job-request.js';
import { decodeDocument, encodeDocument } from '../runs/json-document.js';
import { anything, mapOf, nullable, object, text, type Shape } from '../../lib/json-shape.js';

export interface Remembered {
  run_id: string;
  /** null: it was lost with a damaged document. */
  request: JobRequest | null;
}

export interface IdempotencyKeys {
  /** null: the key is new. 'damaged': it is not new, and only its run says what it stood for. */
  find(key: string): Promise<Remembered | 'damaged' | null>;
  /** What the key stands for now: this, or what came first. */
  remember(key: string, what: Remembered): Promise<Remembered>;
  forget(key: string): Promise<void>;
}

/** The request was checked when it came in, and is only compared. */
export const rememberedShape = object<Remembered>({
  run_id: text,
  request: nullable(mapOf(anything) as Shape<JobRequest>),
});

/** How the names of a key's documents begin. */
export function idempotencyName(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export function createIdempotencyKeys(blobs: Storage): IdempotencyKeys {
  const storage = unreadableAs('RUN_CORRUPT', blobs);
  /** `place` counts from 1, over damaged documents. */
  const keyOf = (key: string, place: number): string =>
    `idempotency/${idempotencyName(key)}${place === 1 ? '' : `.${place}`}.json`;

  async function readAt(name: string): Promise<Remembered | 'damaged' | null> {
    try {
      const bytes = await storage.read(name);
      return bytes === null ? null : decodeDocument(bytes, name, rememberedShape);
    } catch (error) {
      if (error instanceof TrainyardError && error.code === 'RUN_CORRUPT') return 'damaged';
      throw error;
    }
  }

  return {
    async find(key) {
      for (let place = 1; ; place++) {
        const found = await readAt(keyOf(key, place));
        if (found === null) return place === 1 ? null : 'damaged';
        if (found !== 'damaged') return found;
      }
    },

    async remember(key, what) {
      for (let place = 1; ;) {
        const name = keyOf(key, place);
        if (await storage.create(name, encodeDocument(what))) return what;
        const first = await readAt(name);
        if (first === 'damaged') place++;
        else if (first !== null) return first;
      }
    },

    async forget(key) {
      for (let place = 1; (await readAt(keyOf(key, place))) !== null; place++) {
        await storage.remove(keyOf(key, place));
      }
    },
  };
}
