/** The HTTP service as one Fastify app, the same in production and in tests. It owns nothing that it is given. */
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from '../log.js';
import { useRefusalWhenClosing } from './plugins/closing.js';
import { useJsonBodies } from './plugins/json-body.js';
import { useOpenApi } from './plugins/openapi.js';
import { answerWithProblem, useProblemDetails } from './plugins/problem-details.js';
import { useStrictQueryStrings } from './plugins/query-strings.js';
import type { ShowQueues } from './plugins/queue-board.js';
import { echoRequestId, requestIdOf, useRequestIds } from './plugins/request-ids.js';
import { RequestLog } from './request-log.js';
import { healthRoutes, type HealthDeps } from './routes/health.js';
import { jobEventRoutes, type JobEventDeps } from './routes/job-events.js';
import { jobRecordRoutes, type JobRecordDeps } from './routes/job-records.js';
import { jobRoutes, type JobDeps } from './routes/jobs.js';
import { modelRoutes, type ModelDeps } from './routes/models.js';
import { predictRoutes, type PredictDeps } from './routes/predict.js';
import { components } from './schemas/components.js';

export interface ApiDeps extends JobDeps, JobEventDeps, JobRecordDeps, ModelDeps, PredictDeps, HealthDeps {
  log: Logger;
  /** None: there is no board of the queues. */
  showQueues?: ShowQueues;
}

/** `close` refuses new requests and resolves when those under way have been answered. */
export async function buildApp(deps: ApiDeps): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = deps.log;
  const app = fastify({
    loggerInstance,
    logController: new RequestLog(),
    genReqId: requestIdOf,
    return503OnClosing: false,
    bodyLimit: 2 ** 20,
    // How long a request may take to come in.
    requestTimeout: 120_000,
    // Of requests that come to no route and so to no hook.
    frameworkErrors(error, request, reply) {
      echoRequestId(request, reply);
      answerWithProblem(error, request, reply);
    },
    ajv: {
      // What a client sends is checked and left as it is. `verbose` lets an error say which fields there are.
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, verbose: true },
    },
  });

  useRequestIds(app);
  useRefusalWhenClosing(app);
  useProblemDetails(app);
  useJsonBodies(app);
  useStrictQueryStrings(app);
  for (const { schema } of components) app.addSchema(schema);
  await useOpenApi(app);

  await app.register(jobRoutes, deps);
  await app.register(jobEventRoutes, deps);
  await app.register(jobRecordRoutes, deps);
  await app.register(predictRoutes, deps);
  await app.register(modelRoutes, deps);
  await app.register(healthRoutes, deps);
  if (deps.showQueues) {
    const { useQueueBoard } = await import('./plugins/queue-board.js');
    await useQueueBoard(app, deps.showQueues);
  }
  return app;
}
