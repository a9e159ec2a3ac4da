/** Jobs as the API shows them, derived from the run store. */
import { listCheckpoints } from '../../model/files/checkpoint.js';
import type { Storage } from '../../storage/storage.js';
import type {
  CheckpointList,
  EpochMetrics,
  EventList,
  Job,
  JobFilter,
  JobList,
  MetricsList,
  RunEvent,
} from '../runs/documents.js';
import { epochsOfMember, memberAt, membersOf } from '../runs/ensemble.js';
import type { RunIndex } from '../runs/run-index.js';
import { logStart } from '../runs/run-log.js';
import type { RunReader, RunState } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import { jobNotFound, type RunToJob } from './run-to-job.js';

export interface JobQueries {
  /** @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT */
  get(id: string): Promise<Job>;
  /** Newest first. `after` is the id of the last job on the page before. Damaged runs are left out. */
  list(page: { after?: string | undefined; limit: number; filter?: JobFilter }): Promise<JobList>;
  /**
   * In order. `after` is the seq of the last event on the page before, or 0 for the first page.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  events(id: string, page: { after: number; limit: number }): Promise<EventList>;
  /**
   * The metrics of the finished epochs, evenly thinned to at most `maxPoints`. The first and the last are always there.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  metrics(id: string, options: { maxPoints: number }): Promise<MetricsList>;
  /**
   * The checkpoints that are kept, newest first.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  checkpoints(id: string): Promise<CheckpointList>;
}

export function createJobQueries(options: {
  storage: Storage;
  store: Pick<RunStore, 'readEvents' | 'checkpointsOf'>;
  runs: RunReader;
  index: Pick<RunIndex, 'page'>;
  runToJob: RunToJob;
}): JobQueries {
  const { storage, store, runs, index, runToJob } = options;

  async function stateOf(id: string): Promise<RunState> {
    return (await runs.read(id)) ?? jobNotFound(id);
  }

  async function eventsOf(id: string): Promise<RunEvent[]> {
    const { events } = await store.readEvents(id, logStart);
    // The first event of every job says that it was queued.
    return events.length > 0 ? events : jobNotFound(id);
  }

  return {
    async get(id) {
      return runToJob(await stateOf(id));
    },

    async list({ after, limit, filter = {} }) {
      const { runs: found, hasMore } = await index.page({ after, limit, filter });
      return { object: 'list', data: await Promise.all(found.map(runToJob)), has_more: hasMore };
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
      const { spec } = await stateOf(id);
      const manifests = await listCheckpoints(storage, store.checkpointsOf(id));
      const data = manifests.map(({ step, metrics, files, created_at }) => {
        const member = memberAt(spec, step);
        return {
          object: 'checkpoint' as const,
          step,
          ...(membersOf(spec) > 1 && { member }),
          epoch: epochsOfMember(metrics as EpochMetrics[], member).length,
          size_bytes: files.reduce((sum, { size_bytes: bytes }) => sum + bytes, 0),
          created_at,
        };
      });
      return { object: 'list', data, has_more: false };
    },
  };
}

/** At most `maxPoints` points, evenly spaced, with the first and the last. */
function thinned(curve: EpochMetrics[], maxPoints: number): EpochMetrics[] {
  if (curve.length <= maxPoints) return curve;
  const stride = (curve.length - 1) / (maxPoints - 1);
  const kept = new Set(Array.from({ length: maxPoints }, (_, i) => Math.round(i * stride)));
  return curve.filter((_, i) => kept.has(i));
}
