/**
 * API keys as documents: `keys/{id}.json`, and also `keys/{id}.revoked.json` once the key is revoked. Both are written
 * once, so a listing of the folder shows every change. A revoked key keeps its file, so that a service whose last key
 * was revoked still requires keys.
 */
import { TrainyardError } from '../errors.js';
import { listOf, matching, nullable, object, oneOf, positive, text, type Shape } from '../lib/json-shape.js';
import type { Storage } from '../storage/storage.js';
import { formatKey, hashSecret, newKeyParts, scopes, type Scope } from './key.js';

interface KeyDocument {
  format_version: 1;
  id: string;
  name: string;
  scopes: Scope[];
  secret_sha256: string;
  /** null: no limit. */
  requests_per_minute: number | null;
  created_at: string;
  /** null: never. */
  expires_at: string | null;
}

const keyShape = object<KeyDocument>({
  format_version: oneOf(1),
  id: text,
  name: text,
  scopes: listOf(oneOf(...scopes), { minItems: 1 }),
  secret_sha256: matching(/^[0-9a-f]{64}$/),
  requests_per_minute: nullable(positive),
  created_at: text,
  expires_at: nullable(text),
});

const revocationShape = object<{ format_version: 1; revoked_at: string }>({
  format_version: oneOf(1),
  revoked_at: text,
});

export type StoredKey = KeyDocument & { revoked_at: string | null };

export interface NewKey {
  name: string;
  scopes: Scope[];
  requestsPerMinute: number | null;
  expiresAt: Date | null;
}

export interface ListedKey {
  id: string;
  isRevoked: boolean;
}

export interface KeyStore {
  /** Sorted by id. Lists one folder and reads no documents, so it is cheap enough to poll. */
  list(): Promise<ListedKey[]>;
  /**
   * null: there is no such key, or its document is damaged or from a later version.
   * @throws TrainyardError BLOB_UNREADABLE when its file cannot be read
   */
  read(id: string): Promise<StoredKey | null>;
  /** `text` is what the holder of the key sends. It is not stored. */
  create(key: NewKey, now: Date): Promise<{ key: StoredKey; text: string }>;
  /**
   * Revokes the key permanently. A key that is already revoked does not change.
   * @throws TrainyardError KEY_NOT_FOUND
   */
  revoke(id: string, now: Date): Promise<void>;
}

const folder = 'keys';

export function createKeyStore(storage: Storage): KeyStore {
  async function list(): Promise<ListedKey[]> {
    const keys = new Map<string, ListedKey>();
    for (const name of await storage.list(folder)) {
      const [, id, revoked] = /^([0-9a-z]+)(\.revoked)?\.json$/.exec(name) ?? [];
      if (id === undefined) continue;
      keys.set(id, { id, isRevoked: revoked !== undefined || keys.get(id)?.isRevoked === true });
    }
    return [...keys.values()];
  }

  return {
    list,

    async read(id) {
      const [bytes, revocation] = [await storage.read(keyOf(id)), await storage.read(revocationOf(id))];
      const key = bytes === null ? null : decode(bytes, keyShape);
      if (key?.id !== id) return null;
      if (revocation === null) return { ...key, revoked_at: null };
      const { revoked_at = 'unknown' } = decode(revocation, revocationShape) ?? {};
      return { ...key, revoked_at };
    },

    async create({ name, scopes, requestsPerMinute, expiresAt }, now) {
      const parts = newKeyParts();
      const key: KeyDocument = {
        format_version: 1,
        id: parts.id,
        name,
        scopes,
        secret_sha256: hashSecret(parts.secret),
        requests_per_minute: requestsPerMinute,
        created_at: now.toISOString(),
        expires_at: expiresAt?.toISOString() ?? null,
      };
      if (!(await storage.create(keyOf(parts.id), encode(key)))) {
        throw new Error('A new key has the id of another');
      }
      return { key: { ...key, revoked_at: null }, text: formatKey(parts) };
    },

    async revoke(id, now) {
      if (!(await list()).some((key) => key.id === id)) {
        throw new TrainyardError('KEY_NOT_FOUND', `There is no key with the id ${JSON.stringify(id)}.`);
      }
      await storage.create(revocationOf(id), encode({ format_version: 1, revoked_at: now.toISOString() }));
    },
  };
}

const keyOf = (id: string): string => `${folder}/${id}.json`;
const revocationOf = (id: string): string => `${folder}/${id}.revoked.json`;

function encode(document: object): Buffer {
  return Buffer.from(JSON.stringify(document, null, 2));
}

function decode<T>(bytes: Buffer, shape: Shape<T>): T | null {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch {
    return null;
  }
  return shape(document, '') === null ? (document as T) : null;
}

/** For lists, which show a damaged key too: null. */
export async function readKey(store: KeyStore, id: string): Promise<StoredKey | null> {
  try {
    return await store.read(id);
  } catch (error) {
    if (error instanceof TrainyardError && error.code === 'BLOB_UNREADABLE') return null;
    throw error;
  }
}
