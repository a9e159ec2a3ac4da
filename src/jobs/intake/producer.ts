/**
 * Takes in runs, and makes sure that the queue knows every run that has not ended. A run is accepted once its spec is
 * stored. If the queue loses it (a wiped Redis, a crash between store and queue), it is enqueued again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import type { TraceContext } from '../../telemetry/trace-context.js';
import { parameterCount } from '../../model/network/network.js';
import { trainingSpecOf, type RunSpec } from '../runs/run-spec.js';
import type { Job, JobPlan } from '../views/job.js';
import type { JobRequest } from '../runs/job-request.js';
import { cancelRun } from '../runs/end-run.js';
import { membersOf } from '../runs/ensemble.js';
import { forEachBounded } from '../../lib/for-each-bounded.js';
import { PeriodicWork } from '../../lib/periodic-work.js';
import { defaults } from './defaults.js';
import type { IdempotencyKeys, Remembered } from './idempotency.js';
import type { TrainingQueue } from '../queue/training-queue.js';
import type { RunIndex, UnsettledRun } from '../runs/run-index.js';
import { newRun, type RunReader } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import { engineOf } from '../runs/summarize-events.js';
import type { JobDatasets } from '../runs/table-rows.js';
import { jobNotFound, type RunToJob } from '../views/run-to-job.js';
import { resolveSpec } from './resolve-spec.js';
import { specToReproduce } from './reproduce.js';
import { readSource, type JobModels } from './resolve-source.js';
import { resolveTable } from './resolve-table.js';
import type { Webhooks } from '../webhooks/webhooks.js';

export interface Producer {
  /**
   * Stores the run and enqueues it. An accepted run reaches its end even if the queue loses it. A request with the
   * idempotency key of an earlier one is answered with the earlier job, as a replay.
   * @throws TrainyardError DATASET_NOT_FOUND, MODEL_NOT_FOUND, VERSION_NOT_FOUND, CHECKPOINT_CORRUPT, ENGINE_UNAVAILABLE, NETWORK_TOO_LARGE, QUEUE_FULL, IDEMPOTENCY_KEY_REUSED,
   * INVALID_REQUEST, WEBHOOKS_NOT_CONFIGURED, WEBHOOK_REFUSED; nothing is stored then
   */
  submit(
    request: JobRequest,
    options?: { idempotencyKey?: string | undefined; traceContext?: TraceContext | undefined },
  ): Promise<{ job: Job; replayed: boolean }>;
  /**
   * Stores a run of a sweep under an id that the caller has chosen and kept, and enqueues it, however many wait. Nothing happens where
   * there is a run of that id already.
   * @throws TrainyardError as `submit`, but for those of queue and key; nothing is stored then
   */
  submitAs(
    id: string,
    request: JobRequest,
    origin: Pick<RunSpec, 'sweep_id' | 'trial' | 'rungs'>,
  ): Promise<void>;
  /** What `submit` would train, found out in the same way and with the same refusals; nothing is stored. */
  plan(request: JobRequest): Promise<JobPlan>;
  /** Enqueues the unfinished runs that the queue does not know: once before it resolves, and again from time to time. */
  start(): Promise<void>;
  /** Resolves when no search is under way. */
  stop(): Promise<void>;
}

/** Runs whose webhooks are looked after at a time. */
const webhooksAtOnce = 8;

