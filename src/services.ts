/**
 * Puts the parts of a process together. Each function opens one group of parts and says how to stop it; a group is given
 * the groups that it stands on. The entry opens what ROLE asks for, and the tests open the groups that they need, on a
 * folder, a queue or an engine of their own.
 */
import { fileURLToPath } from 'node:url';
import { apiSchemas, buildApp, type ApiDeps } from './api/app.js';
import { servedFirst } from './api/jobs/served-first.js';
import { checkModels, type Check } from './api/operations/readiness.js';
import {
  createInferenceStatistics,
  type InferenceStatistics,
} from './api/predictions/inference-statistics.js';
import type { Config } from './config.js';
import { createDatasetStore, type DatasetStore } from './data/store.js';
import {
  builtInNames,
  createDatasetVersions,
  type DatasetVersions,
} from './data/versions/dataset-versions.js';
import { createIntake } from './data/versions/intake.js';
import {
  createUploads,
  type UploadQueue,
  type Uploads,
  type UploadsOptions,
} from './data/versions/uploads.js';
import { createImageReader } from './images/image-reader.js';
import { createBatchProcessor, type BatchProcessorOptions } from './jobs/batches/batch-processor.js';
import { createBatchStore } from './jobs/batches/batch-store.js';
import { createBatches, type Batches } from './jobs/batches/batches.js';
import { createDatasetEvaluations } from './jobs/evaluations/dataset-evaluations.js';
import { createIdempotencyKeys } from './jobs/intake/idempotency.js';
import { createLifecycle, type Lifecycle } from './jobs/intake/lifecycle.js';
import { createProducer, type Producer } from './jobs/intake/producer.js';
import { openQueue } from './jobs/queue/open-queue.js';
import type { IdQueue, Queues, WebhookQueue } from './jobs/queue/queues.js';
import type { TrainingQueue } from './jobs/queue/training-queue.js';
import { createRunIndex, type RunIndex } from './jobs/runs/run-index.js';
import { createRunReader, type RunReader } from './jobs/runs/run-reader.js';
import { createRunStore, type RunStore } from './jobs/runs/run-store.js';
import { createJobCheckpoints } from './jobs/views/job-checkpoints.js';
import { createEventFeed, type EventFeed } from './jobs/views/event-feed.js';
import { createJobQueries, type JobQueries } from './jobs/views/job-queries.js';
import { createJobSplits, type JobSplits } from './jobs/views/job-split.js';
import { createRunToJob, type RunToJob } from './jobs/views/run-to-job.js';
import { parseWebhookSecret, type WebhookSecret } from './jobs/webhooks/signed-message.js';
import { createWebhooks, type Webhooks } from './jobs/webhooks/webhooks.js';
import { observedTraining } from './jobs/worker/observed-training.js';
import { createRunProcessor } from './jobs/worker/run-processor.js';
import { TrainingProcesses } from './jobs/worker/training-processes.js';
import { createKeyAdministration } from './keys/key-administration.js';
import { createKeyRing, type KeyRing } from './keys/key-ring.js';
import { createKeyStore } from './keys/key-store.js';
import { cachedFor } from './lib/cached-for.js';
import type { Logger } from './lib/log.js';
import type { Engine } from './model/engines/engine.js';
import {
  enginesHere,
  installedOptionalEngines,
  optionalEngineNames,
  predictionEngines,
  selectEngine,
  type Selection,
} from './model/engines/select.js';
import { createAliases, type Aliases } from './model/registry/aliases.js';
import { createRegistry, type Registry } from './model/registry/registry.js';
import { createRetention, type Retention } from './model/registry/retention.js';
import { CheckpointModels } from './model/serving/checkpoint-models.js';
import { createModelServer, type ModelServer } from './model/serving/model-server.js';
import type { BlobCache } from './storage/blob-cache.js';
import { lookPace, openBlobCache, openStorage, spaceOf } from './storage/open-storage.js';
import { probeStorage, type Storage } from './storage/storage.js';
import { createPrometheusMetrics, type PrometheusMetrics } from './telemetry/prometheus.js';
import { traceIdOf } from './telemetry/trace-context.js';

