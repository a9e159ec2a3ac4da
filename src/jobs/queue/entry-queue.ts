/**
 * A queue of small entries: BullMQ over any datastore, reduced to the operations that the service needs. The queue only
 * delivers entries. What an entry stands for, and its outcome, is stored elsewhere. An entry leaves the queue when its
 * processor is done with it, so a finished entry and an unknown one look the same here.
 */
import {
  DelayedError,
  WaitingError,
  withBackend,
  type BackendFactory,
  type IQueueBackend,
  type Job,
  type JobsOptions,
  type Queue as BullQueue,
  type Worker as BullWorker,
} from 'bullmq';
import type { Logger } from 'pino';
import { withTimeout } from '../../lib/timeout.js';
import { TrainyardError } from '../../errors.js';

/** done: removes the entry. hand_back: puts it first in line for another worker. retry: delivers it after a pause. */
export type Delivery = { outcome: 'done' } | { outcome: 'hand_back' } | { outcome: 'retry'; delayMs: number };

/** Processes one entry. The signal aborts when this process must release the entry. */
export type EntryProcessor<Entry> = (entry: Entry, signal: AbortSignal) => Promise<Delivery>;

/** Where an entry is in the queue; null: the queue does not know it. */
export type Place = 'waiting' | 'active' | null;

/** How many entries wait, and how many are being processed. */
export interface Counts {
  waiting: number;
  active: number;
}

export interface EntryWorker {
  /** Stops taking entries until `resume`, except for one that it may already be waiting for. Active entries go on. */
  pause(): void;
  resume(): void;
  /** Stops taking entries, aborts the active ones and resolves when their processors have ended. Idempotent. */
  close(): Promise<void>;
}

/** The caller chooses the ids. BullMQ refuses ids with a colon and ids that are integers. */
export interface EntryQueue<Entry> {
  /** Does nothing if the queue already has an entry with this id. `options` are BullMQ's. */
  add(id: string, entry: Entry, options: Pick<JobsOptions, 'delay' | 'lifo' | 'priority'>): Promise<void>;
  /**
   * Removes a waiting entry. Returns false if a worker has it, or takes it meanwhile, or if the queue does not know it.
   */
  remove(id: string): Promise<boolean>;
  placeOf(id: string): Promise<Place>;
  counts(): Promise<Counts>;
  /** The number of workers on this queue in all processes; null: the datastore does not say. */
  workerCount(): Promise<number | null>;
  work(processEntry: EntryProcessor<Entry>, options: { concurrency: number }): EntryWorker;
  close(): Promise<void>;
  /** For the board. */
  readonly bullQueue: BullQueue;
}

/** BullMQ's factory for a datastore, one connection for adding and one for working, and how to close it. */
export interface QueueDatastore<B extends IQueueBackend, C> {
  /** For logs: kind and location, without secrets. */
  description: string;
  factory: BackendFactory<B, C>;
  queueConnection: C;
  workerConnection: C;
  /**
   * No other process uses the datastore, so all workers are in this process. The datastore itself cannot count them.
   */
  isInProcess?: true;
  /** Runs before the first queue is opened. */
  prepare?(): Promise<void>;
  /** Runs after the last queue is closed. */
  close(): Promise<void>;
}

const prefix = 'trainyard';
const answerTimeoutMs = 5_000;

/**
 * A dead worker is noticed after the lock duration plus up to two checks. A live worker renews its locks every 1.5 to
 * 3 s, so one renewal may fail and its event loop may be busy for 3 s.
 */
const lockOptions = {
  lockDuration: 6_000,
  stalledInterval: 3_000,
  // The run store counts lost entries. A count in the queue would start again with another datastore.
  maxStalledCount: 1_000_000,
  runRetryDelay: 1_000,
};

