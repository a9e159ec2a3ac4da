/** The service's entry: starts what ROLE asks for, in order, and on SIGTERM or SIGINT stops it in the opposite one. */
import closeWithGrace from 'close-with-grace';
import { buildApp } from './api/app.js';
import { createInferenceStatistics } from './api/predictions/inference-statistics.js';
import { checkModels, type Check } from './api/operations/readiness.js';
import { buildWorkerApp } from './api/worker-app.js';
import { loadConfig, type Config } from './config.js';
import { createDatasetStore } from './data/store.js';
import { TrainyardError } from './errors.js';
import { createImageReader } from './images/image-reader.js';
import { createEventFeed, type EventFeed } from './jobs/views/event-feed.js';
import { createIdempotencyKeys } from './jobs/intake/idempotency.js';
import { createJobQueries } from './jobs/views/job-queries.js';
import { createLifecycle } from './jobs/intake/lifecycle.js';
import { createProducer } from './jobs/intake/producer.js';
import { openQueue } from './jobs/queue/open-queue.js';
import type { Queues } from './jobs/queue/queues.js';
import { createRunIndex } from './jobs/runs/run-index.js';
import { createRunReader, type RunReader } from './jobs/runs/run-reader.js';
import { createRunStore, type RunStore } from './jobs/runs/run-store.js';
import { createDescribeJob, type DescribeJob } from './jobs/views/job.js';
import { observedTraining } from './jobs/worker/observed-training.js';
import { runTrainingProcess } from './jobs/worker/training-process.js';
import { parseWebhookSecret } from './jobs/webhooks/signed-message.js';
import { createWebhooks, type Webhooks } from './jobs/webhooks/webhooks.js';
import { createRunProcessor } from './jobs/worker/run-processor.js';
import { createKeyRing, type KeyRing } from './keys/key-ring.js';
import { createKeyStore } from './keys/key-store.js';
import { createLogger, withoutSecrets, written, type Logger } from './lib/log.js';
import { isLoopback } from './lib/loopback.js';
import {
  installedOptionalEngines,
  optionalEngineNames,
  predictionEngines,
  selectEngine,
  type Selection,
} from './model/engines/select.js';
import { createAliases } from './model/registry/aliases.js';
import { createModelServer } from './model/serving/model-server.js';
import { createRegistry } from './model/registry/registry.js';
import { createRetention } from './model/registry/retention.js';
import { cachedFor } from './lib/cached-for.js';
import { onStopSignal } from './lib/stop-signals.js';
import { lookPace, openBlobCache, openStorage } from './storage/open-storage.js';
import { probeStorage, type Storage } from './storage/storage.js';
import { createPrometheusMetrics, type PrometheusMetrics } from './telemetry/prometheus.js';
import { traceIdOf } from './telemetry/trace-context.js';

/** A stop that takes longer is cut short. */
const stopWithinMs = 10_000;
/** Sends under way in one process; each mostly waits. */
const webhooksAtOnce = 8;
/** However often probes come. */
const queueCheckedEveryMs = 1_000;
const storageCheckedEveryMs = 5_000;
/** What listening on a name or an address of another machine fails with. */
const notOfThisMachine = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'];

interface Parts {
  config: Config;
  log: Logger;
  storage: Storage;
  store: RunStore;
  runs: RunReader;
  feed: EventFeed;
  queues: Queues;
  describeJob: DescribeJob;
  webhooks: Webhooks;
  engine: Selection;
  metrics: PrometheusMetrics;
  checks: Record<string, Check>;
}

type Stop = () => void | Promise<void>;

try {
  const config = loadConfig();
  await run(config, createLogger(config));
} catch (error) {
  // What an operator can mend takes one plain line; only a fault of the service itself shows its stack.
  console.error(error instanceof TrainyardError ? inOneLine(error) : error);
  process.exitCode = 1;
}

function inOneLine({ code, message, cause }: TrainyardError): string {
  const reason = cause instanceof Error ? cause.message : '';
  const isSaid = reason === '' || message.includes(reason);
  return `${code}: ${message}${isSaid ? '' : ` (${reason})`}`.replace(/\s+/g, ' ');
}

async function run(config: Config, log: Logger): Promise<void> {
  /** What was started last is stopped first. */
  const stops: Stop[] = [];
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  let stopSignal: string | undefined;
  const grace: closeWithGrace.Options = { delay: stopWithinMs, logger: false, skip: ['SIGINT', 'SIGTERM'] };
  const shutdown = closeWithGrace(grace, async ({ signal = stopSignal, err }) => {
    if (err) log.fatal({ err }, 'stopping after an unexpected error');
    else log.info({ signal }, 'stopping');
    await stopAll();
    log.info('stopped');
    await written(log);
  });
  const forgetSignals = onStopSignal({
    stop(signal) {
      stopSignal = signal;
      shutdown.close();
    },
    stopAtOnce: () => process.exit(1),
  });

  try {
    await start(config, log, stops);
  } catch (error) {
    shutdown.uninstall();
    forgetSignals();
    await stopAll();
    throw error;
  }
}