/** A worker reads so many uploads at a time, so that a large one does not hold up the others. */
const uploadsReadAtOnce = 2;
/** Each process sends so many webhooks at a time. Most of the time it waits for their answers. */
const webhooksAtOnce = 8;
/** Readiness is asked for far more often than the queue and the storage are tried. */
const queueCheckedEveryMs = 1_000;
const storageCheckedEveryMs = 5_000;
/** To count the datasets their folders are listed. */
const datasetsCountedEveryMs = 5_000;

export type Stop = () => void | Promise<void>;

/** The ways to stop what has been opened. What was opened last is stopped first. */
export class Stops {
  readonly #stops: Stop[] = [];

  add(stop: Stop): void {
    this.#stops.push(stop);
  }

  async stopAll(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}

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
    const { startTracing } = await import('./telemetry/tracing.js');
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

/** The datasets, and what takes uploads in. */
export interface Datasets {
  store: DatasetStore;
  versions: DatasetVersions;
  uploads: Uploads;
  /** Finds the uploads that the queue has lost or that are left over, now and from time to time. */
  start: () => void;
  stop: Stop;
}

export function openDatasets(options: {
  storage: Storage;
  queue: UploadQueue;
  metrics: Pick<PrometheusMetrics, 'datasets'>;
  maxBytes: number;
  log: Logger;
  sweepIntervalMs?: number;
}): Datasets {
  const { storage, metrics, ...given } = options;
  const versions = createDatasetVersions(storage);
  const uploads = createUploads({ storage, versions, onStored: metrics.datasets.uploaded, ...given });
  return {
    store: createDatasetStore(storage),
    versions,
    uploads,
    start() {
      // Not awaited: with many datasets the first sweep takes seconds.
      void uploads.start();
    },
    stop: () => uploads.stop(),
  };
}

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
    sweepIntervalMs?: number;
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
      // Not awaited: with many jobs the first sweep takes seconds.
      void producer.start();
    },
    async stop() {
      index.stop();
      await producer.stop();
    },
  };
}

/** The published models, and the server that predicts with them. */
export interface Models {
  registry: Registry;
  aliases: Aliases;
  retention: Retention;
  modelServer: ModelServer;
  /** Predict from the checkpoints of jobs. */
  checkpointModels: CheckpointModels;
  statistics: InferenceStatistics;
  /** Loads models and removes old versions, now and from time to time. */
  start: () => void;
  stop: Stop;
}

export function openModels(options: {
  storage: Storage;
  /** Keeps the files of versions nearer than a storage behind a network does. */
  cache?: BlobCache | null;
  engine: Engine;
  /** For all loaded versions together. */
  memoryBytes?: number;
  /** How many of the newest versions of each model stay. */
  keepVersions: number;
  metrics: Pick<PrometheusMetrics, 'predictions'>;
  log: Logger;
  /** Between two looks at what is published. */
  lookEveryMs?: number;
}): Models {
  const { storage, cache = null, keepVersions: keep, metrics, log, ...serving } = options;
  const { predictions } = metrics;
  const registry = createRegistry(storage, log, cache);
  const aliases = createAliases({ storage, registry });
  const retention = createRetention({ registry, aliases, keep, log });
  const statistics = createInferenceStatistics();
  const modelServer = createModelServer({
    registry,
    aliases,
    log,
    observe: {
      ...predictions,
      batch(model, samples, ms, version) {
        predictions.batch(model, samples, ms);
        statistics.batch(model, samples, ms, version);
      },
    },
    ...serving,
  });
  const checkpointModels = new CheckpointModels({
    engine: serving.engine,
    memoryBytes: serving.memoryBytes,
  });
  predictions.readServed(() => modelServer.status());
  predictions.readMemory(() => modelServer.sizeBytes());
  return {
    registry,
    aliases,
    retention,
    modelServer,
    checkpointModels,
    statistics,
    start() {
      // Not awaited: the service listens however many models there are, and readiness says when they can answer.
      void modelServer.start();
      void retention.start();
    },
    async stop() {
      await retention.stop();
      checkpointModels.clear();
      await modelServer.stop();
    },
  };
}

/** What takes batches in, shows and changes them. */
export function openBatches({
  storage,
  ...options
}: {
  storage: Storage;
  queue: Pick<IdQueue, 'add' | 'placeOf'>;
  datasets: Pick<DatasetStore, 'info'>;
  models: Pick<ModelServer, 'use'>;
  log: Logger;
  sweepIntervalMs?: number;
}): Batches {
  return createBatches({ store: createBatchStore(storage), ...options });
}

