/**
 * Limits how many predictions are under way. Each holds a place from the moment its body has arrived until the last
 * byte of its answer. While there is no place for a request, it is refused before the app runs and before its body is read.
 *
 * A key may hold as many places as are free: one key alone half of them, two a third each, and so on, so that there is always room
 * for another (A. K. Choudhury and E. L. Hahne, Dynamic queue length thresholds for shared-memory packet switches, 1998).
 * Requests that say that they are not urgent (RFC 9218) get places only in the first half of the room.
 */
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import { TrainyardError } from '../../errors.js';
import { maskKeys, type Logger } from '../../lib/log.js';
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

const noPlace = 'As many predictions are under way as the service accepts. Try again in a second.';
const noFairPlace =
  'This key has as many predictions under way as the service has places free, because no key may keep the others out. Try again ' +
  'in a second.';
const noBackgroundPlace =
  'Half of the places for predictions are taken, and the rest is for requests that are more urgent than the header Priority ' +
  'says of this one. Try again in a second.';

// What all refusals have in common is made once: under an overload there are more of them than answers.
const refusalHeaders = [
  ...Object.entries(securityHeaders).flat(),
  'retry-after',
  String(retryAfterOf('OVERLOADED')),
  'x-error-code',
  'OVERLOADED',
];
const ownRefusalHeaders = [...refusalHeaders, 'content-type', 'application/problem+json'];
const otherRefusalHeaders = [...refusalHeaders, 'content-type', 'application/json'];

/** By detail, what is before and after the request id in a problem document of /predict. */
const problemPieces = new Map<string, string[]>();
const placeholder = 'the-request-id';

function problemText(detail: string, url: string, id: string): string {
  // In another URL there may be anything, a key for example.
  if (url !== '/predict') return bodyTextOf(problemOf({ code: 'OVERLOADED', detail }, { url, id }));
  let pieces = problemPieces.get(detail);
  if (pieces === undefined) {
    pieces = bodyTextOf(problemOf({ code: 'OVERLOADED', detail }, { url, id: placeholder })).split(
      placeholder,
    );
    problemPieces.set(detail, pieces);
  }
  return maskKeys(pieces.join(id));
}

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
  function reasonToRefuse(holder: string | undefined, headers: IncomingHttpHeaders): string | null {
    if (!places.hasRoom(1)) return noPlace;
    if (!places.holderHasFairRoom(holder, 1)) return noFairPlace;
    return isBackground(headers) && 2 * (places.taken + 1) > maxPredictions ? noBackgroundPlace : null;
  }

  function countRefusal(): void {
    options.onRefused();
    // A log line for each refusal would cost as much as the refusal itself.
    if (refused++ === 0) setTimeout(logRefusals, logEveryMs).unref();
  }

  function refuse(request: IncomingMessage, response: ServerResponse, detail: string): void {
    countRefusal();
    const { url = '', headers } = request;
    const id = requestIdOf(request);
    const isOwn = url.startsWith('/predict') || url.startsWith('/v1/jobs/');
    const body = isOwn ? problemText(detail, url, id) : bodyTextOf({ error: detail });
    const all = [
      ...(isOwn ? ownRefusalHeaders : otherRefusalHeaders),
      'content-length',
      String(Buffer.byteLength(body)),
      'x-request-id',
      id,
    ];
    if (headers.origin !== undefined) {
      all.push(...Object.entries(corsHeadersFor(headers.origin, corsOrigins) ?? {}).flat());
    }
    response.writeHead(statusOf('OVERLOADED'), all).end(body);
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
          reasonToRefuse(credentialOf(request.headers), request.headers) ??
          (bodyMemory.hasRoom(Number(request.headers['content-length'] ?? 0)) ? null : noMemoryLeft);
        if (reason === null) answer(request, response);
        else refuse(request, response, reason);
      };
    },

    enter(request) {
      if (request.response.destroyed) throw new TrainyardError('CLIENT_GONE', 'The client went away.');
      const holder = holderOf(request);
      const reason = reasonToRefuse(holder, request.headers);
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

/** By the header `Priority`: an urgency of 4 to 7, where 3 is usual and 0 the most urgent (RFC 9218, section 4.1). */
export function isBackground({ priority }: IncomingHttpHeaders): boolean {
  return typeof priority === 'string' && /(?:^|[,\s])u=[4-7](?:$|[,;\s])/.test(priority);
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
