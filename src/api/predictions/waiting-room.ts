/**
 * Limits how many predictions are under way. Each holds a place from the moment its body has arrived until the last
 * byte of its answer. While all places are taken, requests are refused before the app runs and before their body is
 * read. Such a refusal costs a third of an answer, so that accepted requests are answered at full speed even under
 * twice the load that the service can bear.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import { TrainyardError } from '../../errors.js';
import type { Logger } from '../../lib/log.js';
import { noMemoryLeft } from '../bodies/body-reader.js';
import { credentialOf, holderOf } from '../access/credentials.js';
import { corsHeadersFor, type CorsOrigins } from '../access/cross-origin.js';
import { requestIdOf } from '../plugins/request-log.js';
import { securityHeaders } from '../plugins/security-headers.js';
import { bodyTextOf, problemOf, retryAfterOf, statusOf } from '../problems/problem.js';
import { SharedBudget } from '../bodies/shared-budget.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route predicts, and therefore needs a place in the waiting room. */
    predicts?: boolean;
  }
  interface FastifyRequest {
    /** For predictions: the time of arrival, on the clock of `performance.now`. */
    arrivedMs: number;
  }
}

const predictionPath =
  /^\/(?:predict|v2\/models\/.+\/infer|v1\/models\/.+:(?:predict|classify|regress)|v1\/jobs\/.+\/predict)\/?(?:\?|$)/;

const logEveryMs = 1_000;

export interface WaitingRoom {
  /** Predictions under way. */
  readonly size: number;
  /** Wraps `answer` so that it gets only the predictions that there is room for. */
  guard(answer: RequestListener): RequestListener;
  /** Takes a place for a prediction whose body has arrived. @throws TrainyardError OVERLOADED, CLIENT_GONE */
  enter(request: FastifyRequest): void;
}

export interface WaitingRoomOptions {
  maxPredictions: number;
  /** For all bodies together. A request whose Content-Length exceeds what is left is refused. */
  bodyMemory: SharedBudget;
  corsOrigins: CorsOrigins;
  log: Pick<Logger, 'warn'>;
  onRefused: () => void;
}

export function createWaitingRoom(options: WaitingRoomOptions): WaitingRoom {
  const { maxPredictions, bodyMemory, corsOrigins, log } = options;
  const places = new SharedBudget(maxPredictions);
  let refused = 0;

  /** The reason why there is no room, or null. */
  function reasonToRefuse(holder: string | undefined): string | null {
    if (!places.hasRoom(1)) {
      return `${places.taken} predictions are under way, the most that the service accepts. Try again in a second.`;
    }
    if (!places.holderHasRoom(holder, 1)) {
      return (
        `${places.mostPerHolder} predictions of this key are under way, half of what the service accepts. Try again ` +
        'in a second.'
      );
    }
    return null;
  }

  function countRefusal(): void {
    options.onRefused();
    // A log line for each refusal would cost as much as the refusal itself.
    if (refused++ === 0) setTimeout(logRefusals, logEveryMs).unref();
  }

  function refuse(request: IncomingMessage, response: ServerResponse, detail: string): void {
    countRefusal();
    const id = requestIdOf(request);
    const url = request.url ?? '';
    const isOwn = url.startsWith('/predict') || url.startsWith('/v1/jobs/');
    const body = bodyTextOf(
      isOwn ? problemOf({ code: 'OVERLOADED', detail }, { url, id }) : { error: detail },
    );
    response
      .writeHead(statusOf('OVERLOADED'), {
        ...securityHeaders,
        ...corsHeadersFor(request.headers.origin, corsOrigins),
        'content-type': isOwn ? 'application/problem+json' : 'application/json',
        'content-length': Buffer.byteLength(body),
        'retry-after': String(retryAfterOf('OVERLOADED')),
        'x-error-code': 'OVERLOADED',
        'x-request-id': id,
      })
      .end(body);
  }

  function logRefusals(): void {
    log.warn({ refused, within_ms: logEveryMs }, 'predictions were refused because too many were under way');
    refused = 0;
  }

  return {
    get size() {
      return places.taken;
    },

    guard(answer) {
      return (request, response) => {
        if (request.method !== 'POST' || !predictionPath.test(request.url ?? '')) {
          answer(request, response);
          return;
        }
        // A wrong key holds no place, so it need not be checked here.
        const reason =
          reasonToRefuse(credentialOf(request.headers)) ??
          (bodyMemory.hasRoom(Number(request.headers['content-length'] ?? 0)) ? null : noMemoryLeft);
        if (reason === null) answer(request, response);
        else refuse(request, response, reason);
      };
    },

    enter(request) {
      if (request.response.destroyed) throw new TrainyardError('CLIENT_GONE', 'The client went away.');
      const holder = holderOf(request);
      const reason = reasonToRefuse(holder);
      if (reason !== null) {
        countRefusal();
        throw new TrainyardError('OVERLOADED', reason);
      }
      places.take(holder, 1);
      // `close` comes once: after the answer, or when the client disconnects.
      request.response.once('close', () => places.release(holder, 1));
    },
  };
}

/**
 * Records when each prediction arrived. The waiting room recognises predictions by their path alone, so the routes must
 * match `predictionPath`.
 */
export function usePredictionRoutes(app: FastifyInstance): void {
  const mark: onRequestHookHandler = (request, _reply, done) => {
    request.arrivedMs = performance.now();
    done();
  };

  app.decorateRequest('arrivedMs', 0);
  app.addHook('onRoute', (route) => {
    const predicts = route.config?.predicts ?? false;
    if (predicts !== (route.method === 'POST' && predictionPath.test(route.url))) {
      throw new Error(`${route.url} predicts but does not match predictionPath, or the other way round`);
    }
    if (predicts) route.onRequest = [...[route.onRequest ?? []].flat(), mark];
  });
}
