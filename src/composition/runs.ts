/** Opens the runs, and what shows them, follows them and tells other services about them. */
import type { WebhookQueue } from '../jobs/queue/queues.js';
import type { TrainingQueue } from '../jobs/queue/training-queue.js';
import { createRunReader, type RunReader } from '../jobs/runs/run-reader.js';
import { createRunStore, type RunStore } from '../jobs/runs/run-store.js';
import { createEventFeed, type EventFeed } from '../jobs/views/event-feed.js';
import { createRunToJob, type RunToJob } from '../jobs/views/run-to-job.js';
import type { WebhookSecret } from '../jobs/webhooks/signed-message.js';
import { createWebhooks, type Webhooks } from '../jobs/webhooks/webhooks.js';
import type { Logger } from '../lib/log.js';
import type { Storage } from '../storage/storage.js';
import type { PrometheusMetrics } from '../telemetry/prometheus.js';
import type { Stop } from './stops.js';

/** The runs and what shows them, follows them and tells other services about them. */
export interface Runs {
  storage: Storage;
  store: RunStore;
  reader: RunReader;
  feed: EventFeed;
  runToJob: RunToJob;
  webhooks: Webhooks;
  stop: Stop;
}

export function openRuns(options: {
  storage: Storage;
  queues: { training: Pick<TrainingQueue, 'queueOf'>; webhooks: Pick<WebhookQueue, 'add'> };
  metrics: Pick<PrometheusMetrics, 'jobs'>;
  /** Signs webhooks; without it jobs cannot have any. */
  secret: WebhookSecret | undefined;
  /** Whether webhooks may go to private and loopback addresses. */
  allowPrivate: boolean;
  log: Logger;
  /** Between two looks at a run that somebody follows. */
  lookEveryMs?: number;
}): Runs {
  const { storage, queues, metrics, secret, allowPrivate, log, ...pace } = options;
  const store = createRunStore(storage, { onEnd: ({ status }) => metrics.jobs.ended(status) });
  const reader = createRunReader(store);
  const feed = createEventFeed({ store, log, ...pace });
  const runToJob = createRunToJob(queues.training);
  const webhooks = createWebhooks({
    storage,
    store,
    runs: reader,
    feed,
    queue: queues.webhooks,
    runToJob,
    secret,
    allowPrivate,
    log,
  });
  return { storage, store, reader, feed, runToJob, webhooks, stop: () => feed.stop() };
}
