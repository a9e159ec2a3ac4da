/** The queues of the service, all on one datastore. */
import type { IServerAdapter } from '@bull-board/api/typings/app';
import type { IQueueBackend, Queue as BullQueue } from 'bullmq';
import type { Logger } from 'pino';
import {
  answerInTime,
  openEntryQueue,
  type Counts,
  type EntryProcessor,
  type EntryQueue,
  type EntryWorker,
  type Place,
  type QueueDatastore,
} from './entry-queue.js';
import { createTrainingQueue, type RunEntry, type TrainingQueue } from './training-queue.js';

export type BoardPage = IServerAdapter;

export interface Queues {
  /** For logs: kind and location, without secrets. */
  readonly description: string;
  readonly training: TrainingQueue;
  readonly webhooks: WebhookQueue;
  /** Uploads to be taken in. */
  readonly datasets: IdQueue;
  /** Batch predictions. */
  readonly batches: IdQueue;
  /** On Redis: a client for counters that all processes share. It fails fast when Redis is down. */
  readonly sharedClient?: object;
  /** Rejects when the datastore does not answer in time. */
  ping(): Promise<void>;
  /** The counts of each queue. */
  counts(): Promise<({ queue: string; workers: number | null } & Counts)[]>;
  /** Shows the queues on a page of Bull Board. */
  showOn(page: BoardPage): Promise<void>;
  /** Call it after the workers are closed. */
  close(): Promise<void>;
}

/** The queue of webhooks to send. An entry names an event of a run; the run store has the content and the URL. */
export interface WebhookQueue {
  /** Enqueues the event, to be sent after the delay. Does nothing if the event is in the queue already. */
  add(entry: WebhookEntry, options?: { delayMs?: number }): Promise<void>;
  /** Starts taking events. */
  work(processEntry: EntryProcessor<WebhookEntry>, options: { concurrency: number }): EntryWorker;
}

export interface WebhookEntry {
  run_id: string;
  /** The number of the event within the run. */
  seq: number;
}

/** A queue of ids. What an id stands for, and what becomes of it, is stored elsewhere. */
export interface IdQueue {
  /** Does nothing if the id is in the queue already. */
  add(id: string): Promise<void>;
  placeOf(id: string): Promise<Place>;
  /** Starts taking ids. */
  work(processId: EntryProcessor<string>, options: { concurrency: number }): EntryWorker;
}

/**
 * @param options.engines engines that not every worker has; jobs that ask for one of them get a queue of their own
 * @throws TrainyardError QUEUE_UNAVAILABLE when the datastore does not answer; the datastore is then closed
 */
export async function openQueuesOn<B extends IQueueBackend, C>(
  datastore: QueueDatastore<B, C>,
  { engines, log }: { engines: readonly string[]; log: Logger },
): Promise<Queues> {
  const opened: Pick<EntryQueue<unknown>, 'bullQueue' | 'counts' | 'workerCount' | 'close'>[] = [];
  const open = async <Entry>(name: string): Promise<EntryQueue<Entry>> => {
    const queue = await openEntryQueue<Entry, B, C>(name, datastore, log);
    opened.push(queue);
    return queue;
  };
  const close = async (): Promise<void> => {
    for (const queue of opened) await queue.close();
    await datastore.close();
  };

  try {
    if (datastore.prepare) await answerInTime(datastore, datastore.prepare());
    const training = await open<RunEntry>('training');
    const byEngine = new Map<string, EntryQueue<RunEntry>>();
    for (const engine of engines) {
      byEngine.set(engine, await open<RunEntry>(`training-${engine}`));
    }
    const webhooks = await open<WebhookEntry>('webhooks');
    const datasets = await open<IdEntry>('datasets');
    const batches = await open<IdEntry>('batches');
    return {
      description: datastore.description,
      training: createTrainingQueue(training, byEngine),
      webhooks: createWebhookQueue(webhooks),
      datasets: createIdQueue(datasets),
      batches: createIdQueue(batches),
      async ping() {
        await training.counts();
      },
      counts() {
        return Promise.all(
          opened.map(async (queue) => {
            const [counts, workers] = await Promise.all([queue.counts(), queue.workerCount()]);
            return { queue: queue.bullQueue.name, ...counts, workers };
          }),
        );
      },
      showOn: (page) =>
        showOnBoard(
          opened.map(({ bullQueue }) => bullQueue),
          page,
        ),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function createWebhookQueue(entries: EntryQueue<WebhookEntry>): WebhookQueue {
  return {
    add: (entry, { delayMs = 0 } = {}) =>
      entries.add(`${entry.run_id}.${entry.seq}`, entry, { delay: delayMs }),
    work: (processEntry, options) => entries.work(processEntry, options),
  };
}

interface IdEntry {
  id: string;
}

function createIdQueue(entries: EntryQueue<IdEntry>): IdQueue {
  return {
    add: (id) => entries.add(id, { id }, {}),
    placeOf: (id) => entries.placeOf(id),
    work: (processId, options) => entries.work(({ id }, signal) => processId(id, signal), options),
  };
}

/** The board is read-only: only the API changes what happens to a run. Bull Board is loaded only when it is enabled. */
async function showOnBoard(queues: BullQueue[], page: BoardPage): Promise<void> {
  const { createBullBoard } = await import('@bull-board/api');
  const { BullMQAdapter } = await import('@bull-board/api/bullMQAdapter');
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: page,
    options: {
      uiConfig: {
        boardTitle: 'Trainyard',
        // Bull Board counts database sessions. The embedded queue has one session for all its workers.
        showWorkers: false,
      },
    },
  });
}
