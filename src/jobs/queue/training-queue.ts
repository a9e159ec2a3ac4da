/**
 * The queue of runs to train. It delivers run ids; the run store has the run and its outcome. Runs that ask for an
 * engine which not every worker has wait in a queue for that engine, and only workers with the engine take from it.
 */
import type { Delivery, EntryQueue, EntryWorker, EntryProcessor, Place } from './entry-queue.js';

/** Where a job waits. */
export interface JobQueue {
  name: string;
  /** Jobs in it, as of a moment ago. */
  waiting: number;
  /** Connected to it, busy ones too; with none its jobs wait until there is one. null: the datastore does not tell. */
  workers: number | null;
}

export type { Place } from './entry-queue.js';

/** move: puts the run first in the queue of that engine, which must be one of `TrainingQueue.engines`. */
export type RunDelivery = Delivery | { outcome: 'move'; engine: string };
export type RunProcessor = (runId: string, signal: AbortSignal) => Promise<RunDelivery>;
export type RunWorker = Pick<EntryWorker, 'close'>;

export interface TrainingQueue {
  /** The engines that have a queue of their own. */
  readonly engines: readonly string[];
  /**
   * Enqueues the run unless it is in the queue already. `engine` is the engine that must train it. `priority` is an
   * integer from −100 to 100, 0 by default: higher goes first, and equal priorities go in order of arrival. `first`
   * puts the run before all that wait now.
   */
  add(runId: string, options?: { engine?: string; priority?: number; first?: boolean }): Promise<void>;
  /** Removes a waiting run. Returns false if a worker has it or the queue does not know it. */
  remove(runId: string): Promise<boolean>;
  placeOf(runId: string): Promise<Place>;
  /** How many runs wait. */
  count(): Promise<number>;
  /** The queue in which runs for this engine wait. */
  queueOf(engine: string): Promise<JobQueue>;
  /** Starts taking runs: those for any engine, and those for the given `engines` that have a queue of their own. */
  work(processRun: RunProcessor, options: { concurrency: number; engines?: readonly string[] }): RunWorker;
}

export interface RunEntry {
  run_id: string;
}

/** `anyEngine` holds the runs that every worker can train, `byEngine` the runs that only some workers can train. */
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
      const [{ waiting }, workers] = await Promise.all([entries.counts(), entries.workerCount()]);
      return { name: entries.bullQueue.name, waiting, workers };
    },
    work(processRun, { concurrency, engines = [] }) {
      const engineQueues = engines.flatMap((engine) => byEngine.get(engine) ?? []);
      const processEntry: EntryProcessor<RunEntry> = async ({ run_id }, signal) => {
        const delivery = await processRun(run_id, signal);
        if (delivery.outcome !== 'move') return delivery;
        await add(run_id, { engine: delivery.engine, first: true });
        return { outcome: 'done' };
      };
      return engineQueues.length === 0
        ? anyEngine.work(processEntry, { concurrency })
        : workOnSeveral([...engineQueues, anyEngine], processEntry, { concurrency });
    },
  };
}

/** In BullMQ 1 goes first, and entries without a priority go before that; runs that are put first have none. */
function bullPriority(priority: number): number {
  return 101 - priority;
}

/** One worker on several queues. `concurrency` limits its active entries over all of them. */
function workOnSeveral<Entry>(
  queues: readonly EntryQueue<Entry>[],
  processEntry: EntryProcessor<Entry>,
  { concurrency }: { concurrency: number },
): Pick<EntryWorker, 'close'> {
  let active = 0;
  const workers = queues.map((queue) => queue.work(processIfThereIsRoom, { concurrency }));

  async function processIfThereIsRoom(entry: Entry, signal: AbortSignal): Promise<Delivery> {
    // A worker that waits for an entry when it is paused still takes the next one.
    if (active === concurrency) return { outcome: 'hand_back' };
    active += 1;
    if (active === concurrency) for (const worker of workers) worker.pause();
    try {
      return await processEntry(entry, signal);
    } finally {
      active -= 1;
      for (const worker of workers) worker.resume();
    }
  }

  return {
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}
