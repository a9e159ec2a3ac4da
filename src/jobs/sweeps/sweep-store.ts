/**
 * The store of sweeps, as documents that are written once:
 *
 *     sweeps/{id}/spec.json              what to search; written before anything else
 *     sweeps/{id}/trials/000001.json     what the first trial tries, and the id of its run; written before the run is
 *     sweeps/{id}/trials/000001.2.json   the id of its second run, where the first one failed
 *     sweeps/{id}/outcomes/000001.json   how the first trial ended
 *     sweeps/{id}/changes/000001.json    what a client asked for
 *     sweeps/{id}/endings/000000.json    no trial is left to do; numbered by the changes until then
 *     sweeps/{id}/results/000000.json    the sweep has ended
 *
 * Where a sweep stands follows from these and from its runs. Two processes may write the same document: the first one's stands,
 * and both go on from it. Ids sort by the time of creation.
 */
import { monotonicFactory } from 'ulid';
import { TrainyardError } from '../../errors.js';
import type { Shape } from '../../lib/json-shape.js';
import { numberedName, numbersIn } from '../../storage/numbered-blobs.js';
import { unreadableAs, type Storage } from '../../storage/storage.js';
import { decodeDocument, encodeDocument } from '../runs/json-document.js';
import {
  retryDocument,
  sweepChange,
  sweepEnding,
  sweepResult,
  sweepSpec,
  trialDocument,
  trialOutcome,
  type RetryDocument,
  type SweepChange,
  type SweepEnding,
  type SweepResult,
  type SweepSpec,
  type TrialDocument,
  type TrialOutcome,
} from './sweep-documents.js';

/** All documents of a sweep. */
export interface SweepDocuments {
  spec: SweepSpec;
  /** From the first one, without a gap. */
  trials: StoredTrial[];
  changes: SweepChange[];
  /** By the number of changes. */
  endings: ReadonlyMap<number, SweepEnding>;
  results: ReadonlyMap<number, SweepResult>;
}

export interface StoredTrial extends TrialDocument {
  /** Of each attempt; the last one counts. */
  runIds: string[];
  /** null: it has not ended. */
  outcome: TrialOutcome | null;
}

export interface SweepStore {
  newId(): string;
  /** False, and nothing changed, when there is a sweep of this id. */
  create(id: string, spec: SweepSpec): Promise<boolean>;
  /** null: there is no such sweep. @throws TrainyardError SWEEP_CORRUPT */
  readSpec(id: string): Promise<SweepSpec | null>;
  /** null: there is no such sweep. @throws TrainyardError SWEEP_CORRUPT */
  read(id: string): Promise<SweepDocuments | null>;
  /** How many changes there are: all that can happen to a sweep that has ended. */
  countChanges(id: string): Promise<number>;
  /** These say whether theirs was the first document of this number. */
  addTrial(id: string, trial: number, document: TrialDocument): Promise<boolean>;
  addRetry(id: string, trial: number, document: RetryDocument): Promise<boolean>;
  addOutcome(id: string, trial: number, outcome: TrialOutcome): Promise<boolean>;
  addChange(id: string, number: number, change: SweepChange): Promise<boolean>;
  addEnding(id: string, changes: number, ending: SweepEnding): Promise<boolean>;
  addResult(id: string, changes: number, result: SweepResult): Promise<boolean>;
  /** All ids, oldest first. */
  ids(): Promise<string[]>;
  remove(id: string): Promise<void>;
}

/** What of a sweep was read before, by key. Documents never change. */
type Known = Map<string, unknown>;

