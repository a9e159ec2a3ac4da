/**
 * Which runs there are and where they stand, so that lists and the search for forgotten runs need not read every run each time. It is derived from
 * the run store and held in memory. The first question about all runs reads them all; later ones read what is new and what
 * has not ended, as a run that has ended stays as it is. What a page shows comes from the files of its runs, read then.
 */
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { cachedFor } from '../../lib/cached-for.js';
import { isStorageFailure } from '../../storage/storage.js';
import type { JobStatus } from './run-events.js';
import type { DatasetPin } from './run-spec.js';
import { forEachBounded } from '../../lib/for-each-bounded.js';
import type { RunReader, RunState } from './run-reader.js';
import type { RunStore } from './run-store.js';

export interface JobFilter {
  status?: JobStatus | undefined;
  model?: string | undefined;
  dataset?: string | undefined;
  dataset_version?: number | undefined;
  /** The sweep that made the jobs. */
  sweep_id?: string | undefined;
  /** Whether the jobs have ended. */
  ended?: boolean | undefined;
  /** Each of these notes must be there. */
  metadata?: Record<string, string> | undefined;
}

export interface RunIndex {
  /**
   * Runs that fit, newest first; `after` is the id of the last one of the page before. What this process has done shows at
   * once, what another one has done after `lookEveryMs` at most. Damaged runs are left out.
   * @throws TrainyardError STORAGE_UNAVAILABLE
   */
  page(query: {
    after?: string | undefined;
    limit: number;
    filter: JobFilter;
  }): Promise<{ runs: RunState[]; hasMore: boolean }>;
  /**
   * Runs for which something may be left to do, oldest first. Looks at damaged runs again.
   * @throws TrainyardError STORAGE_UNAVAILABLE
   */
  unsettled(): Promise<UnsettledRun[]>;
  /** Nothing is left to do for this run, which has ended. */
  settle(id: string): void;
  /**
   * null: there is no such run, or it is damaged, which is counted and logged.
   * @throws TrainyardError STORAGE_UNAVAILABLE
   */
  read(id: string): Promise<RunState | null>;
  /** This process has stored, changed or removed the run. */
  changed(id: string): void;
  /** How many runs have each status; as current as a page. @throws TrainyardError STORAGE_UNAVAILABLE */
  counts(): Promise<Partial<Record<JobStatus, number>>>;
  /** How many damaged runs are known. */
  damagedCount(): number;
  /** Begins no more reads. Pending calls that read many runs are refused. */
  stop(): void;
}

export interface UnsettledRun {
  id: string;
  status: JobStatus;
  hasEnded: boolean;
  hasWebhook: boolean;
}

/** What is known of a run. */
interface Entry {
  status: JobStatus;
  hasEnded: boolean;
  hasWebhook: boolean;
  isSettled: boolean;
  model: string;
  dataset: DatasetPin;
  sweepId: string | null;
  metadata: Readonly<Record<string, string>>;
}

const readsAtOnce = 16;

