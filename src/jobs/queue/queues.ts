/** The queues of the service, all on one datastore. */
import type { IQueueBackend } from 'bullmq';
import type { Logger } from 'pino';
import type { BoardPage } from './board.js';
import {
  answerOf,
  openEntryQueue,
  type Counts,
  type EntryQueue,
  type QueueDatastore,
} from './entry-queue.js';
import { createTrainingQueue, type RunEntry, type TrainingQueue } from './training-queue.js';
import { createWebhookQueue, type WebhookEntry, type WebhookQueue } from './webhook-queue.js';

export interface Queues {
  /** For logs: the kind and the place, without secrets. */
  readonly description: string;
  readonly training: TrainingQueue;
  readonly webhooks: WebhookQueue;
  /** Where the datastore is Redis: a client for whatever processes count together. It fails soon when Redis is away. */
  readonly sharedClient?: object;
  /** Rejects when the datastore does not answer in time. */
  ping(): Promise<void>;
  /** Of each queue. */
  counts(): Promise<({ queue: string; workers: number | null } & Counts)[]>;
  /** Puts the queues on a page of Bull Board. */
  showOn(page: BoardPage): Promise<void>;
  /** After the workers. */
  close(): Promise<void>;
}

/**
 * `engines` are those whose runs have a queue of their own, as not every worker has them.
 * @throws TrainyardError QUEUE_UNAVAILABLE when the datastore does not answer; it is closed then
 */
export async function openQueues<B extends IQueueBackend, C>(
  datastore: QueueDatastore<B, C>,
  engines: readonly string[],
  log: Logger,
): Promise<Queues> {
  const opened: Pick<EntryQueue<unknown>, 'bull' | 'counts' | 'workers' | 'close'>[] = [];
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
    if (datastore.prepare) await answerOf(datastore, datastore.prepare());
    const training = await open<RunEntry>('training');
    const byEngine = new Map<string, EntryQueue<RunEntry>>();
    for (const engine of engines) {
      byEngine.set(engine, await open<RunEntry>(`training-${engine}`));
    }
    const webhooks = await open<WebhookEntry>('webhooks');
    return {
      description: datastore.description,
      training: createTrainingQueue(training, byEngine),
      webhooks: createWebhookQueue(webhooks),
      async ping() {
        await training.counts();
      },
      counts() {
        return Promise.all(
          opened.map(async (queue) => {
            const [counts, workers] = await Promise.all([queue.counts(), queue.workers()]);
            return { queue: queue.bull.name, ...counts, workers };
          }),
        );
      },
      async showOn(page) {
        // Loaded only where it is wanted.
        const { showOnBoard } = await import('./board.js');
        showOnBoard(
          opened.map((queue) => queue.bull),
          page,
        );
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
