/**
 * The keys that a running service knows. It follows the store, so that a key made or revoked by another process works or
 * fails here within a second. What it cannot read it does not know: a store that fails lets nobody new in.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { KeyStore, StoredKey } from './key-store.js';
import { hashSecret, parseKey } from './key-text.js';
import type { Scope } from './scopes.js';

/** Who asks. */
export interface Key {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** null: as many as it likes. */
  readonly requestsPerMinute: number | null;
}

/** `refusal` is for the client to read. */
export type Verdict = { key: Key } | { refusal: string };

export interface KeyRing {
  /**
   * Whether there are keys to ask for, of which some may be revoked. Once it is so it stays so: that the folder is gone
   * is no reason to let everyone in.
   */
  readonly isConfigured: boolean;
  /** Takes as long for a key that does not exist as for a wrong secret. */
  verify(text: string): Verdict;
  /** Whether whoever was let in with this key, or with none, would be let in again. */
  stillAdmits(key: Key | null): boolean;
  /** @throws TrainyardError STORAGE_UNAVAILABLE when the keys cannot be read */
  start(): Promise<void>;
  stop(): void;
}

interface Entry {
  key: Key;
  /** (64), as ASCII. */
  secretHash: Buffer;
  expiresAtMs: number;
  isRevoked: boolean;
}

/** (64). No secret has this hash. */
const noHash = Buffer.alloc(64);

/** (64). Of the secret at hand: a new buffer for each would cost more than all else that is done with it. */
const shownHash = Buffer.alloc(64);

const unknownKey: Verdict = { refusal: 'There is no such key.' };

export function createKeyRing(options: {
  store: Pick<KeyStore, 'list' | 'read'>;
  log: Pick<Logger, 'warn'>;
  lookEveryMs?: number;
  now?: () => number;
}): KeyRing {
  const { store, log, lookEveryMs = 500, now = Date.now } = options;
  /** By id; null for a key that cannot be used. */
  let entries = new Map<string, Entry | null>();
  /** Keys whose files cannot be read, and of which the log has told. They are tried again. */
  const unreadable = new Set<string>();
  let isConfigured = false;
  let isLooking = false;
  let lookFailed = false;
  let timer: NodeJS.Timeout | undefined;

  /** What the listing tells takes effect before any file is read. */
  async function look(): Promise<void> {
    const listed = await store.list();
    isConfigured ||= listed.length > 0;
    const known = new Map<string, Entry | null>();
    for (const { id, isRevoked } of listed) {
      const entry = entries.get(id);
      if (entry === undefined) continue;
      if (entry !== null) entry.isRevoked ||= isRevoked;
      known.set(id, entry);
    }
    entries = known;
    const unknown = listed.filter(({ id }) => !known.has(id));
    const readings = await Promise.allSettled(unknown.map(({ id }) => learn(id)));
    const failed = readings.find((reading) => reading.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async function learn(id: string): Promise<void> {
    try {
      const key = await store.read(id);
      if (key === null) log.warn({ key: id }, 'the document of a key cannot be used: nobody gets in with it');
      entries.set(id, key && entryOf(key));
    } catch (err) {
      if (!(err instanceof TrainyardError && err.code === 'BLOB_UNREADABLE')) throw err;
      if (!unreadable.has(id)) log.warn({ err, key: id }, 'a key cannot be read: nobody gets in with it');
      unreadable.add(id);
    }
  }

  /** Of no date at all, too. */
  function hasExpired({ expiresAtMs }: Entry): boolean {
    return !(now() < expiresAtMs);
  }

  async function follow(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      await look();
      lookFailed = false;
    } catch (err) {
      if (!lookFailed) log.warn({ err }, 'cannot look for new keys; those known go on');
      lookFailed = true;
    } finally {
      isLooking = false;
    }
  }

  return {
    get isConfigured() {
      return isConfigured;
    },

    verify(text) {
      const parts = parseKey(text);
      if (parts === null) return { refusal: 'What was sent as a key is none: a key begins with ty_.' };
      const entry = entries.get(parts.id);
      shownHash.write(hashSecret(parts.secret), 'latin1');
      const isRight = timingSafeEqual(shownHash, entry?.secretHash ?? noHash);
      if (!entry || !isRight) return unknownKey;
      if (entry.isRevoked) return { refusal: `The key ${entry.key.id} has been revoked.` };
      if (hasExpired(entry)) return { refusal: `The key ${entry.key.id} has expired.` };
      return { key: entry.key };
    },

    stillAdmits(key) {
      if (key === null) return !isConfigured;
      const entry = entries.get(key.id);
      return entry !== undefined && entry !== null && !entry.isRevoked && !hasExpired(entry);
    },

    async start() {
      try {
        await look();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TrainyardError('STORAGE_UNAVAILABLE', `The keys cannot be read. (${reason})`, { cause });
      }
      timer = setInterval(() => void follow(), lookEveryMs).unref();
    },

    stop() {
      clearInterval(timer);
    },
  };
}

function entryOf(key: StoredKey): Entry {
  const { id, name, scopes, requests_per_minute: requestsPerMinute } = key;
  return {
    key: Object.freeze({ id, name, scopes, requestsPerMinute }),
    secretHash: Buffer.from(key.secret_sha256, 'latin1'),
    expiresAtMs: key.expires_at === null ? Infinity : Date.parse(key.expires_at),
    isRevoked: key.revoked_at !== null,
  };
}
