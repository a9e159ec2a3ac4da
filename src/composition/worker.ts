/** Opens a worker: it trains runs, reads uploads, answers batches and sends webhooks. */
import { createDatasetStore } from '../data/store.js';
import { createDatasetVersions } from '../data/versions/dataset-versions.js';
import { createIntake } from '../data/versions/intake.js';
import { createUploads, type UploadsOptions } from '../data/versions/uploads.js';
import { createBatchProcessor, type BatchProcessorOptions } from '../jobs/batches/batch-processor.js';
import { createBatchStore } from '../jobs/batches/batch-store.js';
import { observedTraining } from '../jobs/worker/observed-training.js';
import { createRunProcessor } from '../jobs/worker/run-processor.js';
import { TrainingProcesses } from '../jobs/worker/training-processes.js';
import { installedOptionalEngines, predictionEngines, selectEngine } from '../model/engines/select.js';
import { createRegistry } from '../model/registry/registry.js';
import { lookPace, openBlobCache } from '../storage/open-storage.js';
import { traceIdOf } from '../telemetry/trace-context.js';
import type { Foundation } from './foundation.js';
import type { Stops } from './stops.js';

/** A worker reads so many uploads at a time, so that a large one does not hold up the others. */
const uploadsReadAtOnce = 2;
/** Each process sends so many webhooks at a time. Most of the time it waits for their answers. */
const webhooksAtOnce = 8;

/** Takes runs from the queue and trains each in a process of its own; also reads uploads and sends webhooks. */
export function openWorker({ config, log, storage, queues, metrics, runs }: Foundation, stops: Stops): void {
  const { dataDir, store: storeTarget, logLevel, logFormat, threads, workerConcurrency } = config;
  const memoryLimitBytes = config.trainingMemoryLimitBytes;
  const settings = { dataDir, storeTarget, logLevel, logFormat, threads, memoryLimitBytes };
  const engines = installedOptionalEngines();
  const processes = new TrainingProcesses({ log, idleMs: config.gpuIdleMs });
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
