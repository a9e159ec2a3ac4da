/** What every app of this service begins with: its limits, its log, its metrics and traces, who gets in, and how it refuses. */
import type { RequestListener } from 'node:http';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from '../lib/log.js';
import { smallBodyBytes } from './bodies/bodies.js';
import { useRefusalWhenClosing } from './plugins/closing.js';
import { useCors, type CorsOrigins } from './access/cross-origin.js';
import { refuseForeignPages } from './access/foreign-pages.js';
import { refuseDoubtfulHosts } from './access/hosts.js';
import { usePlainJsonType } from './plugins/json-type.js';
import { useKeys, type Keys } from './access/keys.js';
import { measure, useMetrics, type RequestMetrics } from './plugins/request-metrics.js';
import { useProblemDetails } from './problems/problem-details.js';
import { echoRequestId, requestIdOf, useRequestIds } from './plugins/request-ids.js';
import { securityHeaders, useSecurityHeaders } from './plugins/security-headers.js';
import { useTracing } from './plugins/tracing.js';
import { routerOptions, useAnswersToUnmatched } from './problems/unmatched-requests.js';
import { answerByPath } from './problems/error-body.js';
import { RequestLog } from './plugins/request-log.js';
import { components } from './components.js';
import { createApiServer } from './plugins/http-server.js';
import { useBasePath, withoutBasePath } from './plugins/base-path.js';
import { refuseUnreadable } from './plugins/unreadable-request.js';
import { buildValidator } from './plugins/validation.js';

export interface BaseAppDeps {
  log: Logger;
  metrics: RequestMetrics;
  /** Whether requests are spans. */
  traced?: boolean | undefined;
  /** None: nobody needs a key. */
  keys?: Keys;
  /** Under which path clients reach the service through a proxy; '': without one. */
  basePath?: string;
  /** Whose pages may ask; none: only the service's own. */
  corsOrigins?: CorsOrigins;
  /** As long as nobody needs a key: by which names the service may be asked, besides those of its own machine. */
  anonymousHosts?: '*' | readonly string[];
}

/** `before` takes the requests first. */
export async function createBaseApp(
  { log, metrics, traced = false, keys, basePath = '', corsOrigins = [], anonymousHosts = '*' }: BaseAppDeps,
  before: (answer: RequestListener) => RequestListener = (answer) => answer,
): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    serverFactory: (answer) => createApiServer(withoutBasePath(basePath, before(answer))),
    loggerInstance,
    logController: new RequestLog(),
    genReqId: requestIdOf,
    return503OnClosing: false,
    bodyLimit: smallBodyBytes,
    clientErrorHandler: refuseUnreadable,
    routerOptions,
    // Of requests that come to no route and so to no hook.
    frameworkErrors(error, request, reply) {
      measure(request, reply, metrics);
      reply.headers(securityHeaders);
      echoRequestId(request, reply);
      answerByPath(error, request, reply);
    },
    schemaController: { compilersFactory: { buildValidator } },
    ajv: {
      // What a client sends is checked and left as it is. `verbose` lets an error say which fields there are.
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, verbose: true },
    },
  });

  useBasePath(app, basePath);
  // First, so that all that follows is seen.
  useMetrics(app, metrics);
  if (traced) useTracing(app);
  useRequestIds(app);
  useSecurityHeaders(app);
  useRefusalWhenClosing(app);
  useProblemDetails(app);
  usePlainJsonType(app);
  if (corsOrigins.length > 0) await useCors(app, corsOrigins);
  refuseDoubtfulHosts(app);
  refuseForeignPages(app, { isAnonymous: () => !keys?.isConfigured, anonymousHosts, corsOrigins });
  useAnswersToUnmatched(app);
  useKeys(app, keys);
  for (const { schema } of components) app.addSchema(schema);
  return app;
}
