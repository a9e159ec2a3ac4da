/**
 * Sweeps as the API takes them in, shows and changes them, and what takes them further from time to time. A sweep is accepted once
 * its spec is stored.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { oneAtATime } from '../../lib/one-at-a-time.js';
import { PeriodicWork } from '../../lib/periodic-work.js';
import { isStorageFailure } from '../../storage/storage.js';
import type { IdempotencyKeys } from '../intake/idempotency.js';
import type { Lifecycle } from '../intake/lifecycle.js';
import type { Producer } from '../intake/producer.js';
import type { JobRequest } from '../runs/job-request.js';
import { advanceSweep, type AdvanceParts } from './advance.js';
import { wishesOf, type SweepState } from './plan.js';
import { readSweep } from './read-sweep.js';
import { resolveSweep, type SweepRequest } from './resolve-sweep.js';
import {
  importanceOf,
  sweepOf,
  trialsOf,
  type Sweep,
  type SweepImportance,
  type SweepList,
  type TrialList,
} from './sweep.js';
import { keyOfSweeps, type SweepChange, type SweepSpec } from './sweep-documents.js';

/** What of the budget changes. */
export interface BudgetRequest {
  max_trials?: number;
  /** null: no limit. */
  max_seconds?: number | null;
}

export interface Sweeps {
  /**
   * Stores the sweep and its first trials. A request with the idempotency key of an earlier one is answered with the earlier
   * sweep, as a replay.
   * @throws TrainyardError INVALID_REQUEST, IDEMPOTENCY_KEY_REUSED and what a job is refused with; nothing is stored then
   */
  submit(
    request: SweepRequest,
    options?: { idempotencyKey?: string | undefined },
  ): Promise<{ sweep: Sweep; replayed: boolean }>;
  /** @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_CORRUPT */
  get(id: string): Promise<Sweep>;
  /** Newest first. `after` is the id of the last sweep on the page before. Damaged sweeps are left out. */
  list(page: { after?: string | undefined; limit: number }): Promise<SweepList>;
  /** In order. `after` is the number of the last trial on the page before. @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_CORRUPT */
  trials(id: string, page: { after: number; limit: number }): Promise<TrialList>;
  /** @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_CORRUPT */
  importance(id: string): Promise<SweepImportance>;
  /** No trial is added until it is resumed; those that are there go on. @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_ENDED */
  pause(id: string): Promise<Sweep>;
  /** @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_ENDED */
  resume(id: string): Promise<Sweep>;
  /** Cancels its jobs too. @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_ENDED */
  cancel(id: string): Promise<Sweep>;
  /** A sweep that has ended goes on where the new budget has room. @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_ENDED, INVALID_REQUEST */
  changeBudget(id: string, budget: BudgetRequest): Promise<Sweep>;
  /** With the jobs of its trials. @throws TrainyardError SWEEP_NOT_FOUND, SWEEP_NOT_ENDED */
  remove(id: string): Promise<void>;
  /** Takes all sweeps further: once before it resolves, and from time to time. */
  start(): Promise<void>;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
}

export interface SweepsOptions extends Omit<AdvanceParts, 'now' | 'producer' | 'lifecycle' | 'log'> {
  producer: Pick<Producer, 'plan' | 'submitAs'>;
  lifecycle: Pick<Lifecycle, 'cancel' | 'remove'>;
  idempotencyKeys: Pick<IdempotencyKeys, 'find' | 'remember' | 'forget'>;
  log: Logger;
  /** Between two looks at what has become of the trials. */
  advanceEveryMs?: number;
  now?: () => Date;
}

