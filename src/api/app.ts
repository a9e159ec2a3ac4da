/** The HTTP service as one Fastify app, the same in production and in tests. What it is given, others start and stop. */
import type { FastifyInstance } from 'fastify';
import { useRateLimits } from './access/rate-limits.js';
import { createBaseApp, type BaseAppDeps } from './base-app.js';
import { batchComponents, batchRoutes, type BatchDeps } from './batches/batch-routes.js';
import { batchFileRoutes, type BatchFileDeps } from './batches/file-route.js';
import { useBodies } from './bodies/bodies.js';
import type { SlowBodies } from './bodies/streamed-body.js';
import { SharedBudget } from './bodies/shared-budget.js';
import { datasetComponents, datasetRoutes, type DatasetDeps } from './datasets/dataset-routes.js';
import { GenerateRequest, generateRoute } from './datasets/generate-route.js';
import { eventComponents, jobEventRoutes, type JobEventDeps } from './jobs/event-routes.js';
import { jobComponents, jobRoutes, type JobDeps } from './jobs/job-routes.js';
import { jobRecordRoutes, recordComponents, type JobRecordDeps } from './jobs/record-routes.js';
import { aliasComponents, aliasRoutes, type AliasDeps } from './models/alias-routes.js';
import { cardComponents, cardRoutes, type CardDeps } from './models/card-routes.js';
import { checkpointRoutes, type CheckpointDeps } from './models/checkpoint-routes.js';
import { evaluationComponents, evaluationRoutes, type EvaluationDeps } from './models/evaluation-routes.js';
import { exportRoutes, type ExportDeps } from './models/export-routes.js';
import { importComponents, importRoute, type ImportDeps } from './models/import-route.js';
import { modelComponents, modelRoutes, type ModelDeps } from './models/model-routes.js';
import { useOpenApi } from './openapi/openapi-plugin.js';
import { healthComponents, healthRoutes, type HealthDeps } from './operations/health-routes.js';
import { keyComponents, keyRoutes, type KeyDeps } from './access/key-routes.js';
import { metricsComponents, metricsRoutes, type MetricsDeps } from './operations/metrics-route.js';
import type { ShowQueues } from './operations/queue-board.js';
import { systemComponents, systemRoutes, type SystemDeps } from './operations/system-route.js';
import { pageRoutes } from './pages/pages.js';
import { useCompression } from './plugins/compression.js';
import { useJsonBodies } from './plugins/json.js';
import { useStrictQueryStrings } from './plugins/query-strings.js';
import { SchemaCompiler } from './plugins/schema-compiler.js';
import { useInferenceStatistics, type InferenceStatistics } from './predictions/inference-statistics.js';
import { predictionComponents, predictRoutes, type PredictDeps } from './predictions/predict-route.js';
import { createWaitingRoom, usePredictionRoutes } from './predictions/waiting-room.js';
import { problemComponents } from './problems/problem-schema.js';
import {
  openInference,
  openInferenceComponents,
  type OpenInferenceDeps,
} from './protocols/open-inference/open-inference.js';
import { sweepComponents, sweepRoutes, type SweepDeps } from './sweeps/sweep-routes.js';
import { tensorflowServingComponents } from './protocols/tensorflow-serving/schemas.js';
import {
  tensorflowServing,
  type TensorflowServingDeps,
} from './protocols/tensorflow-serving/tensorflow-serving.js';

export type ApiDeps = JobDeps &
  JobEventDeps &
  JobRecordDeps &
  DatasetDeps &
  ModelDeps &
  CardDeps &
  CheckpointDeps &
  EvaluationDeps &
  ExportDeps &
  ImportDeps &
  AliasDeps &
  BatchDeps &
  BatchFileDeps &
  SweepDeps &
  PredictDeps &
  OpenInferenceDeps &
  TensorflowServingDeps &
  HealthDeps &
  KeyDeps &
  SystemDeps &
  MetricsDeps &
  BaseAppDeps & {
    /** A Redis client with which several processes count the requests of a key together. */
    rateLimitStore?: object | undefined;
    /** How many predictions may be under way at a time. */
    maxWaitingPredictions: number;
    statistics: InferenceStatistics;
    /** For all bodies together that are being read or answered. */
    bodyMemoryBytes: number;
    slowBodies?: SlowBodies;
    /** The folder of the built web pages; without it there are none. */
    pagesFolder?: string;
    /** Without it there is no page that shows the queues. */
    showQueues?: ShowQueues;
  };

