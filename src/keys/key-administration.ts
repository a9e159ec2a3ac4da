/**
 * Keys as a client of the service lists, makes and revokes them. The rules here keep a service from locking its operators
 * out: its first key is an admin key, and the last admin key stays. The command has no such rules, because whoever runs it
 * can write the store.
 */
import { TrainyardError } from '../errors.js';
import type { KeyRing } from './key-ring.js';
import { readKey, type KeyStore, type NewKey, type StoredKey } from './key-store.js';

export type KeyStatus = 'valid' | 'expired' | 'revoked' | 'damaged';

export interface KnownKey {
  id: string;
  status: KeyStatus;
  /** null: its document cannot be read. */
  key: StoredKey | null;
  /** When this process last admitted it; null: not since it started. */
  lastUsed: Date | null;
}

export interface KeyAdministration {
  /** Revoked keys included, the newest first. @throws TrainyardError STORAGE_UNAVAILABLE */
  list(): Promise<KnownKey[]>;
  /**
   * `text` is what the holder of the key sends. `isFirst`: from now on the service requires keys.
   * @param isAnonymous whether the request came without a key, which is enough to make the first one
   * @throws TrainyardError INVALID_REQUEST where the first key is no admin key; UNAUTHORIZED where somebody else made the
   * first key meanwhile
   */
  create(
    key: NewKey,
    options: { isAnonymous: boolean },
  ): Promise<{ key: StoredKey; text: string; isFirst: boolean }>;
  /** A key that is revoked already does not change. @throws TrainyardError KEY_NOT_FOUND, LAST_ADMIN_KEY */
  revoke(id: string): Promise<void>;
}

export function createKeyAdministration(options: {
  store: KeyStore;
  /** Left out where nobody needs a key, whatever is stored. */
  ring?: Pick<KeyRing, 'look' | 'lastUsed'> | undefined;
  now?: () => Date;
}): KeyAdministration {
  const { store, ring, now = () => new Date() } = options;
  let changes: Promise<unknown> = Promise.resolve();

  /** One change at a time: each depends on what keys there are. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = changes.then(change, change);
    changes = changed.catch(() => undefined);
    return changed;
  }

  async function known(id: string): Promise<KnownKey> {
    const key = await readKey(store, id);
    return { id, status: statusOf(key, now()), key, lastUsed: ring?.lastUsed(id) ?? null };
  }

  async function list(): Promise<KnownKey[]> {
    const keys = await Promise.all((await store.list()).map(({ id }) => known(id)));
    const createdAt = ({ key }: KnownKey): string => key?.created_at ?? '';
    return keys.sort((one, other) => (createdAt(one) < createdAt(other) ? 1 : -1));
  }

  return {
    list,

    create: (key, { isAnonymous }) =>
      inTurn(async () => {
        const isFirst = (await store.list()).length === 0;
        if (isFirst) refuseUnlessAdmin(key);
        else if (isAnonymous) {
          // The ring of this process has not seen the first key yet.
          await ring?.look();
          if (ring) throw new TrainyardError('UNAUTHORIZED', 'The service has keys now: send an admin key.');
        }
        const created = await store.create(key, now());
        await ring?.look();
        return { ...created, isFirst };
      }),

    revoke: (id) =>
      inTurn(async () => {
        const admins = (await list()).filter(isValidAdmin);
        if (admins.length === 1 && admins[0]?.id === id) {
          throw new TrainyardError(
            'LAST_ADMIN_KEY',
            `${id} is the last admin key: without it nobody could make or revoke keys. Make another admin key first. ` +
              `To revoke it all the same, run: npm run keys -- revoke ${id}`,
          );
        }
        await store.revoke(id, now());
        await ring?.look();
      }),
  };
}

function refuseUnlessAdmin({ scopes }: NewKey): void {
  if (scopes.includes('admin')) return;
  throw new TrainyardError(
    'INVALID_REQUEST',
    'The first key must have the scope admin: from then on every request needs a key, and nobody could make another one.',
    { pointer: '/scopes' },
  );
}

function statusOf(key: StoredKey | null, now: Date): KeyStatus {
  if (key === null) return 'damaged';
  if (key.revoked_at !== null) return 'revoked';
  return key.expires_at === null || Date.parse(key.expires_at) > now.getTime() ? 'valid' : 'expired';
}

function isValidAdmin({ status, key }: KnownKey): boolean {
  return status === 'valid' && key?.scopes.includes('admin') === true;
}
