/** The whole API over a real socket, on a storage in a folder of its own. Only the queue is replaced, by a map in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { onTestFinished } from 'vitest';
import type { ApiDeps } from '../../src/api/app.js';
import type { Place, TrainingQueue } from '../../src/jobs/queue/training-queue.js';
import type { RunStore } from '../../src/jobs/runs/run-store.js';
import { parseWebhookSecret } from '../../src/jobs/webhooks/signed-message.js';
import { createLogger } from '../../src/lib/log.js';
import type { UploadQueue } from '../../src/data/versions/uploads.js';
import { createReferenceEngine } from '../../src/model/engines/reference/reference-engine.js';
import type { Evaluation } from '../../src/model/evaluation/evaluation.js';
import { encodeModelFile } from '../../src/model/files/model-file.js';
import type { Aliases } from '../../src/model/registry/aliases.js';
import type { Registry } from '../../src/model/registry/registry.js';
import type { ModelServer } from '../../src/model/serving/model-server.js';
import { openApi } from '../../src/composition/api.js';
import { openBatches } from '../../src/composition/batches.js';
import { openDatasets } from '../../src/composition/datasets.js';
import { openJobs } from '../../src/composition/jobs.js';
import { openModels } from '../../src/composition/models.js';
import { openRuns } from '../../src/composition/runs.js';
import { openSweeps } from '../../src/composition/sweeps.js';
import { Stops } from '../../src/composition/stops.js';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { probeStorage } from '../../src/storage/storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus.js';
import { describedAs, parametersOf } from '../model/small-model.js';

export interface LogLine {
  level: number;
  msg: string;
  request_id?: string;
  [field: string]: unknown;
}

/** The part of supertest that the tests use. The bodies of answers are `unknown`, so that tests check them. */
interface Request extends PromiseLike<Answer> {
  send(body: string | object): Request;
  type(contentType: string): Request;
  set(header: string, value: string): Request;
  query(values: object): Request;
  attach(field: string, file: Buffer, filename: string): Request;
  field(name: string, text: string): Request;
  expect(status: number): Request;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
  text: string;
}

export interface TestService {
  url: string;
  http: Record<'get' | 'head' | 'post' | 'put' | 'delete', (path: string) => Request>;
  app: Awaited<ReturnType<typeof openApi>>['app'];
  storage: Storage;
  store: RunStore;
  registry: Registry;
  aliases: Aliases;
  modelServer: ModelServer;
  /** The runs in the queue, by id. */
  queue: Map<string, Exclude<Place, null>>;
  /** The ids of the uploads that wait to be read. */
  uploads: ReadonlySet<string>;
  logLines: LogLine[];
  stop: () => Promise<void>;
  /** Publishes a model of 784 → 10, and lets the model server find it. */
  publishDigits: (
    model?: string,
    seed?: number,
    more?: { createdAt?: string; evaluation?: Evaluation },
  ) => Promise<number>;
}

const labels = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const digits = describedAs({ inputs: 784, hidden: [], outputs: 10 }, labels);

const maxQueuedJobs = 10;

/** Stops when the test ends. */
export async function startService(replaced: Partial<ApiDeps> = {}, shared?: Shared): Promise<TestService> {
  const service = await openService(replaced, shared);
  onTestFinished(service.stop);
  return service;
}

/** What the processes of one service share. */
type Shared = Pick<TestService, 'storage' | 'queue'>;

