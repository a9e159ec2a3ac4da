/** Opens what takes jobs in, changes them and lists them. */
import type { DatasetStore } from '../data/store.js';
import { createIdempotencyKeys } from '../jobs/intake/idempotency.js';
import { createLifecycle, type Lifecycle } from '../jobs/intake/lifecycle.js';
import { createProducer, type Producer } from '../jobs/intake/producer.js';
import type { TrainingQueue } from '../jobs/queue/training-queue.js';
import { createRunIndex, type RunIndex } from '../jobs/runs/run-index.js';
import { createJobQueries, type JobQueries } from '../jobs/views/job-queries.js';
import { createJobSplits, type JobSplits } from '../jobs/views/job-split.js';
import type { Logger } from '../lib/log.js';
import { createAliases } from '../model/registry/aliases.js';
import { createRegistry } from '../model/registry/registry.js';
import type { PrometheusMetrics } from '../telemetry/prometheus.js';
import type { Runs } from './runs.js';
import type { Stop } from './stops.js';

/** What takes jobs in, changes them and lists them. */
export interface Jobs {
  index: RunIndex;
  producer: Producer;
  lifecycle: Lifecycle;
  queries: JobQueries;
  splits: JobSplits;
  /** Finds the jobs that the queue has lost, now and from time to time. */
  start: () => void;
  stop: Stop;
}

export function openJobs(
  { storage, store, reader: runs, runToJob, webhooks }: Runs,
  options: {
    datasets: Pick<DatasetStore, 'info' | 'openTable'>;
    queue: Pick<TrainingQueue, 'add' | 'remove' | 'placeOf' | 'count'>;
    metrics: Pick<PrometheusMetrics, 'jobs'>;
    trainingMemoryLimitBytes: number;
    maxQueuedJobs: number;
    log: Logger;
    /** Between two looks at what other processes do to the runs. */
    lookEveryMs?: number;
    recoverEveryMs?: number;
    pauseWithinMs?: number;
  },
): Jobs {
  const { metrics, datasets, ...given } = options;
  const idempotencyKeys = createIdempotencyKeys(storage);
  const index = createRunIndex({ store, runs, ...given });
  metrics.jobs.readDamaged(() => index.damagedCount());
  const parts = { store, runs, index, idempotencyKeys, runToJob, webhooks, ...given };
  const registry = createRegistry(storage, options.log);
  const models = { registry, aliases: createAliases({ storage, registry }) };
  const producer = createProducer({ ...parts, datasets, models });
  return {
    index,
    producer,
    lifecycle: createLifecycle(parts),
    queries: createJobQueries({ storage, store, runs, index, runToJob }),
    splits: createJobSplits({ runs, datasets }),
    start() {
      // Not awaited: with many jobs the first search takes seconds.
      void producer.start();
    },
    async stop() {
      index.stop();
      await producer.stop();
    },
  };
}
