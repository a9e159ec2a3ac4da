/** Opens what every process has, whatever its role: the storage, the queues, the metrics, the runs and the keys. */
import type { Check } from '../api/operations/readiness.js';
import type { Config } from '../config.js';
import { openQueue } from '../jobs/queue/open-queue.js';
import type { Queues } from '../jobs/queue/queues.js';
import { parseWebhookSecret } from '../jobs/webhooks/signed-message.js';
import { createKeyRing, type KeyRing } from '../keys/key-ring.js';
import { createKeyStore } from '../keys/key-store.js';
import { cachedFor } from '../lib/cached-for.js';
import type { Logger } from '../lib/log.js';
import { optionalEngineNames } from '../model/engines/select.js';
import { lookPace, openStorage } from '../storage/open-storage.js';
import { probeStorage, type Storage } from '../storage/storage.js';
import { createPrometheusMetrics, type PrometheusMetrics } from '../telemetry/prometheus.js';
import { type Runs, openRuns } from './runs.js';
import type { Stops } from './stops.js';

/** Readiness is asked for far more often than the queue and the storage are tried. */
const queueCheckedEveryMs = 1_000;
const storageCheckedEveryMs = 5_000;

/** What every process has, whatever its role. */
export interface Foundation {
  config: Config;
  log: Logger;
  storage: Storage;
  queues: Queues;
  metrics: PrometheusMetrics;
  runs: Runs;
  /** The dependencies that readiness reports, by name. */
  checks: Record<string, Check>;
}

/** @throws TrainyardError when a setting, the storage or the queue cannot be used; what was opened is in `stops` */
export async function openFoundation(config: Config, log: Logger, stops: Stops): Promise<Foundation> {
  const secret = config.webhookSecret === undefined ? undefined : parseWebhookSecret(config.webhookSecret);
  if (config.tracing !== null) {
    // Loaded only where traces are sent.
    const { startTracing } = await import('../telemetry/tracing.js');
    stops.add(startTracing(config.tracing, log));
  }
  const storage = await openStorage(config.store, config.dataDir);
  const queues = await openQueue(config.queue, {
    dataDir: config.dataDir,
    engines: optionalEngineNames,
    log,
  });
  stops.add(() => queues.close());
  const metrics = createPrometheusMetrics({ queueCounts: () => queues.counts() });
  const runs = openRuns({
    storage,
    queues,
    metrics,
    secret,
    allowPrivate: config.webhookAllowPrivate,
    log,
    ...lookPace(config.store),
  });
  stops.add(runs.stop);
  const checks = {
    queue: cachedFor(() => queues.ping(), queueCheckedEveryMs),
    storage: cachedFor(() => probeStorage(storage), storageCheckedEveryMs),
  };
  return { config, log, storage, queues, metrics, runs, checks };
}

/** Knows the keys by which requests are admitted, and follows their changes. */
export async function openKeys({ config, log, storage }: Foundation, stops: Stops): Promise<KeyRing> {
  const keys = createKeyRing({ store: createKeyStore(storage), log, ...lookPace(config.store) });
  stops.add(() => keys.stop());
  await keys.start();
  return keys;
}