/** The caller stops it. */
export async function openService(replaced: Partial<ApiDeps> = {}, shared?: Shared): Promise<TestService> {
  const logLines: LogLine[] = [];
  const log = createLogger(
    { logLevel: 'debug', logFormat: 'json' },
    {
      write(line) {
        logLines.push(JSON.parse(line) as LogLine);
      },
    },
  );
  const stops = new Stops();
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-api-'));
  stops.add(() => rm(folder, { recursive: true, force: true }));
  const storage = shared?.storage ?? (await createFileStorage(folder));
  const queue = shared?.queue ?? new Map<string, Exclude<Place, null>>();
  const training = queueOn(queue);
  const uploadQueue = createUploadQueue();
  const metrics = createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) });

  const runs = openRuns({
    storage,
    queues: { training, webhooks: { add: () => Promise.resolve() } },
    metrics,
    secret: parseWebhookSecret(`whsec_${Buffer.alloc(32, 7).toString('base64')}`),
    allowPrivate: false,
    log,
    lookEveryMs: 20,
  });
  stops.add(runs.stop);
  const models = openModels({
    storage,
    engine: createReferenceEngine(),
    keepVersions: Infinity,
    metrics,
    log,
  });
  stops.add(models.stop);
  const datasets = openDatasets({
    storage,
    queue: uploadQueue,
    metrics,
    maxBytes: 2 ** 20,
    log,
  });
  stops.add(datasets.stop);
  const jobs = openJobs(runs, {
    datasets: datasets.store,
    queue: training,
    metrics,
    trainingMemoryLimitBytes: 2 ** 30,
    maxQueuedJobs,
    log,
    // A test may do to the runs what another process would.
    lookEveryMs: 0,
    pauseWithinMs: 1_000,
  });
  stops.add(jobs.stop);
  const batches = openBatches({
    storage,
    queue: queueOn(queue),
    datasets: datasets.store,
    models: models.modelServer,
    log,
  });
  stops.add(() => batches.stop());
  const sweeps = openSweeps(runs, jobs, { log });
  stops.add(() => sweeps.stop());
  const { app, stop } = await openApi(
    {
      runs,
      datasets,
      jobs,
      models,
      batches,
      sweeps,
      checks: { storage: () => probeStorage(storage) },
      metrics,
      log,
    },
    {
      installation: {
        role: 'all',
        startedAt: new Date(),
        threads: 1,
        queue: { description: 'a map', counts: () => Promise.resolve([]) },
        storage: { description: storage.description, space: () => Promise.resolve(null) },
        engines: [{ name: 'reference', installed: true, reason: null }],
        predictsWith: { name: 'reference', device: 'cpu' },
        hasQueueBoard: false,
      },
      maxWaitingPredictions: 512,
      bodyMemoryBytes: 512 * 2 ** 20,
      spoolFolder: folder,
      maxFileBytes: 2 ** 25,
      ...replaced,
    },
  );
  stops.add(stop);

  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const { registry, aliases, modelServer } = models;
  return {
    url,
    http: supertest(url),
    app,
    storage,
    store: runs.store,
    registry,
    aliases,
    modelServer,
    queue,
    uploads: uploadQueue.ids,
    logLines,
    stop: () => stops.stopAll(),
    async publishDigits(
      model = 'mnist-mlp',
      seed = 1,
      { createdAt = '2026-01-02T03:04:05.678Z', evaluation } = {},
    ) {
      const version = await registry.publish({
        model,
        runId: `job_${seed}`,
        step: 10,
        file: encodeModelFile(digits, parametersOf(digits.network, seed)),
        metrics: { test_accuracy: 0.1, note: null },
        ...(evaluation && { evaluation }),
        now: new Date(createdAt),
      });
      await modelServer.refresh();
      return version;
    },
  };
}

/** Nobody reads what is uploaded unless the test does. */
function createUploadQueue(): UploadQueue & { ids: Set<string> } {
  const ids = new Set<string>();
  return {
    ids,
    add: (id) => Promise.resolve(void ids.add(id)),
    placeOf: (id) => Promise.resolve(ids.has(id) ? 'waiting' : null),
  };
}

function queueOn(
  queue: TestService['queue'],
): Pick<TrainingQueue, 'add' | 'remove' | 'placeOf' | 'count' | 'queueOf'> {
  const count = () => Promise.resolve([...queue.values()].filter((place) => place === 'waiting').length);
  return {
    add(runId) {
      if (!queue.has(runId)) queue.set(runId, 'waiting');
      return Promise.resolve();
    },
    remove: (runId) => Promise.resolve(queue.get(runId) === 'waiting' && queue.delete(runId)),
    placeOf: (runId) => Promise.resolve(queue.get(runId) ?? null),
    count,
    queueOf: async () => ({ name: 'training', waiting: await count(), workers: 0 }),
  };
}