async function start(config: Config, log: Logger, stops: Stop[]): Promise<void> {
  const secret = config.webhookSecret === undefined ? undefined : parseWebhookSecret(config.webhookSecret);
  if (config.tracing !== null) {
    // Loaded only where it is wanted.
    const { startTracing } = await import('./telemetry/tracing.js');
    stops.push(startTracing(config.tracing, log));
  }
  const storage = await openStorage(config.store, config.dataDir);
  const queues = await openQueue(config.queue, {
    dataDir: config.dataDir,
    engines: optionalEngineNames,
    log,
  });
  stops.push(() => queues.close());
  const engine = await selectEngine('auto', predictionEngines);
  const metrics = createPrometheusMetrics({ queueCounts: () => queues.counts() });
  const store = createRunStore(storage, { onEnd: ({ status }) => metrics.jobs.ended(status) });
  const runs = createRunReader(store);
  const feed = createEventFeed({ store, log, ...lookPace(config.store) });
  stops.push(() => {
    feed.stop();
  });
  const describeJob = createDescribeJob(queues.training);
  const webhooks = createWebhooks({
    storage,
    store,
    runs,
    feed,
    queue: queues.webhooks,
    describeJob,
    secret,
    allowPrivate: config.webhookAllowPrivate,
    log,
  });
  const checks = {
    queue: cachedFor(() => queues.ping(), queueCheckedEveryMs),
    storage: cachedFor(() => probeStorage(storage), storageCheckedEveryMs),
  };
  const parts: Parts = {
    config,
    log,
    storage,
    store,
    runs,
    feed,
    queues,
    describeJob,
    webhooks,
    engine,
    metrics,
    checks,
  };

  const front: Stop[] = [];
  // Requests under way and the run under way end at the same time.
  stops.push(async () => {
    await Promise.all(front.map(async (stop) => stop()));
  });
  const api = config.role === 'worker' ? null : await startApi(parts, front);
  if (config.role !== 'api') front.push(startWorker(parts));
  const url = api?.url ?? (config.listens ? await startWorkerApp(parts, front) : undefined);

  log.info(
    {
      url,
      ...(api && { docs: `${api.url}/docs` }),
      role: config.role,
      queue: queues.description,
      engine: `${engine.engine.name} on ${engine.device}`,
      data: config.dataDir,
      ...(config.store.kind !== 'folder' && { store: storage.description }),
      ...(config.tracing && { traces: withoutSecrets(config.tracing.url) }),
    },
    api ? `Trainyard listens on ${api.url}` : 'Trainyard worker is ready',
  );
}

async function startApi(
  { config, log, storage, store, runs, feed, queues, describeJob, webhooks, engine, metrics, checks }: Parts,
  stops: Stop[],
): Promise<{ url: string }> {
  const access = await startAccess({ config, log, storage }, stops);
  const registry = createRegistry(storage, log, openBlobCache(config.store, config.dataDir));
  const datasets = createDatasetStore();
  const aliases = createAliases({ storage, registry });
  const retention = createRetention({ registry, aliases, keep: config.keepVersions, log });
  const images = createImageReader();
  const { predictions } = metrics;
  const statistics = createInferenceStatistics();
  const modelServer = createModelServer({
    registry,
    aliases,
    engine: engine.engine,
    memoryBytes: config.modelMemoryBytes,
    log,
    observe: {
      ...predictions,
      batch(model, samples, ms, version) {
        predictions.batch(model, samples, ms);
        statistics.batch(model, samples, ms, version);
      },
    },
    ...lookPace(config.store),
  });
  predictions.readServed(() => modelServer.status());
  predictions.readMemory(() => modelServer.sizeBytes());
  const idempotencyKeys = createIdempotencyKeys(storage);
  const index = createRunIndex({ store, runs, log, ...lookPace(config.store) });
  metrics.jobs.readDamaged(() => index.damagedCount());
  const queue = queues.training;
  const producer = createProducer({
    store,
    runs,
    index,
    idempotencyKeys,
    queue,
    describeJob,
    webhooks,
    datasetInfo: (name) => datasets.info(name),
    trainingMemoryLimitBytes: config.trainingMemoryLimitBytes,
    maxQueuedJobs: config.maxQueuedJobs,
    log,
  });
  const app = await buildApp({
    producer,
    jobs: createJobQueries({ storage, store, runs, index, describeJob }),
    lifecycle: createLifecycle({ store, runs, index, idempotencyKeys, queue, describeJob, webhooks, log }),
    feed,
    webhookDeliveries: { list: (id) => webhooks.deliveries(id) },
    registry,
    aliases,
    retention,
    modelServer,
    statistics,
    images,
    maxWaitingPredictions: config.maxWaitingPredictions,
    bodyMemoryBytes: config.bodyMemoryBytes,
    checks: { ...checks, models: checkModels(modelServer) },
    metrics,
    traced: config.tracing !== null,
    log,
    ...access,
    rateLimitStore: queues.sharedClient,
    basePath: config.basePath,
    corsOrigins: config.corsOrigins,
    ...(config.adminUi && { showQueues: (page) => queues.showOn(page) }),
  });
  stops.push(async () => {
    await app.close();
    await images.close();
    index.stop();
    await producer.stop();
    await retention.stop();
    await modelServer.stop();
  });
  // With many jobs its first sweep takes seconds.
  void producer.start();
  // Neither is waited for: however many models there are, the service listens. Readiness says when they can answer.
  void modelServer.start();
  void retention.start();
  return { url: await listen(app, config) };
}

