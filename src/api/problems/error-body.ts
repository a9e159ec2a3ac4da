/**
 * The error body that the standard protocols share, `{"error": "…"}`, for whatever goes wrong on their routes. Status,
 * Retry-After and log are those of every route; the stable code goes into a header.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerWithProblem, isUnmatched, noteFailure } from './problem-details.js';
import { throwUnmatched } from './unmatched-requests.js';
import { bodyTextOf, sayWhenToRetry, sendProblem, statusOf, type Failure } from './problem.js';

const errorCodeHeader = 'x-error-code';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route answers errors with this body instead of a problem document. */
    errorBody?: boolean;
  }
}

/** For all routes of the scope; `sendUnmatched` is for what matches none of them. */
export function useErrorBodies(
  scope: FastifyInstance,
  sendUnmatched: (reply: FastifyReply, failure: Failure) => unknown = sendErrorBody,
): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, errorBody: true };
  });
  scope.setErrorHandler((error, request, reply) => {
    const failure = noteFailure(error, request, reply);
    if (isUnmatched(failure.code)) sendUnmatched(reply, failure);
    else sendErrorBody(reply, failure);
  });
  // So that the scope's error handler answers these too.
  scope.setNotFoundHandler(throwUnmatched);
}

/** `more` are members of its own. */
export function sendErrorBody(
  reply: FastifyReply,
  { code, detail }: Failure,
  more: Record<string, unknown> = {},
): FastifyReply {
  sayWhenToRetry(reply, code);
  reply.code(statusOf(code)).header(errorCodeHeader, code).type('application/json');
  return reply.send(bodyTextOf({ error: detail, ...more }));
}

/** For paths that TensorFlow Serving and this API share: a problem document that has the protocol's member too. */
export function answerWithBoth(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void sendBoth(reply, noteFailure(error, request, reply));
}

export function sendBoth(reply: FastifyReply, failure: Failure): FastifyReply {
  return sendProblem(reply, failure, { error: failure.detail });
}

/** Of a request that came to no route, as its path cannot be read. */
export function answerByPath(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (/^\/v2(?:[/?]|$)/.test(request.url)) answerWithErrorBody(error, request, reply);
  else if (request.url.startsWith('/v1/models/')) answerWithBoth(error, request, reply);
  else answerWithProblem(error, request, reply);
}

function answerWithErrorBody(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void sendErrorBody(reply, noteFailure(error, request, reply));
}
