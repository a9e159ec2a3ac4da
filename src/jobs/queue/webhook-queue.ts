/** The queue of webhooks to send. It delivers which event of which run; what is sent, and where, stands in the run store. */
import type { EntryProcessor, EntryQueue, EntryWorker } from './entry-queue.js';

export interface WebhookEntry {
  run_id: string;
  /** Of the event, within the run. */
  seq: number;
}

export interface WebhookQueue {
  /** Enqueues the event, to be sent after the pause, unless it is in the queue already. */
  add(entry: WebhookEntry, options?: { delayMs?: number }): Promise<void>;
  /** Starts taking events. */
  work(processEntry: EntryProcessor<WebhookEntry>, options: { concurrency: number }): EntryWorker;
}

export function createWebhookQueue(entries: EntryQueue<WebhookEntry>): WebhookQueue {
  return {
    add: (entry, { delayMs = 0 } = {}) =>
      entries.add(`${entry.run_id}.${entry.seq}`, entry, { delay: delayMs }),
    work: (processEntry, options) => entries.work(processEntry, options),
  };
}