/** Even a client on a poor line is faster. */
const slowestBodies: SlowBodies = { graceMs: 10_000, bytesPerSecond: 1024 };

/** The named ones by name, as the OpenAPI document lists them. */
export const apiSchemas = new SchemaCompiler(
  [
    ...jobComponents,
    ...eventComponents,
    ...recordComponents,
    ...datasetComponents,
    GenerateRequest,
    ...predictionComponents,
    ...modelComponents,
    ...importComponents,
    ...cardComponents,
    ...evaluationComponents,
    ...aliasComponents,
    ...batchComponents,
    ...sweepComponents,
    ...openInferenceComponents,
    ...tensorflowServingComponents,
    ...healthComponents,
    ...keyComponents,
    ...systemComponents,
    ...metricsComponents,
    ...problemComponents,
  ].sort((one, other) => (one.name < other.name ? -1 : 1)),
);

/** `close` refuses new requests, and resolves when those under way have been answered. */
export async function buildApp(deps: ApiDeps): Promise<FastifyInstance> {
  const bodyMemory = new SharedBudget(deps.bodyMemoryBytes);
  const waitingRoom = createWaitingRoom({
    maxPredictions: deps.maxWaitingPredictions,
    bodyMemory,
    corsOrigins: deps.corsOrigins ?? [],
    log: deps.log,
    onRefused: () => deps.metrics.predictions.refused(),
  });
  deps.metrics.predictions.readWaiting(() => waitingRoom.size);
  const app = await createBaseApp(deps, apiSchemas, (answer) => waitingRoom.guard(answer));
  await useRateLimits(app, deps.rateLimitStore);
  await useCompression(app);
  useBodies(app, {
    memory: bodyMemory,
    slow: deps.slowBodies ?? slowestBodies,
    onArrived(request) {
      if (request.routeOptions.config.predicts) waitingRoom.enter(request);
    },
  });
  useJsonBodies(app);
  useStrictQueryStrings(app);
  usePredictionRoutes(app);
  useInferenceStatistics(app, deps.statistics);
  await useOpenApi(app);

  await app.register(jobRoutes, deps);
  await app.register(jobEventRoutes, deps);
  await app.register(jobRecordRoutes, deps);
  await app.register(datasetRoutes, deps);
  await app.register(generateRoute, deps);
  await app.register(predictRoutes, deps);
  await app.register(modelRoutes, deps);
  await app.register(cardRoutes, deps);
  await app.register(checkpointRoutes, deps);
  await app.register(evaluationRoutes, deps);
  await app.register(exportRoutes, deps);
  await app.register(importRoute, deps);
  await app.register(aliasRoutes, deps);
  await app.register(batchRoutes, deps);
  await app.register(batchFileRoutes, deps);
  await app.register(sweepRoutes, deps);
  await app.register((scope) => openInference(scope, deps), { prefix: '/v2' });
  await app.register((scope) => tensorflowServing(scope, deps), { prefix: '/v1/models' });
  await app.register(keyRoutes, deps);
  await app.register(systemRoutes, deps);
  await app.register(healthRoutes, deps);
  await app.register(metricsRoutes, deps);
  const { pagesFolder } = deps;
  if (pagesFolder !== undefined) await app.register((scope) => pageRoutes(scope, pagesFolder));
  if (deps.showQueues) {
    const { useQueueBoard } = await import('./operations/queue-board.js');
    await useQueueBoard(app, deps.showQueues);
  }
  return app;
}
