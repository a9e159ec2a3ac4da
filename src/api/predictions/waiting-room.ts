/**
 * Room for so many predictions at a time, each counted from the moment its body is there to its answer's last byte. While
 * there is none, a request is refused before the app and its body are touched: that costs a third of an answer, so that
 * those taken in are answered as fast as ever while twice as many come as can be borne.
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
    /** Whether the route predicts, and so needs a place in the waiting room. */
    predicts?: boolean;
  }
  interface FastifyRequest {
    /** Of a prediction: when it came, on the clock of `performance.now`. */
    arrivedMs: number;
  }
}

const predictionPath = /^\/(?:predict|v2\/models\/.+\/infer|v1\/models\/.+:(?:predict|classify))\/?(?:\?|$)/;

const tellEveryMs = 1_000;

export interface WaitingRoom {
  /** Predictions in it. */
  readonly size: number;
  /** `answer` without the predictions that there is no room for. */
  guard(answer: RequestListener): RequestListener;
  /** A prediction whose body is there. @throws TrainyardError OVERLOADED, CLIENT_GONE */
  enter(request: FastifyRequest): void;
}

export interface WaitingRoomOptions {
  maxPredictions: number;
  /** Of all bodies together; a body that says to be longer than what is left is refused. */
  bodyMemory: SharedBudget;
  corsOrigins: CorsOrigins;
  log: Pick<Logger, 'warn'>;
  onRefused: () => void;
}

export function createWaitingRoom(options: WaitingRoomOptions): WaitingRoom {
  const { maxPredictions, bodyMemory, corsOrigins, log } = options;
  const places = new SharedBudget(maxPredictions);
  let refused = 0;

  /** Why there is no room; null: there is. */
  function whyNot(holder: string | undefined): string | null {
    if (!places.hasRoom(1)) {
      return `${places.taken} predictions wait, and no more are taken in for the moment. Ask again in a second.`;
    }
    if (!places.holderHasRoom(holder, 1)) {
      return `${places.mostPerHolder} predictions of this key wait, half of all that are taken in. Ask again in a second.`;
    }
    return null;
  }

  function count(): void {
    options.onRefused();
    // A line for each would cost as much as the refusal.
    if (refused++ === 0) setTimeout(tell, tellEveryMs).unref();
  }

  function refuse(request: IncomingMessage, response: ServerResponse, detail: string): void {
    count();
    const id = requestIdOf(request);
    const url = request.url ?? '';
    const isOwn = url.startsWith('/predict');
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

  function tell(): void {
    log.warn({ refused, within_ms: tellEveryMs }, 'predictions were refused, as there was no room for them');
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
        // Of a key that is wrong nobody holds a place.
        const reason =
          whyNot(credentialOf(request.headers)) ??
          (bodyMemory.hasRoom(Number(request.headers['content-length'] ?? 0)) ? null : noMemoryLeft);
        if (reason === null) answer(request, response);
        else refuse(request, response, reason);
      };
    },

    enter(request) {
      if (request.response.destroyed) throw new TrainyardError('CLIENT_GONE', 'The client went away.');
      const holder = holderOf(request);
      const reason = whyNot(holder);
      if (reason !== null) {
        count();
        throw new TrainyardError('OVERLOADED', reason);
      }
      places.take(holder, 1);
      // Comes once, after the answer or when the client goes away.
      request.response.once('close', () => places.release(holder, 1));
    },
  };
}

/** Marks when each prediction came. As the room knows one by its path alone, each route must be what its path says. */
export function usePredictionRoutes(app: FastifyInstance): void {
  const mark: onRequestHookHandler = (request, _reply, done) => {
    request.arrivedMs = performance.now();
    done();
  };

  app.decorateRequest('arrivedMs', 0);
  app.addHook('onRoute', (route) => {
    const predicts = route.config?.predicts ?? false;
    if (predicts !== (route.method === 'POST' && predictionPath.test(route.url))) {
      throw new Error(`${route.url} predicts, or it looks as if it did: see predictionPath`);
    }
    if (predicts) route.onRequest = [...[route.onRequest ?? []].flat(), mark];
  });
}
