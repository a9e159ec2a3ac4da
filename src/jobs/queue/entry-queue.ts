/**
 * A queue of small entries: BullMQ over whichever datastore, behind the few verbs that the rest needs. It only delivers;
 * what an entry stands for, and how that ended, is kept elsewhere. An entry leaves the queue when its processor is done
 * with it, so that a finished one and an unknown one look alike here.
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
} from 'bullmq';
import type { Logger } from 'pino';
import { withTimeout } from '../../lib/timeout.js';
import { TrainyardError } from '../../errors.js';

/** done: the entry is removed. hand_back: first in line for another worker. retry: again after a pause. */
export type Delivery = { outcome: 'done' } | { outcome: 'hand_back' } | { outcome: 'retry'; delayMs: number };

/** Called with an entry; the signal says that this process must let go of it. */
export type EntryProcessor<Entry> = (entry: Entry, signal: AbortSignal) => Promise<Delivery>;

/** Where the queue has an entry; null: it does not know it. */
export type Place = 'waiting' | 'active' | null;

/** How many entries wait, and how many workers have in hand. */
export interface Counts {
  waiting: number;
  active: number;
}

export interface EntryWorker {
  /** Takes no more entries until it is resumed, save one that it is waiting for; those under way go on. */
  pause(): void;
  resume(): void;
  /** Takes no more entries, aborts those under way and resolves when their processors have ended. Idempotent. */
  close(): Promise<void>;
}

/** The ids are the caller's. BullMQ refuses those with a colon and those that are integers. */
export interface EntryQueue<Entry> {
  /** Unless the queue has an entry of this id already. `options` are in BullMQ's terms. */
  add(id: string, entry: Entry, options: Pick<JobsOptions, 'delay' | 'lifo' | 'priority'>): Promise<void>;
  /** Takes out an entry that waits; false: a worker has it, or the queue does not know it. A worker may take it meanwhile. */
  remove(id: string): Promise<boolean>;
  placeOf(id: string): Promise<Place>;
  counts(): Promise<Counts>;
  /** How many workers there are that take its entries, in all processes; null where the datastore does not tell. */
  workers(): Promise<number | null>;
  work(processEntry: EntryProcessor<Entry>, options: { concurrency: number }): EntryWorker;
  close(): Promise<void>;
  /** For the board. */
  readonly bull: BullQueue;
}

/** What a datastore brings: BullMQ's factory, a connection each for adding and for working, and what to close last. */
export interface QueueDatastore<B extends IQueueBackend, C> {
  /** For logs: the kind and the place, without secrets. */
  description: string;
  factory: BackendFactory<B, C>;
  queueConnection: C;
  workerConnection: C;
  /** Nobody else is on it, and it cannot tell who works. */
  isOurs?: true;
  /** Before the first queue is opened. */
  prepare?(): Promise<void>;
  close(): Promise<void>;
}

