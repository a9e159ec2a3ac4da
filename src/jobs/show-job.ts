/** A run as the API shows it: what the store has of it, and the queue that it waits in. */
import { within } from '../deadline.js';
import { TrainyardError } from '../errors.js';
import { remembered } from '../remembered.js';
import type { Job, JobQueue } from './contracts.js';
import { jobSpecOf } from './job-spec.js';
import type { TrainingQueue } from './queue/training-queue.js';
import type { RunState } from './run-state.js';
import { engineOf } from './run-summary.js';

export type ShowJob = (run: RunState) => Promise<Job>;

/** A page of jobs asks the queue once. */
const rememberedMs = 500;
/** A job is shown soon, whatever the queue does. */
const answerWithinMs = 1_000;

export function createShowJob(queue: Pick<TrainingQueue, 'queueOf'>): ShowJob {
  const asked = new Map<string, () => Promise<JobQueue | null>>();

  function queueOf(engine: string): Promise<JobQueue | null> {
    const ask =
      asked.get(engine) ??
      remembered(() => within(answerWithinMs, queue.queueOf(engine)).catch(() => null), rememberedMs);
    asked.set(engine, ask);
    return ask();
  }

  return async (run) =>
    jobOf(run, run.status === 'queued' ? await queueOf(engineOf(run.spec, run.summary)) : null);
}

export function jobOf({ id, spec, status, summary, result }: RunState, queue: JobQueue | null = null): Job {
  return {
    id,
    object: 'job',
    status,
    queue,
    model: spec.model,
    version: summary.version,
    dataset: spec.dataset,
    spec: jobSpecOf(spec),
    priority: spec.priority,
    time_limit_seconds: spec.time_limit_seconds,
    webhook: spec.webhook,
    progress: summary.progress,
    metrics: summary.metrics,
    engine: summary.engine,
    attempts: summary.attempts,
    last_error: summary.last_error,
    resumed_from_step: summary.resumed_from_step,
    error: result?.error ?? null,
    created_at: spec.created_at,
    started_at: summary.started_at,
    finished_at: result?.finished_at ?? null,
    metadata: spec.metadata,
  };
}

/** @throws TrainyardError JOB_NOT_FOUND */
export function notFound(id: string): never {
  throw new TrainyardError('JOB_NOT_FOUND', `There is no job ${JSON.stringify(id)}.`);
}