export function createSweeps(options: SweepsOptions): Sweeps {
  const { store, producer, lifecycle, idempotencyKeys, checkRequest, log } = options;
  const { advanceEveryMs = 500, now = () => new Date() } = options;
  const parts: AdvanceParts = { ...options, now };
  /** Sweeps that have ended, and after how many changes: only another change can go on with them. */
  const ended = new Map<string, number>();
  /** What went wrong with which sweep: the same failure is logged once. */
  const failures = new Map<string, string>();
  let isStopping = false;

  const advance = oneAtATime(async (id: string): Promise<void> => {
    const state = await advanceSweep(parts, id);
    if (state?.results.has(state.changes.length)) ended.set(id, state.changes.length);
  });

  async function advanceAll(): Promise<void> {
    try {
      for (const id of await store.ids()) if (!isStopping) await alone(id);
    } catch (err) {
      if (!isStopping) log.warn({ err }, 'cannot look after the sweeps; trying again later');
    }
  }

  /** A failure with one sweep is logged and does not stop the others, unless the storage is away. */
  async function alone(id: string): Promise<void> {
    try {
      if (ended.has(id) && ended.get(id) === (await store.countChanges(id))) return;
      await advance(id);
      failures.delete(id);
    } catch (err) {
      if (isStorageFailure(err)) throw err;
      const reason = err instanceof Error ? err.message : String(err);
      if (failures.get(id) !== reason)
        log.error({ err, sweep: id }, 'cannot go on with this sweep; trying again');
      failures.set(id, reason);
    }
  }

  const work = new PeriodicWork(advanceAll, advanceEveryMs);

  async function stateOf(id: string): Promise<SweepState> {
    const state = await readSweep(parts, id);
    if (state !== null) return state;
    throw new TrainyardError('SWEEP_NOT_FOUND', `There is no sweep ${JSON.stringify(id.slice(0, 100))}.`);
  }

  const shown = async (id: string): Promise<Sweep> => sweepOf(id, await stateOf(id), now());

  /** Where it fails, the next look makes up for it. */
  async function advanceNow(id: string): Promise<void> {
    await advance(id).catch((err: unknown) => {
      log.warn({ err, sweep: id }, 'the sweep is stored and could not be taken further yet');
    });
  }

  /** `changeOf`: null where nothing is to be changed. */
  async function change(
    id: string,
    changeOf: (state: SweepState) => Omit<SweepChange, 'created_at'> | null,
  ): Promise<Sweep> {
    for (;;) {
      const state = await stateOf(id);
      const wanted = changeOf(state);
      if (wanted === null) return sweepOf(id, state, now());
      const dated = { ...wanted, created_at: now().toISOString() } as SweepChange;
      if (await store.addChange(id, state.changes.length + 1, dated)) break;
    }
    await advanceNow(id);
    return shown(id);
  }

  /** The sweep that the key stands for; null: it is new. */
  async function recall(key: string): Promise<{ id: string; request: SweepRequest | null } | null> {
    const found = await idempotencyKeys.find(keyOfSweeps(key));
    if (found === null) return null;
    if (found !== 'damaged') return { id: found.run_id, request: found.request };
    for (const id of (await store.ids()).reverse()) {
      const spec = await store.readSpec(id).catch(nullIfCorrupt);
      if (spec?.idempotency_key === key) return { id, request: null };
    }
    return null;
  }

  async function accept(id: string, spec: SweepSpec): Promise<Sweep> {
    await store.create(id, spec);
    await advanceNow(id);
    return shown(id);
  }

  function refuseOther(earlier: { id: string; request: SweepRequest | null }, request: SweepRequest): void {
    if (earlier.request === null || isDeepStrictEqual(earlier.request, request)) return;
    throw new TrainyardError(
      'IDEMPOTENCY_KEY_REUSED',
      `This Idempotency-Key came with another body before, for the sweep ${earlier.id}. Use a new key for a new sweep.`,
    );
  }

  return {
    get: shown,

    async submit(request, { idempotencyKey: key } = {}) {
      const earlier = key === undefined ? null : await recall(key);
      if (earlier !== null) {
        refuseOther(earlier, request);
        if ((await store.readSpec(earlier.id)) !== null)
          return { sweep: await shown(earlier.id), replayed: true };
      }
      const intake = { checkRequest, plan: (job: JobRequest) => producer.plan(job) };
      const spec = await resolveSweep(request, intake, { idempotencyKey: key ?? null, now: now() });
      if (earlier !== null) return { sweep: await accept(earlier.id, spec), replayed: true };
      const id = store.newId();
      if (key === undefined) return { sweep: await accept(id, spec), replayed: false };
      const remembered = await idempotencyKeys.remember(keyOfSweeps(key), {
        run_id: id,
        request,
      });
      refuseOther({ id: remembered.run_id, request: remembered.request }, request);
      return { sweep: await accept(remembered.run_id, spec), replayed: remembered.run_id !== id };
    },

    async list({ after, limit }) {
      const ids = (await store.ids()).reverse();
      const rest = after === undefined ? ids : ids.filter((id) => id < after);
      const data = await Promise.all(rest.slice(0, limit).map((id) => shown(id).catch(nullIfNotShown)));
      return { object: 'list', data: data.filter((sweep) => sweep !== null), has_more: rest.length > limit };
    },

    async trials(id, { after, limit }) {
      const rest = trialsOf(await stateOf(id)).slice(after);
      return { object: 'list', data: rest.slice(0, limit), has_more: rest.length > limit };
    },

    importance: async (id) => importanceOf(await stateOf(id)),

    pause: (id) =>
      change(id, (state) => {
        refuseIfEnded(id, state, 'paused');
        return wishesOf(state).isPaused ? null : { type: 'pause' };
      }),

    resume: (id) =>
      change(id, (state) => {
        refuseIfEnded(id, state, 'resumed');
        return wishesOf(state).isPaused ? { type: 'resume' } : null;
      }),

    cancel: (id) =>
      change(id, (state) => {
        if (wishesOf(state).isCancelled) return null;
        refuseIfEnded(id, state, 'cancelled');
        return { type: 'cancel' };
      }),

    changeBudget: (id, budget) =>
      change(id, (state) => {
        if (wishesOf(state).isCancelled) refuseIfEnded(id, state, 'continued');
        refuseFewerTrials(state, budget);
        return { type: 'budget', ...budget };
      }),

    async remove(id) {
      const state = await stateOf(id).catch(nullIfCorrupt);
      if (state !== null && !state.results.has(state.changes.length)) {
        const message = `The sweep ${id} has not ended. Cancel it first, or wait for its end.`;
        throw new TrainyardError('SWEEP_NOT_ENDED', message);
      }
      for (const runId of state?.trials.flatMap(({ runIds }) => runIds) ?? []) {
        await lifecycle.remove(runId).catch(ignoreIfGone);
      }
      const key = state?.spec.idempotency_key ?? null;
      if (key !== null) await idempotencyKeys.forget(keyOfSweeps(key));
      await store.remove(id);
      ended.delete(id);
    },

    start: () => work.start(),

    async stop() {
      isStopping = true;
      await work.stop();
    },
  };
}

