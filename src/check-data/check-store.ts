/**
 * Checks a whole store, part by part, and repairs it if asked to. A service may run meanwhile, so anything that looks
 * damaged is checked again a little later: it may just have been written or removed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRunStore } from '../jobs/runs/run-store.js';
import { createSweepStore } from '../jobs/sweeps/sweep-store.js';
import { createKeyStore } from '../keys/key-store.js';
import { createRegistry } from '../model/registry/registry.js';
import type { Storage } from '../storage/storage.js';
import { accessKeyPart, idempotencyPart } from './check-keys.js';
import { datasetPart } from './check-dataset.js';
import { modelPart } from './check-model.js';
import { runPart } from './check-run.js';
import { sweepPart } from './check-sweep.js';
import { damageOf, readOnly, type Counts, type Damage, type Part, type Repair } from './damage.js';

export interface FoundDamage extends Damage {
  /** The new keys of what was moved aside; null: nothing was repaired. */
  movedTo: string[] | null;
}

export interface Report {
  counts: Counts;
  damaged: number;
}

const checkAgainAfterMs = 1_000;
/** Some damage becomes visible only when other damage is repaired. */
const maxRounds = 5;

export async function checkStore(
  storage: Storage,
  options: {
    repair: boolean;
    onDamage: (damage: FoundDamage) => void;
    onProgress: (done: number, of: number) => void;
    now: Date;
    checkAgainAfterMs?: number;
  },
): Promise<Report> {
  const { repair, onDamage, onProgress, now } = options;
  const checked = readOnly(storage);
  const counts: Counts = {
    jobs: 0,
    checkpoints: 0,
    models: 0,
    versions: 0,
    aliases: 0,
    datasets: 0,
    'dataset versions': 0,
    sweeps: 0,
    'idempotency keys': 0,
    'API keys': 0,
  };
  const parts = await partsOf(checked);
  let damaged = 0;

  async function check(part: Part): Promise<Damage[]> {
    const first = await checkOnce(part, checked, counts);
    if (first.length === 0) return first;
    await sleep(options.checkAgainAfterMs ?? checkAgainAfterMs);
    return stillThere(first, await checkOnce(part, checked, { ...counts }));
  }

  for (const [done, part] of parts.entries()) {
    onProgress(done, parts.length);
    const reported = new Set<string>();
    for (let round = 1; round <= maxRounds; round++) {
      const aside = `damaged/${now.toISOString().replaceAll(':', '-')}${round === 1 ? '' : `.${round}`}`;
      const damages = (await check(part)).filter(({ key, problem }) => !reported.has(`${key} ${problem}`));
      damaged += damages.length;
      for (const damage of damages) {
        reported.add(`${damage.key} ${damage.problem}`);
        const isRepaired = repair && damage.repair.length > 0;
        onDamage({
          ...damage,
          movedTo: isRepaired ? await applyRepairs(storage, damage.repair, aside) : null,
        });
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
    ...(await storage.list('datasets')).map(datasetPart),
    ...(await createSweepStore(storage).ids()).map(sweepPart),
    ...(await storage.list('idempotency')).map(idempotencyPart),
    ...(await createKeyStore(storage).list()).map(({ id }) => accessKeyPart(id)),
  ];
}

/** If a folder cannot be listed, that is damage too, because its content cannot be checked. */
async function checkOnce(part: Part, storage: Storage, counts: Counts): Promise<Damage[]> {
  const damages: Damage[] = [];
  const cost = 'The rest of it could not be checked.';
  const check = async (): Promise<number> => damages.push(...(await part.check(storage, counts)));
  return [...(await damageOf(part.name, check, { cost, repair: [] })), ...damages];
}

function stillThere(first: readonly Damage[], second: readonly Damage[]): Damage[] {
  return second.filter(({ key, problem }) =>
    first.some((damage) => damage.key === key && damage.problem === problem),
  );
}

/**
 * Moves damaged blobs aside and writes what must take their place. Nothing is deleted. `aside` is a prefix under which
 * there is nothing yet.
 * @returns the new keys of what was moved
 */
async function applyRepairs(storage: Storage, repairs: readonly Repair[], aside: string): Promise<string[]> {
  const moved: string[] = [];
  for (const repair of repairs) {
    if ('put' in repair) {
      await storage.put(repair.put, repair.content);
      continue;
    }
    const to = `${aside}/${repair.move}`;
    await storage.move(repair.move, to);
    moved.push(to);
  }
  return moved;
}
