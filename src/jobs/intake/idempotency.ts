/**
 * Which run each idempotency key stands for: `idempotency/{SHA-256 of the key}.json`, created once. It is there before the
 * run is, so that of two requests at the same moment one leads and the other follows, and a crash between the two leaves
 * a run for the next one to store.
 *
 * A document that is damaged stays where it is, and the key goes on under the next name, `{SHA-256}.2.json`: that one is
 * created exclusively too, so that of many requests again one leads.
 */
import { createHash } from 'node:crypto';
import { TrainyardError } from '../../errors.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import type { JobRequest } from '../runs/documents.js';
import { decodeDocument, encodeDocument } from '../runs/json-document.js';
import { anything, mapOf, nullable, object, text, type Shape } from '../../lib/json-shape.js';

export interface Remembered {
  run_id: string;
  /** null: it was lost with a damaged document. */
  request: JobRequest | null;
}

export interface IdempotencyKeys {
  /** null: the key is new. 'damaged': it is not, and what it stood for can be told by its run alone. */
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

/** Under which a key's documents begin. */
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
