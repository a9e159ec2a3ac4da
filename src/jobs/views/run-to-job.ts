/** Turns a run, the stored documents, into a job, what the API shows. */
import { withTimeout } from '../../lib/timeout.js';
import { TrainyardError } from '../../errors.js';
import { cachedFor } from '../../lib/cached-for.js';
import type { Job } from './job.js';
import { trainingSpecOf } from '../runs/run-spec.js';
import type { JobQueue, TrainingQueue } from '../queue/training-queue.js';
import type { RunState } from '../runs/run-reader.js';
import { engineOf } from '../runs/summarize-events.js';

export type RunToJob = (run: RunState) => Promise<Job>;

/** Long enough that a page of jobs asks the queue once. */
const cachedMs = 500;
/** A job is shown within this time, even when the queue does not answer. */
const answerWithinMs = 1_000;

export function createRunToJob(queue: Pick<TrainingQueue, 'queueOf'>): RunToJob {
  const asked = new Map<string, () => Promise<JobQueue | null>>();

  function queueOf(engine: string): Promise<JobQueue | null> {
    const ask =
      asked.get(engine) ??
      cachedFor(() => withTimeout(answerWithinMs, queue.queueOf(engine)).catch(() => null), cachedMs);
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
    publication: summary.publication ?? null,
    dataset: spec.dataset.name,
    dataset_version: spec.dataset.version,
    spec: trainingSpecOf(spec),
    priority: spec.priority,
    time_limit_seconds: spec.time_limit_seconds,
    webhook: spec.webhook,
    sweep_id: spec.sweep_id ?? null,
    trial: spec.trial ?? null,
    progress: summary.progress,
    metrics: summary.metrics,
    ...(summary.reproduction && { reproduction: summary.reproduction }),
    ...(summary.evaluation && { evaluation: summary.evaluation }),
    best_epoch: summary.best_epoch ?? null,
    best_metrics: summary.best_metrics ?? null,
    stopped: summary.stopped ?? null,
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
export function jobNotFound(id: string): never {
  throw new TrainyardError('JOB_NOT_FOUND', `There is no job ${JSON.stringify(id)}.`);
}
