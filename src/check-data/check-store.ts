/**
 * Goes through a whole store, part by part. A service may run meanwhile: what seems damaged is looked at a second time
 * a little later, as it may just have been written or removed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRunStore } from '../jobs/runs/run-store.js';
import { createKeyStore } from '../keys/key-store.js';
import { createRegistry } from '../model/registry/registry.js';
import type { Storage } from '../storage/storage.js';
import { accessKeyPart, idempotencyPart } from './check-keys.js';
import { modelPart } from './check-model.js';
import { runPart } from './check-run.js';
import { damageOf, readOnly, type Counts, type Damage, type Part } from './damage.js';
import { putRight } from './repair.js';

export interface Found extends Damage {
  /** Where it went; null: it lies where it lay. */
  movedTo: string[] | null;
}

export interface Report {
  counts: Counts;
  damaged: number;
}

const lookAgainAfterMs = 1_000;
/** Some damage shows only when other damage is put right. */
const repairsAtMost = 5;

export async function checkStore(
  storage: Storage,
  options: {
    repair: boolean;
    onDamage: (damage: Found) => void;
    onProgress: (done: number, of: number) => void;
    now: Date;
    lookAgainAfterMs?: number;
  },
): Promise<Report> {
  const { repair, onDamage, onProgress, now } = options;
  const looking = readOnly(storage);
  const counts: Counts = {
    jobs: 0,
    checkpoints: 0,
    models: 0,
    versions: 0,
    aliases: 0,
    'idempotency keys': 0,
    'API keys': 0,
  };
  const parts = await partsOf(looking);
  let damaged = 0;

  /** A folder that cannot be listed hides what lies in it. */
  async function look(part: Part, into: Counts): Promise<Damage[]> {
    const damages: Damage[] = [];
    const cost = 'What lies in it could not be checked.';
    const check = async (): Promise<number> => damages.push(...(await part.check(looking, into)));
    return [...(await damageOf(part.name, check, { cost, repair: [] })), ...damages];
  }

  async function check(part: Part): Promise<Damage[]> {
    const first = await look(part, counts);
    if (first.length === 0) return first;
    await sleep(options.lookAgainAfterMs ?? lookAgainAfterMs);
    return stillThere(first, await look(part, { ...counts }));
  }

  for (const [done, part] of parts.entries()) {
    onProgress(done, parts.length);
    const told = new Set<string>();
    for (let round = 1; round <= repairsAtMost; round++) {
      const aside = `damaged/${now.toISOString().replaceAll(':', '-')}${round === 1 ? '' : `.${round}`}`;
      const damages = (await check(part)).filter(({ key, problem }) => !told.has(`${key} ${problem}`));
      damaged += damages.length;
      for (const damage of damages) {
        told.add(`${damage.key} ${damage.problem}`);
        const isRepaired = repair && damage.repair.length > 0;
        onDamage({ ...damage, movedTo: isRepaired ? await putRight(storage, damage.repair, aside) : null });
      }
      if (!repair || damages.length === 0) break;
    }
  }
  onProgress(parts.length, parts.length);
  return { counts, damaged };
}

async function partsOf(storage: Storage): Promise<Part[]> {
  const silent = { warn: () => undefined };
  return [
    ...(await createRunStore(storage).ids()).map(runPart),
    ...(await createRegistry(storage, silent).names()).map(modelPart),
    ...(await storage.list('idempotency')).map(idempotencyPart),
    ...(await createKeyStore(storage).list()).map(({ id }) => accessKeyPart(id)),
  ];
}

function stillThere(first: readonly Damage[], second: readonly Damage[]): Damage[] {
  return second.filter(({ key, problem }) =>
    first.some((damage) => damage.key === key && damage.problem === problem),
  );
}
