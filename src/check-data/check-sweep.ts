/** Checks the documents of a sweep. What was lost is found, tried or decided once more; numbers leave no gap. */
import { TrainyardError } from '../errors.js';
import { decodeDocument } from '../jobs/runs/json-document.js';
import {
  retryDocument,
  sweepChange,
  sweepEnding,
  sweepResult,
  sweepSpec,
  trialDocument,
  trialOutcome,
} from '../jobs/sweeps/sweep-documents.js';
import type { Shape } from '../lib/json-shape.js';
import type { Storage } from '../storage/storage.js';
import { damageOf, damageOfDocument, type Counts, type Damage, type Part } from './damage.js';

export function sweepPart(id: string): Part {
  return { name: `sweeps/${id}`, check: (storage, counts) => checkSweep(storage, id, counts) };
}

const folders = ['trials', 'outcomes', 'changes', 'endings', 'results'] as const;
type Folder = (typeof folders)[number];

interface Kind {
  shape: Shape<unknown>;
  cost: (id: string) => string;
  /** Which other documents must go with a damaged one. */
  takes: (folder: Folder, number: number, damaged: number) => boolean;
}

const isEnd = (folder: Folder): boolean => folder === 'endings' || folder === 'results';

const kinds: Record<Folder, Kind> = {
  trials: {
    shape: trialDocument,
    cost: (id) =>
      `The sweep ${id} cannot be shown or continued. Once the files are moved aside, it proposes and trains this trial and those after it again.`,
    takes: (folder, number, damaged) =>
      isEnd(folder) || ((folder === 'trials' || folder === 'outcomes') && number >= damaged),
  },
  outcomes: {
    shape: trialOutcome,
    cost: (id) =>
      `The sweep ${id} cannot be shown or continued. Once the file is moved aside, the outcome is read from the trial's job again.`,
    takes: () => false,
  },
  changes: {
    shape: sweepChange,
    cost: (id) =>
      `The sweep ${id} cannot be shown or continued. Once the files are moved aside, what was asked of it from this change on is lost.`,
    takes: (folder, number, damaged) => (folder === 'changes' || isEnd(folder)) && number >= damaged,
  },
  endings: {
    shape: sweepEnding,
    cost: (id) =>
      `The sweep ${id} cannot be shown or ended. Once the file is moved aside, its best trial is chosen and trained again.`,
    takes: (folder, number, damaged) => folder === 'results' && number >= damaged,
  },
  results: {
    shape: sweepResult,
    cost: (id) => `The sweep ${id} cannot be shown. Once the file is moved aside, it ends again.`,
    takes: () => false,
  },
};

async function checkSweep(storage: Storage, id: string, counts: Counts): Promise<Damage[]> {
  counts.sweeps++;
  const folder = `sweeps/${id}`;
  const checkSpec = async (): Promise<void> => {
    const bytes = await storage.read(`${folder}/spec.json`);
    if (bytes === null) throw new TrainyardError('RUN_CORRUPT', `${folder}/spec.json is missing.`);
    decodeDocument(bytes, `${folder}/spec.json`, sweepSpec);
  };
  const cost = `The sweep ${id} cannot be shown or continued; its jobs and its versions are unaffected.`;
  const spec = await damageOf(`${folder}/spec.json`, checkSpec, { cost, repair: [{ move: folder }] });
  if (spec.length > 0) return spec;
  const names = new Map<Folder, string[]>();
  for (const each of folders) names.set(each, await storage.list(`${folder}/${each}`));
  const damages: Damage[] = [];
  for (const each of folders) {
    for (const name of names.get(each) ?? [])
      damages.push(...(await checkNumbered(storage, id, each, name, names)));
  }
  return damages;
}

async function checkNumbered(
  storage: Storage,
  id: string,
  folder: Folder,
  name: string,
  names: ReadonlyMap<Folder, readonly string[]>,
): Promise<Damage[]> {
  const damaged = numberOf(name);
  if (damaged === null) return [];
  const key = `sweeps/${id}/${folder}/${name}`;
  if (name.endsWith('.2.json')) {
    const cost = `The sweep ${id} cannot be shown or continued. Once the file is moved aside, the trial is trained a second time again.`;
    return damageOfDocument(storage, key, retryDocument, { cost, repair: [{ move: key }] });
  }
  const { shape, cost, takes } = kinds[folder];
  const others = folders.flatMap((each) =>
    (names.get(each) ?? [])
      .filter((other) => takes(each, numberOf(other) ?? -1, damaged))
      .map((other) => `sweeps/${id}/${each}/${other}`),
  );
  const repair = [...new Set([key, ...others])].map((each) => ({ move: each }));
  return damageOfDocument(storage, key, shape, { cost: cost(id), repair });
}

/** null: it is no document of a sweep. */
function numberOf(name: string): number | null {
  const [, number] = /^(\d{6,})(?:\.2)?\.json$/.exec(name) ?? [];
  return number === undefined ? null : Number(number);
}
