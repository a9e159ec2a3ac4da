/**
 * Takes in runs and sees that the queue knows every one that has not ended. A run is accepted once its spec is stored;
 * the queue may forget it (a wiped Redis, a crash between store and queue), and then it is enqueued again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { DatasetInfo } from '../data/dataset.js';
import { TrainyardError } from '../errors.js';
import type { TraceContext } from '../telemetry/trace-context.js';
import type { Job, JobRequest, RunSpec } from './contracts.js';
import { cancelRun } from './end-run.js';
import type { IdempotencyKeys, Remembered } from './idempotency.js';
import type { TrainingQueue } from './queue/training-queue.js';
import { newRun, type RunReader, type RunState } from './run-state.js';
import type { RunStore } from './run-store.js';
import { engineOf } from './run-summary.js';
import { notFound, type ShowJob } from './show-job.js';
import { defaults, resolveSpec } from './spec.js';
import type { Webhooks } from './webhooks/webhooks.js';

export interface Producer {
  /**
   * Stores the run and enqueues it. An accepted run ends, whatever becomes of the queue. A request that comes again with
   * the idempotency key of an earlier one is answered with that one's job, as a replay.
   * @throws TrainyardError DATASET_NOT_FOUND, ENGINE_UNAVAILABLE, NETWORK_TOO_LARGE, QUEUE_FULL, IDEMPOTENCY_KEY_REUSED,
   * INVALID_REQUEST, WEBHOOKS_NOT_CONFIGURED, WEBHOOK_REFUSED; nothing is stored then
   */
  submit(
    request: JobRequest,
    options?: { idempotencyKey?: string | undefined; traceContext?: TraceContext | undefined },
  ): Promise<{ job: Job; replayed: boolean }>;
  /** Enqueues the unfinished runs that the queue does not know; now and from time to time. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createProducer(options: {
  store: RunStore;
  runs: RunReader;
  idempotencyKeys: IdempotencyKeys;
  queue: Pick<TrainingQueue, 'add' | 'placeOf' | 'count'>;
  show: ShowJob;
  webhooks: Pick<Webhooks, 'resolve' | 'enqueueOutstanding'>;
  /** @throws TrainyardError DATASET_NOT_FOUND */
  datasetInfo: (name: string) => DatasetInfo;
  trainingMemoryLimitBytes: number;
  /** Runs that may wait; about that many where several processes take them in. */
  maxQueuedJobs: number;
  log: Logger;
  sweepIntervalMs?: number;
  now?: () => Date;
}): Producer {
  const { store, runs, idempotencyKeys, queue, show, webhooks, datasetInfo, log } = options;
  const { sweepIntervalMs = 15_000, now = () => new Date() } = options;
  /** Runs that need not be looked at again: they have ended and nobody waits to hear so, or they cannot be read. */
  const settled = new Set<string>();
  let sweeping = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function sweep(): Promise<void> {
    try {
      const interrupted: RunState[] = [];
      for (const id of await store.ids()) {
        const run = settled.has(id) ? null : await lookAfter(id);
        if (run !== null) interrupted.push(run);
      }
      // They go on before others. Each goes before those put first already, so that the oldest must be the last here.
      for (const run of interrupted.reverse()) await enqueueIfForgotten(run, { first: true });
    } catch (err) {
      log.warn({ err }, 'cannot look for runs that the queue has lost; trying again later');
    }
  }

  /** The run if it is one that a worker had in hand, to be enqueued if the queue has lost it. */
  async function lookAfter(id: string): Promise<RunState | null> {
    try {
      const state = await runs.read(id);
      if (state === null) return null;
      const { spec, status, result } = state;
      // A run under way is looked after by its worker.
      const outstanding =
        spec.webhook === null || status === 'running' ? 0 : await webhooks.enqueueOutstanding(id);
      if (result !== null) {
        if (outstanding === 0) settled.add(id);
      } else if ((await store.readEnding(id)) === 'cancelled') {
        await cancelRun(store, id, spec, now());
      } else if (status === 'queued') {
        await enqueueIfForgotten(state);
      } else if (status === 'running') {
        return state;
      }
    } catch (err) {
      if (!(err instanceof TrainyardError && err.code === 'RUN_CORRUPT')) throw err;
      settled.add(id);
      log.error({ err, job: id }, 'this run cannot be read and is left alone');
    }
    return null;
  }

  async function enqueueIfForgotten(
    { id, spec, summary }: RunState,
    options: { first?: boolean } = {},
  ): Promise<void> {
    if ((await queue.placeOf(id)) !== null) return;
    // It may have ended while the queue was asked.
    if ((await store.readResult(id)) !== null) return;
    await queue.add(id, { engine: engineOf(spec, summary), priority: spec.priority, ...options });
    log.info({ job: id }, 'the queue did not know this run; it is enqueued again');
  }

  /** While the queue does not answer, nobody can count. */
  async function refuseIfFull(): Promise<void> {
    const waiting = await queue.count().catch(() => 0);
    if (waiting < options.maxQueuedJobs) return;
    throw new TrainyardError(
      'QUEUE_FULL',
      `${waiting} jobs wait, and this service takes in ${options.maxQueuedJobs}. Try again later, or raise MAX_QUEUED_JOBS.`,
    );
  }

  async function accept(id: string, spec: RunSpec): Promise<boolean> {
    if (!(await store.createAs(id, spec))) return false;
    try {
      await queue.add(id, { engine: spec.engine, priority: spec.priority });
    } catch (err) {
      // The run is stored, and so it is accepted: the sweep enqueues it when the queue is back.
      log.warn({ err, job: id }, 'the run is stored but could not be enqueued yet');
    }
    return true;
  }

  /** What the key stood for before, if it came before. */
  async function recall(key: string): Promise<Remembered | null> {
    const found = await idempotencyKeys.find(key);
    if (found !== 'damaged') return found;
    const runId = await runOf(key);
    log.warn(
      { job: runId },
      'the document of an idempotency key is damaged; the job was looked for by its key',
    );
    return runId === null ? null : idempotencyKeys.remember(key, { run_id: runId, request: null });
  }

  /** The run that came with the key, by its spec. */
  async function runOf(key: string): Promise<string | null> {
    for (const id of (await store.ids()).reverse()) {
      try {
        if ((await store.readSpec(id))?.idempotency_key === key) return id;
      } catch (error) {
        if (!(error instanceof TrainyardError && error.code === 'RUN_CORRUPT')) throw error;
      }
    }
    return null;
  }

  async function isSameRequest(first: Remembered, request: JobRequest, spec: RunSpec): Promise<boolean> {
    if (first.request !== null) return isDeepStrictEqual(first.request, request);
    const stored = await store.readSpec(first.run_id);
    const { created_at, trace_context } = spec;
    return stored === null || isDeepStrictEqual({ ...stored, created_at, trace_context }, spec);
  }

  async function replay(
    first: Remembered,
    request: JobRequest,
    spec: RunSpec,
  ): Promise<{ job: Job; replayed: true }> {
    if (!(await isSameRequest(first, request, spec))) {
      throw new TrainyardError(
        'IDEMPOTENCY_KEY_REUSED',
        `This Idempotency-Key came with another body before, for the job ${first.run_id}. Use a new key for a new job.`,
      );
    }
    // Who came first may have died before the run was stored.
    await accept(first.run_id, spec);
    return { job: await jobWithId(first.run_id), replayed: true };
  }

  async function jobWithId(id: string): Promise<Job> {
    return show((await runs.read(id)) ?? notFound(id));
  }

  return {
    async submit(request, { idempotencyKey: key, traceContext } = {}) {
      const dataset = datasetInfo(request.dataset ?? defaults.dataset);
      const spec = resolveSpec(request, dataset, options, now(), {
        webhook: request.webhook ? webhooks.resolve(request.webhook) : null,
        idempotency_key: key ?? null,
        trace_context: traceContext ?? null,
      });
      const earlier = key === undefined ? null : await recall(key);
      if (earlier !== null) return replay(earlier, request, spec);
      await refuseIfFull();
      const id = store.newRunId();
      if (key !== undefined) {
        const first = await idempotencyKeys.remember(key, { run_id: id, request });
        if (first.run_id !== id) return replay(first, request, spec);
      }
      // A replay that came first has stored the run as it saw it.
      const job = (await accept(id, spec)) ? await show(newRun(id, spec)) : await jobWithId(id);
      return { job, replayed: false };
    },

    async start() {
      sweeping = sweep();
      await sweeping;
      timer = setInterval(() => void (sweeping = sweeping.then(sweep)), sweepIntervalMs).unref();
    },

    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