const prefix = 'trainyard';
const answerWithinMs = 5_000;

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
    // What became of an entry is kept elsewhere; here it would only keep its id from being added again.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  // Whoever asks is told, and says so; several queues may share the connection.
  queue.on('error', (error) => log.debug({ err: error, queue: name }, 'queue connection'));
  const answered = <T>(answer: Promise<T>): Promise<T> => answerOf(datastore, answer);

  const close = async (): Promise<void> => {
    await queue.close().catch((error: unknown) => log.debug({ err: error, queue: name }, 'queue close'));
  };

  try {
    await answered(queue.waitUntilReady());
  } catch (error) {
    void close();
    throw error;
  }

  /** Redis has put a lost entry first already; PostgreSQL has put it behind its equals. */
  async function putFirst(id: string): Promise<void> {
    try {
      await (await queue.getJob(id))?.changePriority({ lifo: true });
    } catch (error) {
      log.debug({ err: error, queue: name, id }, 'a lost entry keeps its place');
    }
  }

  async function placeOf(id: string): Promise<Place> {
    const state = await answered(queue.getJobState(id));
    if (state === 'active') return 'active';
    return state === 'unknown' || state === 'completed' || state === 'failed' ? null : 'waiting';
  }

  /** The workers of this process that have not been closed. */
  const open = new Set<AbortController>();

  return {
    // A Queue of any backend, where BullMQ's type has the one of Redis by default.
    bull: queue as unknown as BullQueue,
    close,
    placeOf,

    async add(id, entry, options) {
      await answered(queue.add(name, entry, { ...options, jobId: id }));
    },

    async remove(id) {
      // Asked first, as Redis says of an unknown entry that it was removed.
      return (await placeOf(id)) === 'waiting' && (await answered(queue.remove(id))) === 1;
    },

    async counts() {
      const { active = 0, ...waiting } = await answered(
        queue.getJobCounts('active', 'waiting', 'prioritized', 'delayed'),
      );
      return { waiting: Object.values(waiting).reduce((sum, count) => sum + count, 0), active };
    },

    async workers() {
      if (datastore.isOurs) return open.size;
      try {
        const workers = await answered(queue.getWorkers());
        // Where Redis has no such list BullMQ answers with one of its own, which has no client in it.
        return workers.every(({ rawname }) => rawname !== undefined) ? workers.length : null;
      } catch {
        // It may be a list that not everyone is shown.
        return null;
      }
    },

    work(processEntry, { concurrency }) {
      const stop = new AbortController();
      open.add(stop);
      const worker = new Worker<Entry>(
        name,
        async (job, token, lost) => {
          const signal = lost ? AbortSignal.any([stop.signal, lost]) : stop.signal;
          await deliver(job, token, await processEntry(job.data, signal));
        },
        {
          connection: datastore.workerConnection,
          prefix,
          concurrency,
          // A worker that dies is noticed after the lock, plus up to two checks. One that lives renews its locks every
          // 1.5 to 3 s, so that one renewal may fail and an event loop may be busy for 3 s.
          lockDuration: 6_000,
          stalledInterval: 3_000,
          // How often an entry may be lost is not the queue's to count: it would begin anew with another datastore.
          maxStalledCount: 1_000_000,
          runRetryDelay: 1_000,
        },
      );
      let quietUntil = 0;
      worker.on('error', (error) => {
        // A worker may fail many times a second while PostgreSQL starts or stops.
        const level = performance.now() < quietUntil ? 'debug' : 'warn';
        log[level]({ err: error, queue: name }, 'queue worker');
        if (level === 'warn') quietUntil = performance.now() + 1_000;
      });
      worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id, 'lock lost')));
      worker.on('stalled', (id) => void putFirst(id));

      return {
        pause: () => void worker.pause(true),
        resume() {
          if (!stop.signal.aborted) void worker.resume();
        },
        async close() {
          open.delete(stop);
          // One that is closed before it is ready leaves a connection to PostgreSQL open.
          await answered(worker.waitUntilReady()).catch(() => undefined);
          // In this order: a closing worker does not take back the very entry that it hands back.
          const closed = worker.close();
          stop.abort();
          await closed;
        },
      };
    },
  };
}

async function deliver(job: Job, token: string | undefined, delivery: Delivery): Promise<void> {
  switch (delivery.outcome) {
    case 'done':
      return;
    case 'hand_back':
      await job.moveToWait(token);
      // That was first among equals at best.
      await job.changePriority({ lifo: true });
      throw new WaitingError();
    case 'retry':
      await job.moveToDelayed(Date.now() + delivery.delayMs, token);
      throw new DelayedError();
  }
}

/** @throws TrainyardError QUEUE_UNAVAILABLE when the datastore does not answer in time, or not as it should */
export async function answerOf<T>(datastore: { description: string }, answer: Promise<T>): Promise<T> {
  try {
    return await withTimeout(answerWithinMs, answer);
  } catch (error) {
    throw new TrainyardError('QUEUE_UNAVAILABLE', `The queue does not answer: ${datastore.description}`, {
      cause: error,
    });
  }
}
