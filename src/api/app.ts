/** The HTTP service as one Fastify app, the same in production and in tests. It owns nothing that it is given. */
import type { FastifyInstance } from 'fastify';
import { createBaseApp, type BaseAppDeps } from './base-app.js';
import { useBodies } from './bodies/bodies.js';
import type { SlowBodies } from './bodies/body-reader.js';
import { useCompression } from './plugins/compression.js';
import { useJsonBodies } from './plugins/json-body.js';
import { useOpenApi } from './openapi/openapi-plugin.js';
import { useStrictQueryStrings } from './plugins/query-strings.js';
import type { ShowQueues } from './operations/queue-board.js';
import { useRateLimits } from './access/rate-limits.js';
import { useInferenceStatistics, type InferenceStatistics } from './predictions/inference-statistics.js';
import { openInference, type OpenInferenceDeps } from './protocols/open-inference/open-inference.js';
import {
  tensorflowServing,
  type TensorflowServingDeps,
} from './protocols/tensorflow-serving/tensorflow-serving.js';
import { aliasRoutes, type AliasDeps } from './models/aliases.js';
import { healthRoutes, type HealthDeps } from './operations/health.js';
import { jobEventRoutes, type JobEventDeps } from './jobs/job-events.js';
import { jobRecordRoutes, type JobRecordDeps } from './jobs/job-records.js';
import { jobRoutes, type JobDeps } from './jobs/jobs.js';
import { metricsRoutes, type MetricsDeps } from './operations/prometheus.js';
import { modelRoutes, type ModelDeps } from './models/models.js';
import { predictRoutes, type PredictDeps } from './predictions/predict.js';
import { Shares } from './bodies/shares.js';
import { createWaitingRoom, usePredictionRoutes } from './predictions/waiting-room.js';

export type ApiDeps = JobDeps &
  JobEventDeps &
  JobRecordDeps &
  ModelDeps &
  AliasDeps &
  PredictDeps &
  OpenInferenceDeps &
  TensorflowServingDeps &
  HealthDeps &
  MetricsDeps &
  BaseAppDeps & {
    /** A Redis client, where the requests of keys with a limit are counted by several processes. */
    rateLimitStore?: object | undefined;
    /** That may be under way at a time. */
    maxWaitingPredictions: number;
    statistics: InferenceStatistics;
    /** Of all bodies that are being read or answered. */
    bodyMemoryBytes: number;
    slowBodies?: SlowBodies;
    /** None: there is no board of the queues. */
    showQueues?: ShowQueues;
  };

/** A client on a poor line is faster. */
const slowestBodies: SlowBodies = { graceMs: 10_000, bytesPerSecond: 1024 };

/** `close` refuses new requests and resolves when those under way have been answered. */
export async function buildApp(deps: ApiDeps): Promise<FastifyInstance> {
  const bodyMemory = new Shares(deps.bodyMemoryBytes);
  const room = createWaitingRoom({
    maxPredictions: deps.maxWaitingPredictions,
    bodyMemory,
    corsOrigins: deps.corsOrigins ?? [],
    log: deps.log,
    onRefused: () => deps.metrics.predictions.refused(),
  });
  deps.metrics.predictions.readWaiting(() => room.size);
  const app = await createBaseApp(deps, (answer) => room.before(answer));
  await useRateLimits(app, deps.rateLimitStore);
  await useCompression(app);
  useBodies(app, {
    memory: bodyMemory,
    slow: deps.slowBodies ?? slowestBodies,
    onArrived(request) {
      if (request.routeOptions.config.predicts) room.enter(request);
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
  await app.register(predictRoutes, deps);
  await app.register(modelRoutes, deps);
  await app.register(aliasRoutes, deps);
  await app.register((scope) => openInference(scope, deps), { prefix: '/v2' });
  await app.register((scope) => tensorflowServing(scope, deps), { prefix: '/v1/models' });
  await app.register(healthRoutes, deps);
  await app.register(metricsRoutes, deps);
  if (deps.showQueues) {
    const { useQueueBoard } = await import('./operations/queue-board.js');
    await useQueueBoard(app, deps.showQueues);
  }
  return app;
}
