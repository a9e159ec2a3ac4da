/**
 * Room for so many predictions at a time, counted from a request's head to its answer's last byte. Past it a request is
 * refused before the app and its body are touched: that costs a third of an answer, so that those taken in are answered as
 * fast as ever while twice as many come as can be borne.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import type { Logger } from '../log.js';
import { requestIdOf } from './plugins/request-ids.js';
import { securityHeaders } from './plugins/security-headers.js';
import { bodyTextOf, problemOf, retryAfterOf, statusOf } from './problem.js';

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

/** Of all bodies together. What does not say its length is taken for a body of JSON, few of which are longer. */
const maxBytes = 512 * 2 ** 20;
const bytesOfUnknown = 2 ** 20;

const tellEveryMs = 1_000;

export interface WaitingRoom {
  /** Predictions in it. */
  readonly size: number;
  /** `answer` without the predictions that there is no room for. */
  before(answer: RequestListener): RequestListener;
}

export function createWaitingRoom(
  maxPredictions: number,
  log: Pick<Logger, 'warn'>,
  onRefused: () => void = () => undefined,
): WaitingRoom {
  let size = 0;
  let bytes = 0;
  let refused = 0;

  function enter(response: ServerResponse, length: number): void {
    size++;
    bytes += length;
    // Comes once, after the answer or when the client goes away.
    response.once('close', () => {
      size--;
      bytes -= length;
    });
  }

  function refuse(request: IncomingMessage, response: ServerResponse): void {
    onRefused();
    // A line for each would cost as much as the refusal.
    if (refused++ === 0) setTimeout(tell, tellEveryMs).unref();
    const id = requestIdOf(request);
    const url = request.url ?? '';
    const detail = `${size} predictions wait, and no more are taken in for the moment. Ask again in a second.`;
    const isOwn = url.startsWith('/predict');
    const body = bodyTextOf(
      isOwn ? problemOf({ code: 'OVERLOADED', detail }, { url, id }) : { error: detail },
    );
    response
      .writeHead(statusOf('OVERLOADED'), {
        ...securityHeaders,
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
      return size;
    },
    before(answer) {
      return (request, response) => {
        if (request.method !== 'POST' || !predictionPath.test(request.url ?? '')) {
          answer(request, response);
          return;
        }
        const length = Number(request.headers['content-length'] ?? bytesOfUnknown);
        if (size >= maxPredictions || (size > 0 && bytes + length > maxBytes)) {
          refuse(request, response);
          return;
        }
        enter(response, length);
        answer(request, response);
      };
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
