/**
 * The keys that a running service accepts. It polls the store, so a key that another process creates or revokes takes
 * effect here within a second. A key that cannot be read is not accepted, so while the store fails no new keys work.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import { oneAtATime } from '../lib/one-at-a-time.js';
import type { KeyStore, StoredKey } from './key-store.js';
import { hashSecret, parseKey, type Scope } from './key.js';

/** The key of a request. */
export interface Key {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** null: no limit. */
  readonly requestsPerMinute: number | null;
}

/** `refusal` is a message for the client. */
export type Verdict = { key: Key } | { refusal: string };

export interface KeyRing {
  /**
   * Whether the service has any keys, revoked ones included, and so requires one. It never becomes false again: if the
   * folder of the keys disappears, the service must not let everyone in.
   */
  readonly isConfigured: boolean;
  /** Takes equally long for an unknown key and for a wrong secret. */
  verify(text: string): Verdict;
  /** Whether a client that was admitted with this key, or null without a key, would be admitted again. */
  stillAdmits(key: Key | null): boolean;
  /** When this process last admitted the key; null: not since it started. */
  lastUsed(id: string): Date | null;
  /** Looks at the store now, so that what this process has changed takes effect here at once. */
  look(): Promise<void>;
  /** @throws TrainyardError STORAGE_UNAVAILABLE when the keys cannot be read */
  start(): Promise<void>;
  stop(): void;
}

interface Entry {
  key: Key;
  /** (64): hexadecimal digits as ASCII. */
  secretHash: Buffer;
  expiresAtMs: number;
  isRevoked: boolean;
  /** 0: never. */
  lastUsedMs: number;
}

/** (64): a hash that no secret has. */
const noHash = Buffer.alloc(64);

/** (64): the hash of the secret to verify. A new buffer for each request would cost more than the comparison. */
const shownHash = Buffer.alloc(64);

const unknownKey: Verdict = { refusal: 'There is no such key.' };

export function createKeyRing(options: {
  store: Pick<KeyStore, 'list' | 'read'>;
  log: Pick<Logger, 'warn'>;
  lookEveryMs?: number;
  now?: () => number;
}): KeyRing {
  const { store, log, lookEveryMs = 500, now = Date.now } = options;
  const known = new KnownKeys(store, log);
  const look = oneAtATime(() => known.look());
  let isLooking = false;
  let lookFailed = false;
  let timer: NodeJS.Timeout | undefined;

  /** Also true if the document has a text that is not a date. */
  function hasExpired({ expiresAtMs }: Entry): boolean {
    return !(now() < expiresAtMs);
  }

  async function lookAgain(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      await look();
      lookFailed = false;
    } catch (err) {
      if (!lookFailed) log.warn({ err }, 'cannot look for new keys; known keys still work');
      lookFailed = true;
    } finally {
      isLooking = false;
    }
  }

  return {
    get isConfigured() {
      return known.isConfigured;
    },

    verify(text) {
      const parts = parseKey(text);
      if (parts === null) return { refusal: 'This is not a key of this service. A key begins with ty_.' };
      const entry = known.get(parts.id);
      shownHash.write(hashSecret(parts.secret), 'latin1');
      const isRight = timingSafeEqual(shownHash, entry?.secretHash ?? noHash);
      if (!entry || !isRight) return unknownKey;
      if (entry.isRevoked) return { refusal: `The key ${entry.key.id} has been revoked.` };
      if (hasExpired(entry)) return { refusal: `The key ${entry.key.id} has expired.` };
      entry.lastUsedMs = now();
      return { key: entry.key };
    },

    stillAdmits(key) {
      if (key === null) return !known.isConfigured;
      const entry = known.get(key.id);
      return entry !== null && !entry.isRevoked && !hasExpired(entry);
    },

    lastUsed(id) {
      const { lastUsedMs = 0 } = known.get(id) ?? {};
      return lastUsedMs === 0 ? null : new Date(lastUsedMs);
    },

    look: () => look(),

    async start() {
      try {
        await look();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TrainyardError('STORAGE_UNAVAILABLE', `The keys cannot be read. (${reason})`, { cause });
      }
      timer = setInterval(() => void lookAgain(), lookEveryMs).unref();
    },

    stop() {
      clearInterval(timer);
    },
  };
}

/** The keys of the store as of the last look. The document of a key is read once. */
class KnownKeys {
  isConfigured = false;
  readonly #store: Pick<KeyStore, 'list' | 'read'>;
  readonly #log: Pick<Logger, 'warn'>;
  /** By id; null: the document of the key is not valid. */
  #entries = new Map<string, Entry | null>();
  /** Keys whose files cannot be read and that are already in the log. They are read again at each look. */
  readonly #unreadable = new Set<string>();

  constructor(store: Pick<KeyStore, 'list' | 'read'>, log: Pick<Logger, 'warn'>) {
    this.#store = store;
    this.#log = log;
  }

  /** null: there is no such key, or it cannot be used. */
  get(id: string): Entry | null {
    return this.#entries.get(id) ?? null;
  }

  /** Revocations take effect from the listing alone, before any file is read. */
  async look(): Promise<void> {
    const listed = await this.#store.list();
    this.isConfigured ||= listed.length > 0;
    const known = new Map<string, Entry | null>();
    for (const { id, isRevoked } of listed) {
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      if (entry !== null) entry.isRevoked ||= isRevoked;
      known.set(id, entry);
    }
    this.#entries = known;
    const unknown = listed.filter(({ id }) => !known.has(id));
    const readings = await Promise.allSettled(unknown.map(({ id }) => this.#learn(id)));
    const failed = readings.find((reading) => reading.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #learn(id: string): Promise<void> {
    try {
      const key = await this.#store.read(id);
      if (key === null) {
        this.#log.warn({ key: id }, 'the document of a key is not valid; the key is not accepted');
      }
      this.#entries.set(id, key && entryOf(key));
    } catch (err) {
      if (!(err instanceof TrainyardError && err.code === 'BLOB_UNREADABLE')) throw err;
      if (!this.#unreadable.has(id))
        this.#log.warn({ err, key: id }, 'a key cannot be read; it is not accepted');
      this.#unreadable.add(id);
    }
  }
}

function entryOf(key: StoredKey): Entry {
  const { id, name, scopes, requests_per_minute: requestsPerMinute } = key;
  return {
    key: Object.freeze({ id, name, scopes, requestsPerMinute }),
    secretHash: Buffer.from(key.secret_sha256, 'latin1'),
    expiresAtMs: key.expires_at === null ? Infinity : Date.parse(key.expires_at),
    isRevoked: key.revoked_at !== null,
    lastUsedMs: 0,
  };
}
