/** The webhooks of the service, put together: what jobs may ask for, what is to be sent, and the sending. */
import type { Logger } from 'pino';
import type { Storage } from '../../storage/storage.js';
import type { EventFeed } from '../views/event-feed.js';
import type { WebhookEntry, WebhookQueue } from '../queue/queues.js';
import { logStart } from '../runs/run-log.js';
import type { RunReader } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import type { DescribeJob } from '../views/job.js';
import { createDeliverer, type WebhookDelivery } from './deliverer.js';
import { createDeliveryLog, type DeliveryAttempt } from './delivery-log.js';
import { wantedAs } from './events.js';
import { type WebhookRequest, type WebhookSpec } from '../runs/documents.js';
import type { WebhookSecret } from './secret.js';
import { createSender } from './send.js';
import { resolveWebhook } from './webhook-spec.js';

export interface Webhooks {
  /** @throws TrainyardError WEBHOOKS_NOT_CONFIGURED, WEBHOOK_REFUSED */
  resolve(request: WebhookRequest): WebhookSpec;
  /** Enqueues what the run's webhook is still to be told; how much that is. */
  enqueueOutstanding(runId: string): Promise<number>;
  /** Enqueues what it is to be told of the events past that seq, as they happen. Stops at their end, or when told. */
  follow(runId: string, webhook: WebhookSpec, after: number): Promise<() => void>;
  deliver(entry: WebhookEntry, signal: AbortSignal): Promise<WebhookDelivery>;
  /** The attempts to send, oldest first. */
  deliveries(runId: string): Promise<DeliveryAttempt[]>;
}

export function createWebhooks(options: {
  storage: Storage;
  store: RunStore;
  runs: RunReader;
  feed: EventFeed;
  queue: Pick<WebhookQueue, 'add'>;
  describeJob: DescribeJob;
  /** undefined: none is configured; no job may ask for a webhook, and what earlier ones asked for waits. */
  secret: WebhookSecret | undefined;
  allowPrivate: boolean;
  log: Logger;
}): Webhooks {
  const { storage, store, runs, feed, queue, describeJob, secret, allowPrivate, log } = options;
  const deliveryLog = createDeliveryLog(storage, log);
  const deliverer =
    secret &&
    createDeliverer({
      readWebhook: async (runId) => (await store.readSpec(runId))?.webhook ?? null,
      readEvents: async (runId) => (await store.readEvents(runId, logStart)).events,
      async readJob(runId) {
        const state = await runs.read(runId);
        return state && describeJob(state);
      },
      deliveryLog,
      send: createSender({ allowPrivate }),
      secret,
      log,
    });

  return {
    resolve: (request) => resolveWebhook(request, { secret, allowPrivate }),

    async enqueueOutstanding(runId) {
      const seqs = (await deliverer?.outstanding(runId)) ?? [];
      for (const seq of seqs) await queue.add({ run_id: runId, seq });
      return seqs.length;
    },

    follow(runId, webhook, after) {
      return feed.follow(runId, after, (events) => {
        for (const event of events) {
          if (wantedAs(webhook, event) === null) continue;
          // Where that fails, a later look at what is outstanding makes up for it.
          queue.add({ run_id: runId, seq: event.seq }).catch((err: unknown) => {
            log.warn({ err, job: runId }, 'a webhook could not be enqueued yet');
          });
        }
      });
    },

    async deliver({ run_id, seq }, signal) {
      if (deliverer !== undefined) return deliverer.deliver(run_id, seq, signal);
      log.warn({ job: run_id }, 'a webhook waits: the service has no WEBHOOK_SECRET to sign it with');
      return { outcome: 'done' };
    },

    deliveries: (runId) => deliveryLog.list(runId),
  };
}