export function createRunIndex(options: {
  store: Pick<RunStore, 'ids'>;
  runs: RunReader;
  log: Pick<Logger, 'error' | 'info'>;
  /** Between two looks at what other processes do. */
  lookEveryMs?: number;
}): RunIndex {
  const { store, runs, log, lookEveryMs = 1_000 } = options;
  /** Of all runs, oldest first; replaced, never changed. Each is a key of one of the next three. */
  let ids: readonly string[] = [];
  const entries = new Map<string, Entry>();
  /** The values say why. */
  const damaged = new Map<string, string>();
  /** To be read before a filter is applied. The value is a new one whenever this process changes the run. */
  const unread = new Map<string, number>();
  /** Those of `entries` that have not ended. */
  const underWay = new Set<string>();
  const changedWhileListing = new Set<string>();
  let changes = 0;
  let reading: Promise<void> | undefined;
  let isStopped = false;

  const isKnown = (id: string): boolean => entries.has(id) || damaged.has(id) || unread.has(id);

  async function list(): Promise<void> {
    changedWhileListing.clear();
    const found = await store.ids();
    if (found.length === ids.length && found.every((id, i) => id === ids[i])) return;
    const listed = new Set([...found, ...changedWhileListing]);
    for (const id of ids) if (!listed.has(id)) forget(id);
    for (const id of listed) if (!isKnown(id)) unread.set(id, 0);
    ids = [...listed].sort();
  }

  function forget(id: string): void {
    for (const known of [entries, damaged, unread, underWay]) known.delete(id);
    runs.forget(id);
  }

  async function read(id: string): Promise<RunState | null> {
    const change = unread.get(id);
    let state: RunState | null = null;
    let damage: unknown;
    try {
      state = await runs.read(id);
    } catch (error) {
      // A store that does not answer says nothing about the run.
      if (isStorageFailure(error)) throw error;
      damage = error;
    }
    // Of a run that was changed meanwhile this may be how it was before.
    if (!isKnown(id) || unread.get(id) !== change) return state;
    if (damage !== undefined) noteDamage(id, damage);
    else if (state !== null) noteState(id, state);
    // One without a spec is being written or removed: later listings tell which.
    return state;
  }

  function noteState(id: string, state: RunState): void {
    const entry = entryOf(state, entries.get(id));
    entries.set(id, entry);
    if (entry.hasEnded) underWay.delete(id);
    else underWay.add(id);
    unread.delete(id);
    if (damaged.delete(id)) log.info({ job: id }, 'a damaged job can be read again');
  }

  function noteDamage(id: string, err: unknown): void {
    const reason = err instanceof Error ? err.message : String(err);
    const isNews = damaged.get(id) !== reason;
    for (const known of [entries, unread, underWay]) known.delete(id);
    damaged.set(id, reason);
    if (!isNews) return;
    log.error(
      { err, job: id, folder: `runs/${id}` },
      'this job is damaged and is left out; repair it, or remove it with DELETE /v1/jobs/{id}',
    );
  }

  function readAll(some: Iterable<string>): Promise<void> {
    return forEachBounded(some, readsAtOnce, async (id) => {
      if (isStopped) throw new TrainyardError('SHUTTING_DOWN', 'The service is stopping.');
      await read(id);
    });
  }

  async function readUnread(): Promise<void> {
    // What is under way may have begun before the latest change.
    await reading;
    if (unread.size === 0) return;
    reading ??= readAll([...unread.keys()]).finally(() => (reading = undefined));
    await reading;
  }

  async function lookAtUnderWay(): Promise<void> {
    const moved: string[] = [];
    await forEachBounded([...underWay], readsAtOnce, async (id) => {
      const waits = await runs.stillWaits(id).catch(() => false);
      if (!waits) moved.push(id);
    });
    await readAll(moved);
  }

  const listedOfLate = cachedFor(list, lookEveryMs);
  const underWayOfLate = cachedFor(lookAtUnderWay, lookEveryMs);

  /** Of the runs that may fit, newest first. */
  function* candidates(filter: JobFilter, after: string | undefined): Generator<string, void> {
    const known = ids;
    let at = after === undefined ? known.length - 1 : known.findLastIndex((id) => id < after);
    for (; at >= 0; at--) {
      const id = known[at] ?? '';
      const entry = entries.get(id);
      if (entry === undefined ? !isFiltering(filter) && !damaged.has(id) : fits(entry, filter)) yield id;
    }
  }

  return {
    async page({ after, limit, filter }) {
      const isByStatus = filter.status !== undefined || filter.ended !== undefined;
      const lookAtStatuses = async (): Promise<unknown> => isByStatus && underWayOfLate();
      await Promise.all([listedOfLate(), lookAtStatuses()]);
      if (isFiltering(filter)) await readUnread();
      // Reading many takes longer than a look holds.
      await lookAtStatuses();
      const found: RunState[] = [];
      const rest = candidates(filter, after);
      for (;;) {
        const next = take(rest, limit + 1 - found.length);
        if (next.length === 0) break;
        for (const state of await Promise.all(next.map(read))) {
          // It may have changed since the index looked.
          if (state !== null && fits(entryOf(state), filter)) found.push(state);
        }
      }
      return { runs: found.slice(0, limit), hasMore: found.length > limit };
    },

    async unsettled() {
      await Promise.all([listedOfLate(), underWayOfLate(), readAll([...damaged.keys()])]);
      await readUnread();
      return ids.flatMap((id) => {
        const entry = entries.get(id);
        if (entry === undefined || entry.isSettled) return [];
        const { status, hasEnded, hasWebhook } = entry;
        return [{ id, status, hasEnded, hasWebhook }];
      });
    },

    settle(id) {
      const entry = entries.get(id);
      if (entry?.hasEnded) entry.isSettled = true;
    },

    read,

    changed(id) {
      changedWhileListing.add(id);
      if (!isKnown(id)) ids = ids.toSpliced(ids.findLastIndex((other) => other < id) + 1, 0, id);
      for (const known of [entries, damaged, underWay]) known.delete(id);
      unread.set(id, ++changes);
    },

    async counts() {
      await Promise.all([listedOfLate(), underWayOfLate()]);
      await readUnread();
      const found: Partial<Record<JobStatus, number>> = {};
      for (const { status } of entries.values()) found[status] = (found[status] ?? 0) + 1;
      return found;
    },

    damagedCount: () => damaged.size,

    stop() {
      isStopped = true;
    },
  };
}

/** `earlier` is what was known of the run before. */
function entryOf({ status, result, spec }: RunState, earlier?: Entry): Entry {
  const { model, dataset, metadata, sweep_id: sweepId = null } = spec;
  const hasEnded = result !== null;
  const hasWebhook = spec.webhook !== null;
  // Once its webhook was called for the end, nothing more can come.
  const isSettled = hasEnded && (!hasWebhook || earlier?.isSettled === true);
  return { status, hasEnded, hasWebhook, isSettled, model, dataset, sweepId, metadata };
}

function isFiltering({ metadata = {}, ...rest }: JobFilter): boolean {
  return Object.keys(metadata).length > 0 || Object.values(rest).some((value) => value !== undefined);
}

function fits(run: Entry, filter: JobFilter): boolean {
  const { status, ended, model, dataset, dataset_version: version, sweep_id, metadata = {} } = filter;
  return (
    (status === undefined || run.status === status) &&
    (ended === undefined || run.hasEnded === ended) &&
    (model === undefined || run.model === model) &&
    (dataset === undefined || run.dataset.name === dataset) &&
    (version === undefined || run.dataset.version === version) &&
    (sweep_id === undefined || run.sweepId === sweep_id) &&
    Object.entries(metadata).every(([key, value]) => run.metadata[key] === value)
  );
}

/** The next of them, at most so many. */
function take<Item>(items: Iterator<Item, void>, count: number): Item[] {
  const taken: Item[] = [];
  while (taken.length < count) {
    const { done, value } = items.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
