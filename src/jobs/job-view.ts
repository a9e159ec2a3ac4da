/** Jobs as the API shows them, derived from the run store. */
import type { Logger } from 'pino';
import { TrainyardError } from '../errors.js';
import { listCheckpoints } from '../model/checkpoint.js';
import type { Storage } from '../storage/storage.js';
import type {
  CheckpointList,
  EpochMetrics,
  EventList,
  Job,
  JobFilter,
  JobList,
  MetricsList,
  RunEvent,
} from './contracts.js';
import { logStart } from './run-log.js';
import type { RunReader, RunState } from './run-state.js';
import type { RunStore } from './run-store.js';
import { notFound, type ShowJob } from './show-job.js';

export interface JobView {
  /** @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT */
  get(id: string): Promise<Job>;
  /** Newest first; `after` is the id of the last job of the page before. A run that cannot be read is left out. */
  list(page: { after?: string | undefined; limit: number; filter?: JobFilter }): Promise<JobList>;
  /**
   * In order; `after` is the seq of the last event of the page before, 0 for the first page.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  events(id: string, page: { after: number; limit: number }): Promise<EventList>;
  /**
   * The epochs done, the first and the last among them, evenly thinned to at most `maxPoints`.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  metrics(id: string, options: { maxPoints: number }): Promise<MetricsList>;
  /**
   * Those that are kept, the newest first.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  checkpoints(id: string): Promise<CheckpointList>;
}

/** Ended runs whose jobs are remembered for listings. */
const rememberedAtMost = 10_000;

export function createJobView(options: {
  storage: Storage;
  store: Pick<RunStore, 'readEvents' | 'ids' | 'checkpointsOf'>;
  runs: RunReader;
  show: ShowJob;
  log: Pick<Logger, 'warn'>;
}): JobView {
  const { storage, store, runs, show, log } = options;
  /** Jobs that have ended and so stay as they are, oldest look first. */
  const ended = new Map<string, Job>();

  async function stateOf(id: string): Promise<RunState> {
    return (await runs.read(id)) ?? notFound(id);
  }

  async function eventsOf(id: string): Promise<RunEvent[]> {
    const { events } = await store.readEvents(id, logStart);
    // That it was queued is the first event of every job.
    return events.length > 0 ? events : notFound(id);
  }

  /** Of a run that is listed; null when it cannot be read, or has been removed since. */
  async function listed(id: string): Promise<Job | null> {
    const known = ended.get(id);
    if (known !== undefined) return known;
    try {
      const state = await runs.read(id);
      if (state === null) return null;
      const job = await show(state);
      if (state.result !== null) remember(job);
      return job;
    } catch (err) {
      if (!(err instanceof TrainyardError && err.code === 'RUN_CORRUPT')) throw err;
      log.warn({ err, job: id }, 'a job cannot be read and is left out of the list');
      return null;
    }
  }

  function remember(job: Job): void {
    if (ended.size >= rememberedAtMost) {
      for (const [oldest] of ended) {
        ended.delete(oldest);
        break;
      }
    }
    ended.set(job.id, job);
  }

  return {
    async get(id) {
      return show(await stateOf(id));
    },

    async list({ after, limit, filter = {} }) {
      const ids = (await store.ids()).reverse().filter((id) => after === undefined || id < after);
      const data: Job[] = [];
      for (const id of ids) {
        const job = await listed(id);
        if (job === null || !fits(job, filter)) continue;
        if (data.length === limit) return { object: 'list', data, has_more: true };
        data.push(job);
      }
      return { object: 'list', data, has_more: false };
    },

    async events(id, { after, limit }) {
      const events = (await eventsOf(id)).filter(({ seq }) => seq > after);
      return { object: 'list', data: events.slice(0, limit), has_more: events.length > limit };
    },

    async metrics(id, { maxPoints }) {
      const curve = (await eventsOf(id)).flatMap((event) =>
        event.type === 'metrics' ? [event.metrics] : [],
      );
      return { object: 'list', data: thinned(curve, maxPoints), epochs_done: curve.length };
    },

    async checkpoints(id) {
      await stateOf(id);
      const manifests = await listCheckpoints(storage, store.checkpointsOf(id));
      const data = manifests.map(({ step, metrics, files, created_at }) => ({
        object: 'checkpoint' as const,
        step,
        epoch: metrics.length,
        size_bytes: files.reduce((sum, { size_bytes: bytes }) => sum + bytes, 0),
        created_at,
      }));
      return { object: 'list', data, has_more: false };
    },
  };
}

function fits(job: Job, { status, model, dataset, metadata = {} }: JobFilter): boolean {
  return (
    (status === undefined || job.status === status) &&
    (model === undefined || job.model === model) &&
    (dataset === undefined || job.dataset === dataset) &&
    Object.entries(metadata).every(([key, value]) => job.metadata[key] === value)
  );
}

/** At most `maxPoints` of them, evenly apart, the first and the last among them. */
function thinned(curve: EpochMetrics[], maxPoints: number): EpochMetrics[] {
  if (curve.length <= maxPoints) return curve;
  const stride = (curve.length - 1) / (maxPoints - 1);
  const kept = new Set(Array.from({ length: maxPoints }, (_, i) => Math.round(i * stride)));
  return curve.filter((_, i) => kept.has(i));
}
