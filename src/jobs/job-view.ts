/** Jobs as the API shows them, derived from the run store and, for runs that have not ended, the queue. */
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import type { Job, JobList, JobStatus, RunResult, RunSpec, RunSummary } from './contracts.js';
import type { TrainingQueue } from './queue/training-queue.js';
import { readRunState } from './run-state.js';
import type { RunStore } from './run-store.js';
import { addEvent, emptySummary } from './run-summary.js';

export interface JobView {
  /** @throws TrainyardError JOB_NOT_FOUND, QUEUE_UNAVAILABLE, RUN_CORRUPT */
  get(id: string): Promise<Job>;
  /**
   * Newest first; `after` is the id of the last job of the page before. A run that cannot be read is left out.
   * @throws TrainyardError QUEUE_UNAVAILABLE
   */
  list(page: { after?: string | undefined; limit: number }): Promise<JobList>;
}

export function createJobView(
  store: Pick<RunStore, 'readSpec' | 'readResult' | 'readEvents' | 'ids'>,
  queue: Pick<TrainingQueue, 'placeOf'>,
  log: Pick<Logger, 'warn'>,
): JobView {
  /** Of runs under way: how far their events have been read and what they add up to. */
  const underWay = new Map<string, { nextByte: number; summary: RunSummary }>();

  async function find(id: string): Promise<Job | null> {
    const spec = await store.readSpec(id);
    if (spec === null) return null;
    const state = await readRunState(store, queue, id);
    if (state.result !== null) {
      underWay.delete(id);
      return jobOf(id, spec, state.result.status, state.result.summary, state.result);
    }
    // A run that the queue has lost is enqueued again before long.
    return jobOf(id, spec, state.place === 'active' ? 'running' : 'queued', await summaryOf(id, spec));
  }

  async function summaryOf(id: string, spec: RunSpec): Promise<RunSummary> {
    const known = underWay.get(id) ?? { nextByte: 0, summary: emptySummary(spec) };
    const { events, nextByte } = await store.readEvents(id, known.nextByte);
    const summary = events.reduce(addEvent, known.summary);
    underWay.set(id, { nextByte, summary });
    return summary;
  }

  async function findReadable(id: string): Promise<Job | null> {
    try {
      return await find(id);
    } catch (err) {
      if (!(err instanceof TrainyardError && err.code === 'RUN_CORRUPT')) throw err;
      log.warn({ err, job: id }, 'a run cannot be read and is left out of the list');
      return null;
    }
  }

  return {
    async get(id) {
      const found = await find(id);
      if (found === null) throw new TrainyardError('JOB_NOT_FOUND', `There is no job ${JSON.stringify(id)}.`);
      return found;
    },

    async list({ after, limit }) {
      const ids = (await store.ids()).reverse().filter((id) => after === undefined || id < after);
      const data: Job[] = [];
      let seen = 0;
      for (const id of ids) {
        if (data.length === limit) break;
        seen++;
        const found = await findReadable(id);
        if (found !== null) data.push(found);
      }
      return { object: 'list', data, has_more: seen < ids.length };
    },
  };
}

/** A run that has just been stored. */
export function newJob(id: string, spec: RunSpec): Job {
  return jobOf(id, spec, 'queued', emptySummary(spec));
}

function jobOf(id: string, spec: RunSpec, status: JobStatus, summary: RunSummary, result?: RunResult): Job {
  const { network, loss, optimizer, epochs, batch_size, seed, engine, publish } = spec;
  return {
    id,
    object: 'job',
    status,
    model: spec.model,
    version: summary.version,
    dataset: spec.dataset,
    spec: { network, loss, optimizer, epochs, batch_size, seed, engine, publish },
    progress: summary.progress,
    metrics: summary.metrics,
    engine: summary.engine,
    attempts: summary.attempts,
    resumed_from_step: summary.resumed_from_step,
    error: result?.error ?? null,
    created_at: spec.created_at,
    started_at: summary.started_at,
    finished_at: result?.finished_at ?? null,
    metadata: spec.metadata,
  };
}
