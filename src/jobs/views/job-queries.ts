/** Jobs as the API shows them, derived from the run store. */
import { listCheckpoints } from '../../model/files/checkpoint.js';
import type { Storage } from '../../storage/storage.js';
import type {
  CheckpointList,
  EventList,
  Job,
  JobList,
  MetricsList,
  OutcomesList,
  ProgressPoint,
} from './job.js';
import type { EpochMetrics, RunEvent } from '../runs/run-events.js';
import type { JobFilter } from '../runs/run-index.js';
import { epochsOfMember, memberAt, membersOf } from '../runs/ensemble.js';
import type { RunIndex } from '../runs/run-index.js';
import type { EpochOutcomes } from '../runs/outcomes.js';
import { logStart } from '../runs/run-log.js';
import type { RunReader, RunState } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import { jobNotFound, type RunToJob } from './run-to-job.js';
import { withoutOutcomes } from './shown-event.js';
import { lossOf, thinCurve, thinEvenly } from './thin-curve.js';

export interface JobQueries {
  /** @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT */
  get(id: string): Promise<Job>;
  /** Newest first. `after` is the id of the last job on the page before. Damaged runs are left out. */
  list(page: { after?: string | undefined; limit: number; filter?: JobFilter }): Promise<JobList>;
  /**
   * In order. `after` is the seq of the last event on the page before, or 0 for the first page. `milestones`: without those that
   * each epoch brings.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  events(id: string, page: { after: number; limit: number; milestones?: boolean }): Promise<EventList>;
  /**
   * The metrics of the finished epochs, thinned to at most `maxPoints`; and if wanted how the loss went within the epochs,
   * thinned to as many.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  metrics(id: string, options: { maxPoints: number; withProgress?: boolean }): Promise<MetricsList>;
  /**
   * The outcomes of the epochs that are recorded, of events after the seq `after`, evenly thinned to at most `maxPoints`.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  outcomes(id: string, options: { after: number; maxPoints: number }): Promise<OutcomesList>;
  /**
   * The checkpoints that are kept, newest first.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT
   */
  checkpoints(id: string): Promise<CheckpointList>;
}

/** Of which there are many. */
const courseTypes: ReadonlySet<RunEvent['type']> = new Set(['progress', 'metrics', 'outcomes', 'checkpoint']);

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

    async events(id, { after, limit, milestones = false }) {
      const isWanted = ({ seq, type }: RunEvent): boolean =>
        seq > after && !(milestones && courseTypes.has(type));
      const events = (await eventsOf(id)).filter(isWanted);
      const data = events.slice(0, limit).map(withoutOutcomes);
      return { object: 'list', data, has_more: events.length > limit };
    },

    async metrics(id, { maxPoints, withProgress = false }) {
      const events = await eventsOf(id);
      const curve = events.flatMap((event) => (event.type === 'metrics' ? [event.metrics] : []));
      const data = thinCurve(curve, maxPoints, lossOf);
      const list = { object: 'list' as const, data, epochs_done: curve.length };
      const last_seq = events.at(-1)?.seq ?? 0;
      if (!withProgress) return { ...list, last_seq };
      const progress = events.flatMap((event) => (event.type === 'progress' ? [progressPoint(event)] : []));
      const lossOfPoint = ({ train_loss }: ProgressPoint): number => train_loss ?? NaN;
      return { ...list, last_seq, progress: thinCurve(progress, maxPoints, lossOfPoint) };
    },

    async outcomes(id, { after, maxPoints }) {
      const recorded = (await eventsOf(id)).flatMap((event): EpochOutcomes[] => {
        if (event.type !== 'outcomes' || event.outcomes === undefined || event.seq <= after) return [];
        const { member, epoch, outcomes } = event;
        return [{ ...(member !== undefined && { member }), epoch, ...outcomes }];
      });
      return { object: 'list', data: thinEvenly(recorded, maxPoints), recorded: recorded.length };
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

function progressPoint({
  time,
  progress: { member, epoch, step, train_loss, samples_per_second },
}: Extract<RunEvent, { type: 'progress' }>): ProgressPoint {
  return { time, ...(member !== undefined && { member }), epoch, step, train_loss, samples_per_second };
}
