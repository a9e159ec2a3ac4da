/** Puts the webhooks of the service together: checks what jobs ask for, enqueues what must be sent, and sends it. */
import type { Logger } from 'pino';
import type { Storage } from '../../storage/storage.js';
import type { EventFeed } from '../views/event-feed.js';
import type { WebhookEntry, WebhookQueue } from '../queue/queues.js';
import { logStart } from '../runs/run-log.js';
import type { RunReader } from '../runs/run-reader.js';
import type { RunStore } from '../runs/run-store.js';
import type { RunToJob } from '../views/run-to-job.js';
import { createDeliverer, type WebhookDelivery } from './deliverer.js';
import { createDeliveryLog, type DeliveryAttempt } from './delivery-log.js';
import { requestedAs } from './events.js';
import type { WebhookRequest } from '../runs/job-request.js';
import type { WebhookSpec } from '../runs/run-spec.js';
import { createSender } from './send.js';
import type { WebhookSecret } from './signed-message.js';
import { resolveWebhook } from './webhook-request.js';

export interface Webhooks {
  /** @throws TrainyardError WEBHOOKS_NOT_CONFIGURED, WEBHOOK_REFUSED */
  resolve(request: WebhookRequest): WebhookSpec;
  /** Enqueues the run's events that are still to be sent. Returns their number. */
  enqueueOutstanding(runId: string): Promise<number>;
  /**
   * Enqueues the events after `after` that the webhook asked for, as they happen. Ends at the last event, or when the
   * returned function is called.
   */
  follow(runId: string, webhook: WebhookSpec, after: number): Promise<() => void>;
  deliver(entry: WebhookEntry, signal: AbortSignal): Promise<WebhookDelivery>;
  /** The attempts to send the run's events, oldest first. */
  deliveries(runId: string): Promise<DeliveryAttempt[]>;
}

export function createWebhooks(options: {
  storage: Storage;
  store: RunStore;
  runs: RunReader;
  feed: EventFeed;
  queue: Pick<WebhookQueue, 'add'>;
  runToJob: RunToJob;
  /** undefined: none is configured. Then no job may ask for a webhook, and events of earlier jobs wait. */
  secret: WebhookSecret | undefined;
  allowPrivate: boolean;
  log: Logger;
}): Webhooks {
  const { storage, store, runs, feed, queue, runToJob, secret, allowPrivate, log } = options;
  const deliveryLog = createDeliveryLog(storage, log);
  const deliverer =
    secret &&
    createDeliverer({
      readWebhook: async (runId) => (await store.readSpec(runId))?.webhook ?? null,
      readEvents: async (runId) => (await store.readEvents(runId, logStart)).events,
      async readJob(runId) {
        const state = await runs.read(runId);
        return state && runToJob(state);
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
          if (requestedAs(webhook, event) === null) continue;
          // If this fails, enqueueOutstanding finds the event later.
          queue.add({ run_id: runId, seq: event.seq }).catch((err: unknown) => {
            log.warn({ err, job: runId }, 'a webhook could not be enqueued; it will be tried again');
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
