/**
 * Opens an API: connects the groups of parts to its routes. The entry opens the whole of one, by the settings; tests open
 * the groups that they need, on a folder, a queue or an engine of their own.
 */
import { servedFirst } from '../api/jobs/served-first.js';
import { fileURLToPath } from 'node:url';
import { apiSchemas, buildApp, type ApiDeps } from '../api/app.js';
import { checkModels } from '../api/operations/readiness.js';
import { builtInNames } from '../data/versions/dataset-versions.js';
import { createImageReader } from '../images/image-reader.js';
import type { Batches } from '../jobs/batches/batches.js';
import { createDatasetEvaluations } from '../jobs/evaluations/dataset-evaluations.js';
import type { Sweeps } from '../jobs/sweeps/sweeps.js';
import type { RunIndex } from '../jobs/runs/run-index.js';
import { createModelCards } from '../jobs/views/model-card.js';
import { createJobCheckpoints } from '../jobs/views/job-checkpoints.js';
import { createKeyAdministration } from '../keys/key-administration.js';
import type { KeyRing } from '../keys/key-ring.js';
import { createKeyStore } from '../keys/key-store.js';
import { cachedFor } from '../lib/cached-for.js';
import { enginesHere, type Selection } from '../model/engines/select.js';
import { lookPace, openBlobCache, spaceOf } from '../storage/open-storage.js';
import { openBatches } from './batches.js';
import { type Datasets, openDatasets } from './datasets.js';
import type { Foundation } from './foundation.js';
import { type Jobs, openJobs } from './jobs.js';
import { type Models, openModels } from './models.js';
import type { Runs } from './runs.js';
import { openSweeps } from './sweeps.js';
import type { Stops } from './stops.js';
import { type Stop } from './stops.js';

/** To count the datasets their folders are listed. */
const datasetsCountedEveryMs = 5_000;

type ApiApp = Awaited<ReturnType<typeof buildApp>>;

/** Where the build writes the web pages, seen from the sources and from the compiled file alike. */
const builtPages = fileURLToPath(new URL('../../dist/ui', import.meta.url));

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
    sweeps,
    checks,
    metrics,
    log,
  }: { runs: Runs; datasets: Datasets; jobs: Jobs; models: Models; batches: Batches; sweeps: Sweeps } & Pick<
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
    cards: createModelCards({ registry: models.registry, runs: runs.reader }),
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
    sweeps,
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
  const sweeps = openSweeps(runs, jobs, { log, ...lookPace(config.store) });
  stops.add(() => sweeps.stop());
  const api = await openApi(
    { runs, datasets, jobs, models, batches, sweeps, checks, metrics, log },
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
  void sweeps.start();
  return api.app;
}
