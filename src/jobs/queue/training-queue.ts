/**
 * The queue of runs to train: BullMQ over whichever datastore, behind the few verbs that the rest needs. It delivers run
 * ids and nothing else; what a run is, and how it ended, stands in the run store. An entry leaves the queue when its
 * processor is done with it, so that a finished run and an unknown one look alike here.
 */
import {
  DelayedError,
  WaitingError,
  withBackend,
  type BackendFactory,
  type IQueueBackend,
  type Job,
} from 'bullmq';
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';

/** done: the entry is removed. hand_back: first in line for another worker. retry: again after a pause. */
export type Delivery = { outcome: 'done' } | { outcome: 'hand_back' } | { outcome: 'retry'; delayMs: number };

/** Called with a run id; the signal says that this process must let go of the run. */
export type RunProcessor = (runId: string, signal: AbortSignal) => Promise<Delivery>;

/** Where the queue has a run; null: it does not know it. */
export type Place = 'waiting' | 'active' | null;

export interface TrainingQueue {
  /** For logs: the kind and the place, without secrets. */
  readonly description: string;
  /** Enqueues the run unless it is in the queue already. */
  add(runId: string): Promise<void>;
  placeOf(runId: string): Promise<Place>;
  /** Rejects when the datastore does not answer in time. */
  ping(): Promise<void>;
  /** Starts taking runs. */
  work(processRun: RunProcessor, options: { concurrency: number }): RunWorker;
  close(): Promise<void>;
}

export interface RunWorker {
  /** Takes no more runs, aborts those under way and resolves when their processors have ended. Idempotent. */
  close(): Promise<void>;
}

/** What a datastore brings: BullMQ's factory, a connection each for adding and for working, and what to close last. */
export interface QueueDatastore<B extends IQueueBackend, C> {
  description: string;
  factory: BackendFactory<B, C>;
  queueConnection: C;
  workerConnection: C;
  close(): Promise<void>;
}

const queueName = 'training';
const prefix = 'trainyard';
const answerWithinMs = 5_000;

/** @throws TrainyardError QUEUE_UNAVAILABLE when the datastore does not answer at start-up */
export async function openTrainingQueue<B extends IQueueBackend, C>(
  datastore: QueueDatastore<B, C>,
  log: Logger,
): Promise<TrainingQueue> {
  const { Queue, Worker } = withBackend(datastore.factory);
  const queue = new Queue<RunEntry, void, 'train'>(queueName, {
    connection: datastore.queueConnection,
    prefix,
    // The run store holds what became of a run; here it would only keep the run's id from being added again.
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  queue.on('error', (error) => log.warn({ err: error }, 'queue connection'));

  const answered = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await within(answer, answerWithinMs);
    } catch (error) {
      throw new TrainyardError('QUEUE_UNAVAILABLE', `The queue does not answer: ${datastore.description}`, {
        cause: error,
      });
    }
  };

  const close = async (): Promise<void> => {
    await queue.close().catch((error: unknown) => log.debug({ err: error }, 'queue close'));
    await datastore.close();
  };

  try {
    await answered(queue.waitUntilReady());
  } catch (error) {
    void close();
    throw error;
  }

  return {
    description: datastore.description,
    close,

    async add(runId) {
      await answered(queue.add('train', { run_id: runId }, { jobId: runId }));
    },

    async placeOf(runId) {
      const state = await answered(queue.getJobState(runId));
      if (state === 'active') return 'active';
      return state === 'unknown' || state === 'completed' || state === 'failed' ? null : 'waiting';
    },

    async ping() {
      await answered(queue.getJobCountByTypes('active'));
    },

    work(processRun, { concurrency }) {
      const stop = new AbortController();
      const worker = new Worker<RunEntry, void, 'train'>(
        queueName,
        async (job, token, lost) => {
          const signal = lost ? AbortSignal.any([stop.signal, lost]) : stop.signal;
          await deliver(job, token, await processRun(job.data.run_id, signal));
        },
        {
          connection: datastore.workerConnection,
          prefix,
          concurrency,
          // A worker that dies is noticed after the lock, plus up to two checks.
          lockDuration: 10_000,
          stalledInterval: 5_000,
          // How often a run may be lost is the run store's to count, across queues and restarts.
          maxStalledCount: 1_000_000,
          runRetryDelay: 1_000,
        },
      );
      worker.on('error', (error) => log.warn({ err: error }, 'queue worker'));
      worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id, 'lock lost')));

      return {
        async close() {
          // In this order: a closing worker does not take back the very run that it hands back.
          const closed = worker.close();
          stop.abort();
          await closed;
        },
      };
    },
  };
}

interface RunEntry {
  run_id: string;
}

async function deliver(job: Job<RunEntry>, token: string | undefined, delivery: Delivery): Promise<void> {
  switch (delivery.outcome) {
    case 'done':
      return;
    case 'hand_back':
      await job.moveToWait(token);
      // On PostgreSQL that was the end of the line.
      await job.changePriority({ lifo: true });
      throw new WaitingError();
    case 'retry':
      await job.moveToDelayed(Date.now() + delivery.delayMs, token);
      throw new DelayedError();
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