export function createProducer(options: {
  store: RunStore;
  runs: RunReader;
  index: RunIndex;
  idempotencyKeys: IdempotencyKeys;
  queue: Pick<TrainingQueue, 'add' | 'placeOf' | 'count'>;
  runToJob: RunToJob;
  webhooks: Pick<Webhooks, 'resolve' | 'enqueueOutstanding'>;
  datasets: JobDatasets;
  models: JobModels;
  trainingMemoryLimitBytes: number;
  /** How many runs may wait; approximate where several processes take runs in. */
  maxQueuedJobs: number;
  log: Logger;
  recoverEveryMs?: number;
  now?: () => Date;
}): Producer {
  const { store, runs, index, idempotencyKeys, queue, runToJob, webhooks, datasets, models, log } = options;
  const { recoverEveryMs = 15_000, now = () => new Date() } = options;
  /** What went wrong with which run, in the last search and in this one: the same failure is logged once. */
  let failuresBefore = new Map<string, string>();
  let failures = new Map<string, string>();
  let isStopping = false;

  const searches = new PeriodicWork(recoverForgotten, recoverEveryMs);

  async function recoverForgotten(): Promise<void> {
    try {
      const unsettled = await index.unsettled();
      failuresBefore = failures;
      failures = new Map();
      const underWay = unsettled.filter(({ hasEnded }) => !hasEnded);
      for (const run of underWay) await alone(run, lookAfter);
      // Interrupted runs go before others. Each is put first, so the oldest must be put last.
      const interrupted = underWay.filter(({ status }) => status === 'running').reverse();
      for (const run of interrupted) await alone(run, ({ id }) => enqueueIfForgotten(id, { first: true }));
      // The worker that trains a run looks after its webhook.
      const withWebhook = unsettled.filter(({ status, hasWebhook }) => hasWebhook && status !== 'running');
      await forEachBounded(withWebhook, webhooksAtOnce, (run) => alone(run, lookAfterWebhook));
    } catch (err) {
      if (!isStopping) log.warn({ err }, 'cannot look for jobs that the queue has lost; trying again later');
    }
  }

  /** A failure with one run is logged and does not stop the others, unless queue or storage are away. */
  async function alone(run: UnsettledRun, look: (run: UnsettledRun) => Promise<void>): Promise<void> {
    if (isStopping) return;
    try {
      await look(run);
    } catch (err) {
      if (isAway(err)) throw err;
      const reason = err instanceof Error ? err.message : String(err);
      const isNews = failuresBefore.get(run.id) !== reason;
      if (isNews) log.error({ err, job: run.id }, 'cannot look after this job; trying again each time');
      failures.set(run.id, reason);
    }
  }

  async function lookAfter({ id, status }: UnsettledRun): Promise<void> {
    if ((await store.readEnding(id)) === 'cancelled') await carryOutCancellation(id);
    else if (status === 'queued') await enqueueIfForgotten(id);
  }

  async function carryOutCancellation(id: string): Promise<void> {
    const run = await index.read(id);
    if (run?.result !== null) return;
    try {
      await cancelRun(store, id, run.spec, now());
    } catch (cause) {
      // A storage failure with this run says nothing about the others.
      throw new Error(`The cancellation of ${id} could not be carried out.`, { cause });
    } finally {
      index.changed(id);
    }
  }

  async function lookAfterWebhook({ id, hasEnded }: UnsettledRun): Promise<void> {
    if ((await webhooks.enqueueOutstanding(id)) === 0 && hasEnded) index.settle(id);
  }

  async function enqueueIfForgotten(id: string, options: { first?: boolean } = {}): Promise<void> {
    if ((await queue.placeOf(id)) !== null) return;
    // It may have ended meanwhile.
    const run = await index.read(id);
    if (run?.result !== null) return;
    const { spec, summary } = run;
    await queue.add(id, { engine: engineOf(spec, summary), priority: spec.priority, ...options });
    log.info({ job: id }, 'the queue did not know the job; it is enqueued again');
  }

  /** While the queue does not answer, runs are accepted uncounted. */
  async function refuseIfFull(): Promise<void> {
    const waiting = await queue.count().catch(() => 0);
    if (waiting < options.maxQueuedJobs) return;
    throw new TrainyardError(
      'QUEUE_FULL',
      `${waiting} jobs wait, and this service takes in ${options.maxQueuedJobs}. Try again later, or raise MAX_QUEUED_JOBS.`,
    );
  }

  /** What the request is about; of a table, as far as it must be read to be known. */
  async function workOf(request: JobRequest): Promise<Parameters<typeof resolveSpec>[1]> {
    const { dataset = defaults.dataset } = request;
    const { name, version } = typeof dataset === 'string' ? { name: dataset, version: undefined } : dataset;
    const info = await datasets.info(name, version);
    if (info.kind !== 'table') return info;
    const content = await datasets.openTable(info.name, info.version);
    const seed = request.seed ?? defaults.seed;
    return { kind: 'table', info, ...(await resolveTable(request, info, content, seed)) };
  }

  async function specOf(
    request: JobRequest,
    origin: Pick<RunSpec, 'idempotency_key' | 'trace_context'>,
  ): Promise<RunSpec> {
    const webhook = request.webhook ? webhooks.resolve(request.webhook) : null;
    const { reproduce } = request;
    if (reproduce !== undefined) {
      return specToReproduce({ ...request, reproduce }, options, now(), { ...origin, webhook });
    }
    return resolveSpec(request, await workOf(request), options, now(), {
      ...origin,
      webhook,
      source: await readSource(models, request),
    });
  }

  async function accept(id: string, spec: RunSpec): Promise<boolean> {
    if (!(await store.createAs(id, spec))) return false;
    index.changed(id);
    try {
      await queue.add(id, { engine: spec.engine, priority: spec.priority });
    } catch (err) {
      // A stored run is accepted: the search for forgotten ones enqueues it when the queue is back.
      log.warn({ err, job: id }, 'the job is stored but could not be enqueued yet');
    }
    return true;
  }

  /** What the key stands for; null: it is new. */
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

  /** The run whose spec has the key. */
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
    if (stored === null) return true;
    const { created_at, trace_context } = spec;
    const unknown = stored.dataset.name === spec.dataset.name ? notPinned(stored, spec) : {};
    return isDeepStrictEqual({ ...stored, created_at, trace_context, ...unknown }, spec);
  }

  /** The job of the same request as before, found without its dataset, which may be gone. null: it must be looked at. */
  async function knownJob(first: Remembered, request: JobRequest): Promise<Job | null> {
    if (!isDeepStrictEqual(first.request, request)) return null;
    const run = await runs.read(first.run_id);
    return run && runToJob(run);
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
    // The process that took the first request may have died before it stored the run.
    await accept(first.run_id, spec);
    return { job: await jobWithId(first.run_id), replayed: true };
  }

  async function jobWithId(id: string): Promise<Job> {
    return runToJob((await runs.read(id)) ?? jobNotFound(id));
  }

  return {
    async submit(request, { idempotencyKey: key, traceContext } = {}) {
      const earlier = key === undefined ? null : await recall(key);
      const known = earlier && (await knownJob(earlier, request));
      if (known !== null) return { job: known, replayed: true };
      const spec = await specOf(request, {
        idempotency_key: key ?? null,
        trace_context: traceContext ?? null,
      });
      if (earlier !== null) return replay(earlier, request, spec);
      await refuseIfFull();
      const id = store.newRunId();
      if (key !== undefined) {
        const first = await idempotencyKeys.remember(key, { run_id: id, request });
        if (first.run_id !== id) return replay(first, request, spec);
      }
      // A replay may have stored the run first.
      const job = (await accept(id, spec)) ? await runToJob(newRun(id, spec)) : await jobWithId(id);
      return { job, replayed: false };
    },

    async submitAs(id, request, origin) {
      if ((await store.readSpec(id)) !== null) return;
      const spec = await specOf(request, { idempotency_key: null, trace_context: null });
      await accept(id, { ...spec, ...origin });
    },

    async plan(request) {
      const spec = await specOf(request, { idempotency_key: null, trace_context: null });
      return {
        object: 'job_plan',
        model: spec.model,
        dataset: spec.dataset.name,
        dataset_version: spec.dataset.version,
        spec: trainingSpecOf(spec),
        parameters: membersOf(spec) * parameterCount(spec.network),
        steps: spec.steps,
      };
    },

    start: () => searches.start(),

    async stop() {
      isStopping = true;
      await searches.stop();
    },
  };
}

/**
 * What an older spec does not say, by one of today: format 1 pinned no data and had no validation split, and before presets all
 * were plain.
 */
function notPinned(older: RunSpec, spec: RunSpec): Partial<RunSpec> {
  const { dataset: stored } = older;
  const { dataset, split, steps, preset, publish_if } = spec;
  const unnamed = {
    ...(older.preset === undefined && preset === 'plain' && { preset }),
    ...(older.publish_if === undefined && publish_if !== undefined && { publish_if }),
  };
  if (stored.sha256 === null) return { ...unnamed, dataset, split, steps };
  return stored.version === null ? { ...unnamed, dataset: { ...stored, version: dataset.version } } : unnamed;
}

/** Queue or storage cannot be used, so no run can be looked after. */
function isAway(error: unknown): boolean {
  return (
    error instanceof TrainyardError &&
    (error.code === 'QUEUE_UNAVAILABLE' || error.code === 'STORAGE_UNAVAILABLE')
  );
}
