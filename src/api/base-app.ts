/**
 * The base of every app of this service: its limits, its log, its metrics and traces, who may use it, and how it answers
 * errors.
 */
import type { RequestListener } from 'node:http';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Logger } from '../lib/log.js';
import { useCors, type CorsOrigins } from './access/cross-origin.js';
import { refuseForeignPages } from './access/foreign-pages.js';
import { refuseDoubtfulHosts } from './access/hosts.js';
import { useKeys, type Keys } from './access/keys.js';
import { smallBodyBytes } from './bodies/bodies.js';
import { useBasePath, withoutBasePath } from './plugins/base-path.js';
import { createApiServer, refuseUnreadable, refuseWhenClosing } from './plugins/http-server.js';
import { usePlainJsonType } from './plugins/json.js';
import { echoRequestId, requestIdOf, RequestLog, useRequestIds } from './plugins/request-log.js';
import { measureRequest, useMetrics, type RequestMetrics } from './plugins/request-metrics.js';
import type { SchemaCompiler } from './plugins/schema-compiler.js';
import { securityHeaders, useSecurityHeaders } from './plugins/security-headers.js';
import { useTracing } from './plugins/tracing.js';
import { answerErrorByPath, useProblemDetails } from './problems/error-handlers.js';
import { routerOptions, useAnswersToUnmatched } from './problems/unmatched-requests.js';

export interface BaseAppDeps {
  log: Logger;
  metrics: RequestMetrics;
  /** Whether each request becomes a span. */
  traced?: boolean | undefined;
  /** Without a key ring nobody needs a key. */
  keys?: Keys;
  /** The path under which clients reach the service through a proxy; '' without one. */
  basePath?: string;
  /** Origins whose pages may use the service, besides its own. */
  corsOrigins?: CorsOrigins;
  /** While nobody needs a key: the host names that requests may use, besides those of this machine. */
  anonymousHosts?: '*' | readonly string[];
}

/**
 * `schemas` compiles the schemas of the app's routes. `wrap` may answer requests before the app sees them.
 */
export async function createBaseApp(
  { log, metrics, traced = false, keys, basePath = '', corsOrigins = [], anonymousHosts = '*' }: BaseAppDeps,
  schemas: SchemaCompiler,
  wrap: (answer: RequestListener) => RequestListener = (answer) => answer,
): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    serverFactory: (answer) => createApiServer(withoutBasePath(basePath, wrap(answer))),
    loggerInstance,
    logController: new RequestLog(),
    genReqId: requestIdOf,
    return503OnClosing: false,
    bodyLimit: smallBodyBytes,
    clientErrorHandler: refuseUnreadable,
    routerOptions,
    // These requests reach no route and therefore no hook.
    frameworkErrors(error, request, reply) {
      measureRequest(request, reply, metrics);
      reply.headers(securityHeaders);
      echoRequestId(request, reply);
      answerErrorByPath(error, request, reply);
    },
  });

  useBasePath(app, basePath);
  // The metrics come first, so that they see everything that follows.
  useMetrics(app, metrics);
  if (traced) useTracing(app);
  useRequestIds(app);
  useSecurityHeaders(app);
  refuseWhenClosing(app);
  useProblemDetails(app);
  usePlainJsonType(app);
  if (corsOrigins.length > 0) await useCors(app, corsOrigins);
  refuseDoubtfulHosts(app);
  refuseForeignPages(app, { isAnonymous: () => !keys?.isConfigured, anonymousHosts, corsOrigins });
  useAnswersToUnmatched(app);
  useKeys(app, keys);
  schemas.use(app);
  return app;
}