type ApiApp = Awaited<ReturnType<typeof buildApp>>;

/** Where the build writes the web pages, seen from the sources and from the compiled file alike. */
const builtPages = fileURLToPath(new URL('../dist/ui', import.meta.url));

type RequiredSettings =
  'installation' | 'maxWaitingPredictions' | 'bodyMemoryBytes' | 'spoolFolder' | 'maxFileBytes';

/** Anything in `settings` that a group has too takes the place of that part. */
export async function openApi(
  {
    runs,
    datasets,
    jobs,
    models,
    batches,
    checks,
    metrics,
    log,
  }: { runs: Runs; datasets: Datasets; jobs: Jobs; models: Models; batches: Batches } & Pick<
    ApiDeps,
    'checks' | 'metrics' | 'log'
  >,
  settings: Pick<ApiDeps, RequiredSettings> & Partial<ApiDeps>,
): Promise<{ app: ApiApp; stop: Stop }> {
  const images = createImageReader();
  const app = await buildApp({
    producer: jobs.producer,
    ...servedFirst({ jobs: jobs.queries, feed: runs.feed }, models.modelServer),
    splits: jobs.splits,
    checkpoints: createJobCheckpoints({ ...runs, runs: runs.reader }),
    checkpointModels: models.checkpointModels,
    lifecycle: jobs.lifecycle,
    webhookDeliveries: { list: (id) => runs.webhooks.deliveries(id) },
    datasets: datasets.store,
    versions: datasets.versions,
    uploads: datasets.uploads,
    jobOnDataset: async (name, version) =>
      (await jobOnDataset(jobs.index, name, version)) ?? batches.batchOn(name, version),
    registry: models.registry,
    aliases: models.aliases,
    retention: models.retention,
    modelServer: models.modelServer,
    batches,
    evaluations: createDatasetEvaluations({ datasets: datasets.store, models: models.modelServer }),
    statistics: models.statistics,
    images,
    keyAdministration: createKeyAdministration({
      store: createKeyStore(runs.storage),
      ring: settings.keys,
    }),
    countJobs: async () => ({ byStatus: await jobs.index.counts(), damaged: jobs.index.damagedCount() }),
    countDatasets: cachedFor(
      async () => builtInNames.length + (await datasets.versions.names()).length,
      datasetsCountedEveryMs,
    ),
    checks: { ...checks, models: checkModels(models.modelServer) },
    metrics,
    log,
    pagesFolder: builtPages,
    ...settings,
  });
  return {
    app,
    async stop() {
      await app.close();
      await images.close();
    },
  };
}

/** The id of a job that has not ended and learns from the version; null: there is none. */
async function jobOnDataset(index: RunIndex, dataset: string, version: number): Promise<string | null> {
  const filter = { dataset, dataset_version: version, ended: false };
  const { runs } = await index.page({ limit: 1, filter });
  return runs[0]?.id ?? null;
}

/** The whole of an API, by the settings. What it follows is started; it does not listen yet. */
export async function openApiService(
  { config, log, storage, queues, metrics, runs, checks }: Foundation,
  { keys, predictsWith }: { keys: KeyRing; predictsWith: Selection },
  stops: Stops,
): Promise<ApiApp> {
  const { engine, device } = predictsWith;
  const { trainingMemoryLimitBytes, maxQueuedJobs, maxWaitingPredictions, bodyMemoryBytes } = config;
  const models = openModels({
    storage,
    cache: openBlobCache(config.store, config.dataDir),
    engine,
    memoryBytes: config.modelMemoryBytes,
    keepVersions: config.keepVersions,
    metrics,
    log,
    ...lookPace(config.store),
  });
  stops.add(models.stop);
  const datasets = openDatasets({
    storage,
    queue: queues.datasets,
    metrics,
    maxBytes: config.maxDatasetBytes,
    log,
  });
  stops.add(datasets.stop);
  const jobs = openJobs(runs, {
    datasets: datasets.store,
    queue: queues.training,
    metrics,
    trainingMemoryLimitBytes,
    maxQueuedJobs,
    log,
    ...lookPace(config.store),
  });
  stops.add(jobs.stop);
  const batches = openBatches({
    storage,
    queue: queues.batches,
    datasets: datasets.store,
    models: models.modelServer,
    log,
  });
  stops.add(() => batches.stop());
  const api = await openApi(
    { runs, datasets, jobs, models, batches, checks, metrics, log },
    {
      keys,
      installation: {
        role: config.role,
        startedAt: new Date(Date.now() - process.uptime() * 1_000),
        threads: config.threads,
        queue: { description: queues.description, counts: () => queues.counts() },
        storage: { description: storage.description, space: () => spaceOf(config.store, config.dataDir) },
        engines: enginesHere(),
        predictsWith: { name: engine.name, device },
        hasQueueBoard: config.adminUi,
      },
      anonymousHosts: config.anonymousHosts,
      maxWaitingPredictions,
      bodyMemoryBytes,
      spoolFolder: config.dataDir,
      maxFileBytes: config.maxDatasetBytes,
      traced: config.tracing !== null,
      rateLimitStore: queues.sharedClient,
      basePath: config.basePath,
      corsOrigins: config.corsOrigins,
      ...(config.adminUi && { showQueues: (page) => queues.showOn(page) }),
    },
  );
  stops.add(api.stop);
  // Not awaited: a request that comes before its schemas are compiled compiles them itself.
  api.app.addHook('onListen', () => void apiSchemas.compileAll());
  datasets.start();
  jobs.start();
  models.start();
  // Not awaited, as with the others.
  void batches.start();
  return api.app;
}

