/** The whole API over a real socket, on real stores in a folder of its own; only the queue is a list in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { onTestFinished } from 'vitest';
import { buildApp, type ApiDeps } from '../../src/api/app.js';
import { createInferenceStatistics } from '../../src/api/predictions/inference-statistics.js';
import { checkModels } from '../../src/api/operations/readiness.js';
import { createDatasetStore } from '../../src/data/store.js';
import { createEventFeed } from '../../src/jobs/views/event-feed.js';
import { createIdempotencyKeys } from '../../src/jobs/intake/idempotency.js';
import { createJobQueries } from '../../src/jobs/views/job-queries.js';
import { createLifecycle } from '../../src/jobs/intake/lifecycle.js';
import { createProducer } from '../../src/jobs/intake/producer.js';
import type { Place, TrainingQueue } from '../../src/jobs/queue/training-queue.js';
import { createRunIndex } from '../../src/jobs/runs/run-index.js';
import { createRunReader } from '../../src/jobs/runs/run-reader.js';
import { createRunStore, type RunStore } from '../../src/jobs/runs/run-store.js';
import { createImageReader } from '../../src/images/image-reader.js';
import { createReferenceEngine } from '../../src/model/engines/reference/reference-engine.js';
import { encodeModelFile } from '../../src/model/files/model-file.js';
import { createAliases, type Aliases } from '../../src/model/registry/aliases.js';
import { createModelServer, type ModelServer } from '../../src/model/serving/model-server.js';
import { createRegistry, type Registry } from '../../src/model/registry/registry.js';
import { createRetention } from '../../src/model/registry/retention.js';
import { createDescribeJob } from '../../src/jobs/views/job.js';
import { parseWebhookSecret } from '../../src/jobs/webhooks/signed-message.js';
import { createWebhooks } from '../../src/jobs/webhooks/webhooks.js';
import { createLogger } from '../../src/lib/log.js';
import { createFileStorage } from '../../src/storage/file-storage.js';
import { probeStorage, type Storage } from '../../src/storage/storage.js';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus.js';
import { describedAs, parametersOf } from '../model/small-model.js';

export interface LogLine {
  level: number;
  msg: string;
  request_id?: string;
  [field: string]: unknown;
}

/** Supertest, as far as the tests go, with answers that are not taken to be anything. */
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
  app: Awaited<ReturnType<typeof buildApp>>;
  storage: Storage;
  store: RunStore;
  registry: Registry;
  aliases: Aliases;
  modelServer: ModelServer;
  /** By run id. */
  queue: Map<string, Exclude<Place, null>>;
  logLines: LogLine[];
  stop: () => Promise<void>;
  /** Publishes a model of 784 → 10 and has it served. */
  publishDigits: (model?: string, seed?: number, createdAt?: string) => Promise<number>;
}

const labels = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const digits = describedAs({ inputs: 784, hidden: [], outputs: 10 }, labels);

const maxQueuedJobs = 10;

/** Goes when the test ends. */
export async function startService(replaced: Partial<ApiDeps> = {}, shared?: Shared): Promise<TestService> {
  const service = await openService(replaced, shared);
  onTestFinished(service.stop);
  return service;
}

/** What processes of one service have in common. */
type Shared = Pick<TestService, 'storage' | 'queue'>;

/** For whoever stops it. */
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
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-api-'));
  const storage = shared?.storage ?? (await createFileStorage(folder));
  const store = createRunStore(storage);
  const runs = createRunReader(store);
  // The tests do to runs what another process would.
  const index = createRunIndex({ store, runs, log, lookEveryMs: 0 });
  const idempotencyKeys = createIdempotencyKeys(storage);
  const queue = shared?.queue ?? new Map<string, Exclude<Place, null>>();
  const feed = createEventFeed({ store, log, lookEveryMs: 20 });
  const verbs = verbsOf(queue);
  const describeJob = createDescribeJob(verbs);
  const webhooks = createWebhooks({
    storage,
    store,
    runs,
    feed,
    queue: { add: () => Promise.resolve() },
    describeJob,
    secret: parseWebhookSecret(`whsec_${Buffer.alloc(32, 7).toString('base64')}`),
    allowPrivate: false,
    log,
  });
  const registry = createRegistry(storage, log);
  const aliases = createAliases({ storage, registry });
  const images = createImageReader();
  const metrics = createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) });
  const statistics = createInferenceStatistics();
  const modelServer = createModelServer({
    registry,
    aliases,
    engine: createReferenceEngine(),
    log,
    observe: {
      ...metrics.predictions,
      batch(model, samples, ms, version) {
        metrics.predictions.batch(model, samples, ms);
        statistics.batch(model, samples, ms, version);
      },
    },
  });
  metrics.predictions.readServed(() => modelServer.status());
  metrics.jobs.readDamaged(() => index.damagedCount());
  const datasets = createDatasetStore();
  const app = await buildApp({
    producer: createProducer({
      store,
      runs,
      index,
      idempotencyKeys,
      queue: verbs,
      describeJob,
      webhooks,
      datasetInfo: (name) => datasets.info(name),
      trainingMemoryLimitBytes: 2 ** 30,
      maxQueuedJobs,
      log,
    }),
    jobs: createJobQueries({ storage, store, runs, index, describeJob }),
    lifecycle: createLifecycle({
      store,
      runs,
      index,
      idempotencyKeys,
      queue: verbs,
      describeJob,
      webhooks,
      log,
      pauseWithinMs: 1_000,
    }),
    feed,
    webhookDeliveries: { list: (id) => webhooks.deliveries(id) },
    registry,
    aliases,
    retention: createRetention({ registry, aliases, keep: Infinity, log }),
    modelServer,
    statistics,
    images,
    maxWaitingPredictions: 512,
    bodyMemoryBytes: 512 * 2 ** 20,
    checks: { storage: () => probeStorage(storage), models: checkModels(modelServer) },
    metrics,
    log,
    ...replaced,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    http: supertest(url),
    app,
    storage,
    store,
    registry,
    aliases,
    modelServer,
    queue,
    logLines,
    async stop() {
      await app.close();
      await images.close();
      feed.stop();
      await modelServer.stop();
      await rm(folder, { recursive: true, force: true });
    },
    async publishDigits(model = 'mnist-mlp', seed = 1, createdAt = '2026-01-02T03:04:05.678Z') {
      const version = await registry.publish({
        model,
        runId: `job_${seed}`,
        step: 10,
        file: encodeModelFile(digits, parametersOf(digits.network, seed)),
        metrics: { test_accuracy: 0.1, note: null },
        now: new Date(createdAt),
      });
      await modelServer.refresh();
      return version;
    },
  };
}

function verbsOf(
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