/** @throws TrainyardError QUEUE_UNAVAILABLE when the datastore does not answer at start-up */
export async function openEntryQueue<Entry, B extends IQueueBackend, C>(
  name: string,
  datastore: QueueDatastore<B, C>,
  log: Logger,
): Promise<EntryQueue<Entry>> {
  const { Queue, Worker } = withBackend(datastore.factory);
  const queue = new Queue(name, {
    connection: datastore.queueConnection,
    prefix,
    // The outcome of an entry is stored elsewhere. Here a finished entry would only keep its id from being added again.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    // BullMQ's type for a queue means a queue on Redis; this one is on any backend.
  }) as unknown as BullQueue;
  // The caller of a failed operation reports the failure, and several queues may share the connection.
  queue.on('error', (error) => log.debug({ err: error, queue: name }, 'queue connection'));

  const close = async (): Promise<void> => {
    await queue.close().catch((error: unknown) => log.debug({ err: error, queue: name }, 'queue close'));
  };

  try {
    await answerInTime(datastore, queue.waitUntilReady());
  } catch (error) {
    void close();
    throw error;
  }

  const openWorkers = new Set<EntryWorker>();
  return {
    bullQueue: queue,
    close,
    ...entryOperations<Entry>(queue, datastore),

    async workerCount() {
      return datastore.isInProcess ? openWorkers.size : connectedWorkers(queue, datastore);
    },

    work(processEntry, { concurrency }) {
      const stop = new AbortController();
      const worker = new Worker<Entry>(
        name,
        async (job, token, lost) => {
          const signal = lost ? AbortSignal.any([stop.signal, lost]) : stop.signal;
          await deliver(job, token, await processEntry(job.data, signal));
        },
        { connection: datastore.workerConnection, prefix, concurrency, ...lockOptions },
      ) as unknown as BullWorker<Entry>;
      watchWorker(worker, queue, log);

      const entryWorker: EntryWorker = {
        pause: () => void worker.pause(true),
        resume() {
          if (!stop.signal.aborted) void worker.resume();
        },
        async close() {
          openWorkers.delete(entryWorker);
          // Closing a worker before it is ready would leave a connection to PostgreSQL open.
          await answerInTime(datastore, worker.waitUntilReady()).catch(() => undefined);
          // Close first, then abort: a closing worker does not take back the entry that it hands back.
          const closed = worker.close();
          stop.abort();
          await closed;
        },
      };
      openWorkers.add(entryWorker);
      return entryWorker;
    },
  };
}

function entryOperations<Entry>(
  queue: BullQueue,
  datastore: { description: string },
): Pick<EntryQueue<Entry>, 'add' | 'remove' | 'placeOf' | 'counts'> {
  async function placeOf(id: string): Promise<Place> {
    const state = await answerInTime(datastore, queue.getJobState(id));
    if (state === 'active') return 'active';
    return state === 'unknown' || state === 'completed' || state === 'failed' ? null : 'waiting';
  }

  return {
    placeOf,

    async add(id, entry, options) {
      await answerInTime(datastore, queue.add(queue.name, entry, { ...options, jobId: id }));
    },

    async remove(id) {
      // The place is read first because Redis reports that it removed an entry even if it does not know it.
      return (await placeOf(id)) === 'waiting' && (await answerInTime(datastore, queue.remove(id))) === 1;
    },

    async counts() {
      const { active = 0, ...waiting } = await answerInTime(
        datastore,
        queue.getJobCounts('active', 'waiting', 'prioritized', 'delayed'),
      );
      return { waiting: Object.values(waiting).reduce((sum, count) => sum + count, 0), active };
    },
  };
}

/** null: the datastore does not say. */
async function connectedWorkers(
  queue: BullQueue,
  datastore: { description: string },
): Promise<number | null> {
  try {
    const workers = await answerInTime(datastore, queue.getWorkers());
    // Without a list of clients in Redis, BullMQ answers with a placeholder that has no client in it.
    return workers.every(({ rawname }) => rawname !== undefined) ? workers.length : null;
  } catch {
    // The user of the connection may lack the right to see the list.
    return null;
  }
}

/** Logs the worker's errors, stops work on an entry whose lock is lost, and moves lost entries to the front. */
function watchWorker(worker: BullWorker, queue: BullQueue, log: Logger): void {
  let quietUntilMs = 0;
  worker.on('error', (error) => {
    // A worker may fail many times a second while PostgreSQL starts or stops.
    const level = performance.now() < quietUntilMs ? 'debug' : 'warn';
    log[level]({ err: error, queue: queue.name }, 'queue worker');
    if (level === 'warn') quietUntilMs = performance.now() + 1_000;
  });
  worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id, 'lock lost')));
  worker.on('stalled', (id) => void putFirst(queue, id, log));
}

/** Redis has put a lost entry first already; PostgreSQL has put it behind its equals. */
async function putFirst(queue: BullQueue, id: string, log: Logger): Promise<void> {
  try {
    await (await queue.getJob(id))?.changePriority({ lifo: true });
  } catch (error) {
    log.debug({ err: error, queue: queue.name, id }, 'a lost entry keeps its place');
  }
}

async function deliver(job: Job, token: string | undefined, delivery: Delivery): Promise<void> {
  switch (delivery.outcome) {
    case 'done':
      return;
    case 'hand_back':
      await job.moveToWait(token);
      // moveToWait puts the entry first among entries of its priority, at best.
      await job.changePriority({ lifo: true });
      throw new WaitingError();
    case 'retry':
      await job.moveToDelayed(Date.now() + delivery.delayMs, token);
      throw new DelayedError();
  }
}

/** @throws TrainyardError QUEUE_UNAVAILABLE when the answer fails or takes too long */
export async function answerInTime<T>(datastore: { description: string }, answer: Promise<T>): Promise<T> {
  try {
    return await withTimeout(answerTimeoutMs, answer);
  } catch (error) {
    throw new TrainyardError('QUEUE_UNAVAILABLE', `The queue does not answer: ${datastore.description}`, {
      cause: error,
    });
  }
}
