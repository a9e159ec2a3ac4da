/** The queue of runs to train. It delivers run ids; what a run is, and how it ended, stands in the run store. */
import type { EntryQueue, EntryWorker, EntryProcessor, Place } from './entry-queue.js';

export type { Delivery, Place } from './entry-queue.js';

export type RunProcessor = EntryProcessor<string>;
export type RunWorker = EntryWorker;

export interface TrainingQueue {
  /**
   * Enqueues the run unless it is in the queue already. `priority` is an integer from −100 to 100, 0 if left out: the
   * highest goes first, and equals in the order in which they came. `first` is before all that wait now.
   */
  add(runId: string, options?: { priority?: number; first?: boolean }): Promise<void>;
  /** Takes out a run that waits; false: a worker has it, or the queue does not know it. */
  remove(runId: string): Promise<boolean>;
  placeOf(runId: string): Promise<Place>;
  /** How many runs wait. */
  count(): Promise<number>;
  /** Starts taking runs. */
  work(processRun: RunProcessor, options: { concurrency: number }): RunWorker;
}

export interface RunEntry {
  run_id: string;
}

export function createTrainingQueue(entries: EntryQueue<RunEntry>): TrainingQueue {
  return {
    add: (runId, { priority = 0, first = false } = {}) =>
      entries.add(runId, { run_id: runId }, first ? { lifo: true } : { priority: bullPriority(priority) }),
    remove: (runId) => entries.remove(runId),
    placeOf: (runId) => entries.placeOf(runId),
    count: async () => (await entries.counts()).waiting,
    work: (processRun, options) => entries.work(({ run_id }, signal) => processRun(run_id, signal), options),
  };
}

/** BullMQ's begin with 1, which goes first; before them goes what has none, as runs put first have none. */
function bullPriority(priority: number): number {
  return 101 - priority;
}
