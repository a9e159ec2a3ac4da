/** A real store of keys in a folder that is removed when the test ends, and key rings that poll it. */
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { createKeyRing, type KeyRing } from '../../src/keys/key-ring.js';
import { createKeyStore, type KeyStore, type NewKey } from '../../src/keys/key-store.js';
import { parseKey, type Scope } from '../../src/keys/key.js';
import type { Storage } from '../../src/storage/storage.js';
import { temporaryStorage } from '../storage/temporary-storage.js';

export interface Keys {
  storage: Storage;
  store: KeyStore;
  /** A started key ring, as each process has one. */
  openRing: (options?: Partial<Parameters<typeof createKeyRing>[0]>) => Promise<KeyRing>;
  /** Creates a key and returns its text. */
  make: (scopes?: Scope[], more?: Partial<NewKey>) => Promise<string>;
}

export async function temporaryKeys(): Promise<Keys> {
  const storage = await temporaryStorage();
  const store = createKeyStore(storage);
  return {
    storage,
    store,
    async openRing(options = {}) {
      const ring = createKeyRing({ store, log: pino({ level: 'silent' }), lookEveryMs: 20, ...options });
      onTestFinished(() => ring.stop());
      await ring.start();
      return ring;
    },
    async make(scopes = ['predict'], more = {}) {
      const key: NewKey = { name: 'test', scopes, requestsPerMinute: null, expiresAt: null, ...more };
      return (await store.create(key, new Date())).text;
    },
  };
}

export function idOf(text: string): string {
  const parts = parseKey(text);
  if (parts === null) throw new Error(`Not a key: ${text}`);
  return parts.id;
}

/** The same key with another secret. */
export function withWrongSecret(text: string): string {
  const at = text.length - 10;
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}

/** Resolves when the ring accepts the key, or refuses it. */
export async function knows(ring: KeyRing, text: string, known = true): Promise<void> {
  await expect.poll(() => 'key' in ring.verify(text)).toBe(known);
}