/** Who may ask whatever listens. */
async function startAccess(
  { config, log, storage }: Pick<Parts, 'config' | 'log' | 'storage'>,
  stops: Stop[],
): Promise<{ keys: KeyRing; anonymousHosts: Config['anonymousHosts'] }> {
  const keys = createKeyRing({ store: createKeyStore(storage), log, ...lookPace(config.store) });
  stops.push(() => keys.stop());
  await keys.start();
  refuseExposure(config, keys);
  return { keys, anonymousHosts: config.anonymousHosts };
}

/** @throws TrainyardError ADDRESS_EXPOSED */
function refuseExposure({ host, allowAnonymous }: Config, keys: KeyRing): void {
  if (keys.isConfigured || allowAnonymous || isLoopback(host)) return;
  throw new TrainyardError(
    'ADDRESS_EXPOSED',
    `There are no keys, and other machines may reach HOST=${host}. Make a key ` +
      '(npm run keys -- create --name admin --scope admin), or set ALLOW_ANONYMOUS=1 to let everyone use everything.',
  );
}

/** Trains, and sends webhooks. */
function startWorker({ config, log, store, queues, webhooks, metrics }: Parts): Stop {
  const { dataDir, logLevel, logFormat, workerConcurrency, threads, trainingMemoryLimitBytes } = config;
  const settings = {
    dataDir,
    storeTarget: config.store,
    logLevel,
    logFormat,
    threads,
    memoryLimitBytes: trainingMemoryLimitBytes,
  };
  const engines = installedOptionalEngines();
  const processRun = createRunProcessor({
    store,
    train: observedTraining(metrics, ({ runId, term, spec }, ...more) => {
      const traceId = traceIdOf(spec.trace_context);
      return runTrainingProcess({ runId, term, traceId, ...settings }, ...more);
    }),
    webhooks,
    otherEngines: queues.training.engines.filter((engine) => !engines.includes(engine)),
    log,
    ...lookPace(config.store),
  });
  const workers = [
    queues.training.work(processRun, { concurrency: workerConcurrency, engines }),
    queues.webhooks.work((entry, signal) => webhooks.deliver(entry, signal), { concurrency: webhooksAtOnce }),
  ];
  return async () => {
    await Promise.all(workers.map((worker) => worker.close()));
  };
}

/** For probes and scrapes. */
async function startWorkerApp(parts: Parts, stops: Stop[]): Promise<string> {
  const { config, log, metrics, checks } = parts;
  const app = await buildWorkerApp({
    log,
    metrics,
    checks,
    basePath: config.basePath,
    ...(await startAccess(parts, stops)),
  });
  stops.push(() => app.close());
  return listen(app, config);
}

async function listen(app: Awaited<ReturnType<typeof buildApp>>, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    throw listenError(cause, host, port);
  }
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const message = `Port ${port} of ${host} is in use. Set PORT to another one, or to 0 for any that is free.`;
    return new TrainyardError('ADDRESS_IN_USE', message);
  }
  if (code === 'EACCES') {
    const message = `PORT=${port} needs rights that this user lacks. Take one above 1023.`;
    return new TrainyardError('CONFIG_INVALID', message);
  }
  if (notOfThisMachine.includes(code)) {
    const message = `HOST must be an address or a name of this machine, not ${host}.`;
    return new TrainyardError('CONFIG_INVALID', message);
  }
  return cause;
}