export function createSweepStore(blobs: Storage, now: () => Date = () => new Date()): SweepStore {
  const storage = unreadableAs('SWEEP_CORRUPT', blobs);
  const nextUlid = monotonicFactory();
  const knownOf = new Map<string, Known>();
  const key = (id: string, file: string): string => `sweeps/${id}/${file}`;
  const numbered = (id: string, folder: string, number: number): string =>
    key(id, `${folder}/${numberedName(number)}.json`);

  async function readDocument<T>(at: string, shape: Shape<T>, known?: Known): Promise<T | null> {
    const before = known?.get(at);
    if (before !== undefined) return before as T;
    const bytes = await storage.read(at);
    if (bytes === null) return null;
    const document = decodeDocument(bytes, at, shape, 'SWEEP_CORRUPT');
    known?.set(at, document);
    return document;
  }

  async function readNumbered<T>(
    id: string,
    folder: string,
    shape: Shape<T>,
    known: Known,
  ): Promise<Map<number, T>> {
    const numbers = numbersIn(await storage.list(key(id, folder)));
    const read = async (number: number): Promise<[number, T][]> => {
      const document = await readDocument(numbered(id, folder, number), shape, known);
      return document === null ? [] : [[number, document]];
    };
    return new Map((await Promise.all(numbers.map(read))).flat());
  }

  async function retriesOf(id: string, names: readonly string[], known: Known): Promise<Map<number, string>> {
    const retried = names.flatMap((name) => /^(\d{6,})\.2\.json$/.exec(name)?.slice(1).map(Number) ?? []);
    const found = await Promise.all(
      retried.map(async (trial): Promise<[number, string][]> => {
        const document = await readDocument(retryKey(id, trial), retryDocument, known);
        return document === null ? [] : [[trial, document.run_id]];
      }),
    );
    return new Map(found.flat());
  }

  const retryKey = (id: string, trial: number): string => key(id, `trials/${numberedName(trial)}.2.json`);
  const create = (at: string, document: object): Promise<boolean> =>
    storage.create(at, encodeDocument(document));

  async function readSpec(id: string, known?: Known): Promise<SweepSpec | null> {
    return isSweepId(id) ? readDocument(key(id, 'spec.json'), sweepSpec, known) : null;
  }

  return {
    newId: () => `sweep_${nextUlid(now().getTime())}`,
    create: (id, spec) => create(key(id, 'spec.json'), spec),
    readSpec: (id) => readSpec(id),

    async read(id) {
      const known = knownOf.get(id) ?? new Map<string, unknown>();
      const spec = await readSpec(id, known);
      if (spec === null) return null;
      knownOf.set(id, known);
      const trials = await readNumbered(id, 'trials', trialDocument, known);
      const retries = await retriesOf(id, await storage.list(key(id, 'trials')), known);
      const outcomes = await readNumbered(id, 'outcomes', trialOutcome, known);
      const changes = await readNumbered(id, 'changes', sweepChange, known);
      const endings = await readNumbered(id, 'endings', sweepEnding, known);
      const results = await readNumbered(id, 'results', sweepResult, known);
      return {
        spec,
        trials: inOrder(key(id, 'trials'), trials).map((document, index) => {
          const second = retries.get(index + 1);
          return {
            ...document,
            runIds: [document.run_id, ...(second === undefined ? [] : [second])],
            outcome: outcomes.get(index + 1) ?? null,
          };
        }),
        changes: inOrder(key(id, 'changes'), changes),
        endings,
        results,
      };
    },

    async countChanges(id) {
      return numbersIn(await storage.list(key(id, 'changes'))).length;
    },

    addTrial: (id, trial, document) => create(numbered(id, 'trials', trial), document),
    addRetry: (id, trial, document) => create(retryKey(id, trial), document),
    addOutcome: (id, trial, outcome) => create(numbered(id, 'outcomes', trial), outcome),
    addChange: (id, number, change) => create(numbered(id, 'changes', number), change),
    addEnding: (id, changes, ending) => create(numbered(id, 'endings', changes), ending),
    addResult: (id, changes, result) => create(numbered(id, 'results', changes), result),

    async ids() {
      return (await storage.list('sweeps')).filter(isSweepId);
    },

    async remove(id) {
      // First the spec, which makes it a sweep: no process advances what is left of it.
      await storage.remove(key(id, 'spec.json'));
      await storage.remove(`sweeps/${id}`);
      knownOf.delete(id);
    },
  };
}

/** @throws TrainyardError SWEEP_CORRUPT where a number is missing */
function inOrder<T>(folder: string, documents: ReadonlyMap<number, T>): T[] {
  return Array.from({ length: documents.size }, (_, index) => {
    const document = documents.get(index + 1);
    if (document !== undefined) return document;
    throw new TrainyardError('SWEEP_CORRUPT', `${folder}/${numberedName(index + 1)}.json is missing.`);
  });
}

/** Whether this could be the id of a sweep. For any other text there is none. */
function isSweepId(id: string): boolean {
  return /^sweep_[0-9A-HJKMNP-TV-Z]{26}$/.test(id);
}
