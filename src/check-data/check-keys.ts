/** Checks the idempotency keys of jobs and the API keys. */
import { TrainyardError } from '../errors.js';
import { encodeDocument } from '../jobs/runs/json-document.js';
import { idempotencyName, rememberedShape } from '../jobs/intake/idempotency.js';
import { createRunStore } from '../jobs/runs/run-store.js';
import { keyOfSweeps } from '../jobs/sweeps/sweep-documents.js';
import { createSweepStore } from '../jobs/sweeps/sweep-store.js';
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
        'None: a repeated request is still answered with its job or sweep, which is found by its spec.';
      const repair: Repair[] = [{ move: key }];
      const damages = await damageOfDocument(storage, key, rememberedShape, { cost, repair });
      const id = damages.length === 0 ? null : await findRun(storage, file.slice(0, 64));
      if (id !== null) repair.push({ put: key, content: encodeDocument({ run_id: id, request: null }) });
      return damages;
    },
  };
}

/** The run or the sweep whose idempotency key has this hash; null: there is none. */
async function findRun(storage: Storage, hash: string): Promise<string | null> {
  const store = createRunStore(storage);
  for (const id of await store.ids()) {
    const key = (await store.readSpec(id).catch(() => null))?.idempotency_key ?? null;
    if (key !== null && idempotencyName(key) === hash) return id;
  }
  const sweeps = createSweepStore(storage);
  for (const id of await sweeps.ids()) {
    const key = (await sweeps.readSpec(id).catch(() => null))?.idempotency_key ?? null;
    if (key !== null && idempotencyName(keyOfSweeps(key)) === hash) return id;
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
        cost: `The key ${id} is not accepted; the service still requires keys. Create a new one for its holder.`,
        // Without the revocation, a service that loses its last key would admit everyone.
        repair: [revoked(), { move: key }],
      });
      if (!read.isRevocationDamaged) return damages;
      const cost = `None: the key ${id} stays revoked as long as the file exists.`;
      const problem = `${revocation} is not the document of a revocation.`;
      return [{ key: revocation, problem, cost, repair: [{ move: revocation }, revoked()] }];
    },
  };
}