/** Knows the keys by which requests are admitted, and follows their changes. */
export async function openKeys({ config, log, storage }: Foundation, stops: Stops): Promise<KeyRing> {
  const keys = createKeyRing({ store: createKeyStore(storage), log, ...lookPace(config.store) });
  stops.add(() => keys.stop());
  await keys.start();
  return keys;
}

/** Takes runs from the queue and trains each in a process of its own; also reads uploads and sends webhooks. */
export function openWorker({ config, log, storage, queues, metrics, runs }: Foundation, stops: Stops): void {
  const { dataDir, store: storeTarget, logLevel, logFormat, threads, workerConcurrency } = config;
  const memoryLimitBytes = config.trainingMemoryLimitBytes;
  const settings = { dataDir, storeTarget, logLevel, logFormat, threads, memoryLimitBytes };
  const engines = installedOptionalEngines();
  const processes = new TrainingProcesses({ idleMs: config.gpuIdleMs });
  const processRun = createRunProcessor({
    store: runs.store,
    train: observedTraining(metrics, ({ runId, term, spec }, ...more) => {
      const traceId = traceIdOf(spec.trace_context);
      return processes.run({ runId, term, traceId, ...settings }, ...more);
    }),
    webhooks: runs.webhooks,
    otherEngines: queues.training.engines.filter((engine) => !engines.includes(engine)),
    log,
    ...lookPace(config.store),
  });
  const takeIn = createIntake({
    storage,
    store: storeTarget,
    dataDir,
    mostIdxBytes: config.maxDatasetBytes,
    log,
    onEnd: metrics.datasets.read,
  });
  const processBatch = createBatchProcessor({
    store: createBatchStore(storage),
    datasets: createDatasetStore(storage),
    registry: createRegistry(storage, log, openBlobCache(config.store, dataDir)),
    engine: onFirstCall(async () => (await selectEngine('auto', predictionEngines)).engine),
    storeDataset: storeCsv({
      storage,
      versions: createDatasetVersions(storage),
      queue: queues.datasets,
      maxBytes: config.maxDatasetBytes,
      log,
    }),
    log,
  });
  const workers = [
    queues.batches.work(processBatch, { concurrency: 1 }),
    queues.datasets.work(takeIn, { concurrency: uploadsReadAtOnce }),
    queues.training.work(processRun, { concurrency: workerConcurrency, engines }),
    queues.webhooks.work((entry, signal) => runs.webhooks.deliver(entry, signal), {
      concurrency: webhooksAtOnce,
    }),
  ];
  stops.add(async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await processes.close();
  });
}

/** Makes a CSV file the next version of a dataset, in the way of an upload. */
function storeCsv(options: UploadsOptions): BatchProcessorOptions['storeDataset'] {
  const uploads = createUploads(options);
  return async (name, file) => {
    const upload = uploads.begin();
    try {
      await upload.store('file', file);
      const reading = { format: 'csv', delimiter: ',', encoding: 'utf-8', header: true } as const;
      return (await upload.finish({ name, options: reading, target: [] })).version;
    } catch (error) {
      await upload.discard();
      throw error;
    }
  };
}

function onFirstCall<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
