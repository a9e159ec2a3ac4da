/** Builds the OpenAPI document without a running service, to commit, lint and compare it. */
import { pino } from 'pino';
import { createInferenceStatistics } from './predictions/inference-statistics.js';
import { createPrometheusMetrics } from '../telemetry/prometheus.js';
import { buildApp } from './app.js';

export async function buildOpenApiDocument(): Promise<object> {
  // Describing the routes calls none of these functions.
  const never = (): never => {
    throw new Error('This app only describes its routes');
  };
  const app = await buildApp({
    producer: { submit: never, plan: never },
    jobs: { get: never, list: never, events: never, metrics: never, outcomes: never, checkpoints: never },
    lifecycle: { cancel: never, pause: never, resume: never, remove: never },
    feed: { follow: never },
    datasets: { info: never, openTable: never, openPictures: never, load: never },
    versions: { names: never, numbers: never, find: never, progress: never, remove: never },
    uploads: { begin: never, maxBytes: 0 },
    jobOnDataset: never,
    splits: { open: never },
    checkpoints: { find: never },
    cards: { read: never },
    checkpointModels: { use: never },
    webhookDeliveries: { list: never },
    registry: {
      names: never,
      versionNumbers: never,
      newestVersions: never,
      held: never,
      manifest: never,
      load: never,
      publish: never,
      evaluation: never,
      openFile: never,
      setUnloaded: never,
    },
    aliases: { names: never, set: never, remove: never, rollBack: never },
    retention: { remove: never },
    modelServer: { use: never, refresh: never, status: never, statusOf: never },
    sweeps: {
      submit: never,
      get: never,
      list: never,
      trials: never,
      importance: never,
      pause: never,
      resume: never,
      cancel: never,
      changeBudget: never,
      remove: never,
    },
    batches: { submit: never, get: never, list: never, cancel: never, remove: never, openResult: never },
    evaluations: { evaluate: never },
    statistics: createInferenceStatistics(),
    images: { read: never },
    checks: {},
    keyAdministration: { list: never, create: never, revoke: never },
    installation: {
      role: 'all',
      startedAt: new Date(0),
      threads: 1,
      queue: { description: '', counts: never },
      storage: { description: '', space: never },
      engines: [],
      predictsWith: { name: '', device: '' },
      hasQueueBoard: false,
    },
    countJobs: never,
    countDatasets: never,
    maxWaitingPredictions: 0,
    bodyMemoryBytes: 0,
    spoolFolder: '',
    maxFileBytes: 0,
    metrics: createPrometheusMetrics({ queueCounts: never }),
    log: pino({ level: 'silent' }),
  });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}