function refuseIfEnded(id: string, state: SweepState, verb: string): void {
  const status = wishesOf(state).isCancelled
    ? 'been cancelled'
    : state.results.get(state.changes.length)?.status;
  if (status === undefined) return;
  throw new TrainyardError('SWEEP_ENDED', `The sweep ${id} has ${status} and cannot be ${verb}.`);
}

function refuseFewerTrials({ trials }: SweepState, { max_trials = Infinity }: BudgetRequest): void {
  if (max_trials >= trials.length) return;
  const message = `max_trials is ${max_trials}, and the sweep has ${trials.length} trials already. To stop it now, set max_trials to ${trials.length}, or cancel it.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/max_trials' });
}

function isCorrupt(error: unknown): boolean {
  return error instanceof TrainyardError && error.code === 'SWEEP_CORRUPT';
}

function nullIfCorrupt(error: unknown): null {
  if (isCorrupt(error)) return null;
  throw error;
}

/** A damaged sweep, or one that was removed meanwhile. */
function nullIfNotShown(error: unknown): null {
  if (isCorrupt(error) || (error instanceof TrainyardError && error.code === 'SWEEP_NOT_FOUND')) return null;
  throw error;
}

function ignoreIfGone(error: unknown): void {
  if (!(error instanceof TrainyardError && error.code === 'JOB_NOT_FOUND')) throw error;
}
