/** A service that follows a store of keys, as many of them on one store as a test likes. */
import { temporaryKeys, knows, type Keys } from '../../keys/keys.js';
import type { KeyRing } from '../../../src/keys/key-ring.js';
import type { NewKey } from '../../../src/keys/key-store.js';
import type { Scope } from '../../../src/keys/key.js';
import type { ApiDeps } from '../../../src/api/app.js';
import { startService, type TestService } from '../service.js';

export interface KeyedService extends TestService {
  ring: KeyRing;
  keys: Keys;
  /** Makes a key, waits until the service knows it, and gives back what its holder sends. */
  make: (scopes?: Scope[], more?: Partial<NewKey>) => Promise<string>;
}

export async function startKeyedService(
  replaced: Partial<ApiDeps> = {},
  shared?: Pick<KeyedService, 'keys' | 'storage' | 'queue'>,
): Promise<KeyedService> {
  const keys = shared?.keys ?? (await temporaryKeys());
  const ring = await keys.openRing();
  const service = await startService({ keys: ring, ...replaced }, shared ?? { ...keys, queue: new Map() });
  return {
    ...service,
    ring,
    keys,
    async make(scopes, more) {
      const text = await keys.make(scopes, more);
      await knows(ring, text);
      return text;
    },
  };
}

/** As HTTP Basic, with a user name that says nothing. */
export function basic(password: string, user = 'me'): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
