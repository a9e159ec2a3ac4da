/**
 * The queue of runs to train. It delivers run ids; what a run is, and how it ended, stands in the run store. Runs that name
 * an engine which not every worker has wait in a queue of their own, where only those workers take them that have it.
 */
import type { JobQueue } from '../runs/documents.js';
import type { Delivery, EntryQueue, EntryWorker, EntryProcessor, Place } from './entry-queue.js';
import { workOnSeveral } from './work-on-several.js';

export type { Place } from './entry-queue.js';

/** move: to the head of the queue of that engine, which must be one of `engines`. */
export type RunDelivery = Delivery | { outcome: 'move'; engine: string };
export type RunProcessor = (runId: string, signal: AbortSignal) => Promise<RunDelivery>;
export type RunWorker = Pick<EntryWorker, 'close'>;

export interface TrainingQueue {
  /** Those whose runs have a queue of their own. */
  readonly engines: readonly string[];
  /**
   * Enqueues the run unless it is in the queue already. `engine` is the one that trains it. `priority` is an integer from
   * −100 to 100, 0 if left out: the highest goes first, and equals in the order in which they came. `first` is before all
   * that wait now.
   */
  add(runId: string, options?: { engine?: string; priority?: number; first?: boolean }): Promise<void>;
  /** Takes out a run that waits; false: a worker has it, or the queue does not know it. */
  remove(runId: string): Promise<boolean>;
  placeOf(runId: string): Promise<Place>;
  /** How many runs wait. */
  count(): Promise<number>;
  /** Where runs wait that this engine trains. */
  queueOf(engine: string): Promise<JobQueue>;
  /** Starts taking runs, those too that ask for one of `engines`, where they have a queue of their own. */
  work(processRun: RunProcessor, options: { concurrency: number; engines?: readonly string[] }): RunWorker;
}

export interface RunEntry {
  run_id: string;
}

/** `anyEngine` has the runs that every worker can train, `byEngine` those that only some can. */
export function createTrainingQueue(
  anyEngine: EntryQueue<RunEntry>,
  byEngine: ReadonlyMap<string, EntryQueue<RunEntry>>,
): TrainingQueue {
  const all = [anyEngine, ...byEngine.values()];
  const entriesFor = (engine: string): EntryQueue<RunEntry> => byEngine.get(engine) ?? anyEngine;
  const add: TrainingQueue['add'] = (runId, { engine = 'auto', priority = 0, first = false } = {}) =>
    entriesFor(engine).add(
      runId,
      { run_id: runId },
      first ? { lifo: true } : { priority: bullPriority(priority) },
    );

  return {
    engines: [...byEngine.keys()],
    add,
    async remove(runId) {
      const removed = await Promise.all(all.map((entries) => entries.remove(runId)));
      return removed.includes(true);
    },
    async placeOf(runId) {
      const places = await Promise.all(all.map((entries) => entries.placeOf(runId)));
      return places.find((place) => place !== null) ?? null;
    },
    async count() {
      const counts = await Promise.all(all.map((entries) => entries.counts()));
      return counts.reduce((sum, { waiting }) => sum + waiting, 0);
    },
    async queueOf(engine) {
      const entries = entriesFor(engine);
      const [{ waiting }, workers] = await Promise.all([entries.counts(), entries.workers()]);
      return { name: entries.bull.name, waiting, workers };
    },
    work(processRun, { concurrency, engines = [] }) {
      const own = engines.flatMap((engine) => byEngine.get(engine) ?? []);
      const processEntry: EntryProcessor<RunEntry> = async ({ run_id }, signal) => {
        const delivery = await processRun(run_id, signal);
        if (delivery.outcome !== 'move') return delivery;
        await add(run_id, { engine: delivery.engine, first: true });
        return { outcome: 'done' };
      };
      return own.length === 0
        ? anyEngine.work(processEntry, { concurrency })
        : workOnSeveral([...own, anyEngine], processEntry, { concurrency });
    },
  };
}

/** BullMQ's begin with 1, which goes first; before them goes what has none, as runs put first have none. */
function bullPriority(priority: number): number {
  return 101 - priority;
}
