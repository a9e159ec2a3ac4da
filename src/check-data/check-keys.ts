/** Checks the idempotency keys of jobs, and the keys that let clients in. */
import { TrainyardError } from '../errors.js';
import { encodeDocument } from '../jobs/runs/json-document.js';
import { idempotencyName, rememberedShape } from '../jobs/intake/idempotency.js';
import { createRunStore } from '../jobs/runs/run-store.js';
import { createKeyStore } from '../keys/key-store.js';
import type { Storage } from '../storage/storage.js';
import { damageOf, damageOfDocument, type Counts, type Damage, type Part, type Repair } from './damage.js';

export function idempotencyPart(file: string): Part {
  const key = `idempotency/${file}`;
  return {
    name: key,
    async check(storage: Storage, counts: Counts): Promise<Damage[]> {
      counts['idempotency keys']++;
      const cost =
        'Nothing: a request that comes again is answered with its job, which is found by its spec.';
      const repair: Repair[] = [{ move: key }];
      const damages = await damageOfDocument(storage, key, rememberedShape, { cost, repair });
      const id = damages.length === 0 ? null : await runOf(storage, file.slice(0, 64));
      if (id !== null) repair.push({ put: key, content: encodeDocument({ run_id: id, request: null }) });
      return damages;
    },
  };
}

/** The run that came with the key of this hash; null: there is none. */
async function runOf(storage: Storage, hash: string): Promise<string | null> {
  const store = createRunStore(storage);
  for (const id of await store.ids()) {
    const key = (await store.readSpec(id).catch(() => null))?.idempotency_key ?? null;
    if (key !== null && idempotencyName(key) === hash) return id;
  }
  return null;
}

export function accessKeyPart(id: string): Part {
  const key = `keys/${id}.json`;
  const revocation = `keys/${id}.revoked.json`;
  const revoked = (): Repair => ({
    put: revocation,
    content: Buffer.from(JSON.stringify({ format_version: 1, revoked_at: new Date().toISOString() })),
  });
  return {
    name: key,
    async check(storage: Storage, counts: Counts): Promise<Damage[]> {
      counts['API keys']++;
      const store = createKeyStore(storage);
      const read = { isRevocationDamaged: false };
      const check = async (): Promise<void> => {
        const found = await store.read(id);
        read.isRevocationDamaged = found?.revoked_at === 'unknown';
        if (found !== null || (await storage.read(key)) === null) return;
        throw new TrainyardError('RUN_CORRUPT', `${key} is not the document of a key.`);
      };
      const damages = await damageOf(key, check, {
        cost: `Nobody gets in with the key ${id}; the service goes on asking for keys. Make a new one for its holder.`,
        // A service whose last key goes must stay closed.
        repair: [revoked(), { move: key }],
      });
      if (!read.isRevocationDamaged) return damages;
      const cost = `Nothing: that the file is there keeps the key ${id} revoked.`;
      const problem = `${revocation} is not the document of a revocation.`;
      return [{ key: revocation, problem, cost, repair: [{ move: revocation }, revoked()] }];
    },
  };
}
