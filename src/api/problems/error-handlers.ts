/**
 * The error handlers: each error is logged once and answered as a problem document (RFC 9457). The routes of the standard
 * protocols answer it in their own form, `{"error": "…"}`, with the same status and Retry-After, and with the code in a header.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../errors.js';
import { failureOf, sendProblem, statusOf, type Failure, bodyTextOf, setRetryAfter } from './problem.js';
import { throwUnmatched } from './unmatched-requests.js';

/** What a client cannot help and an operator must. */
const needOperator: readonly ErrorCode[] = ['QUEUE_UNAVAILABLE', 'STORAGE_UNAVAILABLE', 'STORAGE_FULL'];

/** With part of the body unread. */
const refusedBeforeTheEnd: readonly ErrorCode[] = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'OVERLOADED'];

/** Whether no route has taken the request. */
export function isUnmatched(code: ErrorCode): boolean {
  return code === 'ROUTE_NOT_FOUND' || code === 'METHOD_NOT_ALLOWED';
}

export function useProblemDetails(app: FastifyInstance): void {
  app.setErrorHandler(answerWithProblem);
}

export function answerWithProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void sendProblem(reply, logFailure(error, request, reply));
}

/** What is to be answered, in whatever shape; it has been logged. */
export function logFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): Failure {
  const failure = failureOf(error, request);
  const { code, detail, pointer, parameter } = failure;
  if (statusOf(code) === 500) request.log.error({ err: error, code }, 'a request failed');
  else if (needOperator.includes(code)) request.log.warn({ err: error, code }, detail);
  // Of what matched no route the line of the request says it all.
  else if (!isUnmatched(code)) request.log.info({ code, pointer, parameter }, detail);
  // Fastify would close the connection here, and a client that still sends its body would lose the answer to a reset.
  // Left open, Node reads what comes and drops it.
  if (refusedBeforeTheEnd.includes(code)) reply.removeHeader('connection');
  return failure;
}

const errorCodeHeader = 'x-error-code';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route answers errors with this body instead of a problem document. */
    errorBody?: boolean;
  }
}

/** For all routes of the scope; `sendUnmatched` is for what matches none of them. */
export function useProtocolErrors(
  scope: FastifyInstance,
  sendUnmatched: (reply: FastifyReply, failure: Failure) => unknown = sendProtocolError,
): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, errorBody: true };
  });
  scope.setErrorHandler((error, request, reply) => {
    const failure = logFailure(error, request, reply);
    if (isUnmatched(failure.code)) sendUnmatched(reply, failure);
    else sendProtocolError(reply, failure);
  });
  // So that the scope's error handler answers these too.
  scope.setNotFoundHandler(throwUnmatched);
}

/** `more` are members of its own. */
export function sendProtocolError(
  reply: FastifyReply,
  { code, detail }: Failure,
  more: Record<string, unknown> = {},
): FastifyReply {
  setRetryAfter(reply, code);
  reply.code(statusOf(code)).header(errorCodeHeader, code).type('application/json');
  return reply.send(bodyTextOf({ error: detail, ...more }));
}

/** For paths that TensorFlow Serving and this API share: a problem document that has the protocol's member too. */
export function answerWithCompatibleProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  void sendCompatibleProblem(reply, logFailure(error, request, reply));
}

export function sendCompatibleProblem(reply: FastifyReply, failure: Failure): FastifyReply {
  return sendProblem(reply, failure, { error: failure.detail });
}

/** Of a request that came to no route, as its path cannot be read. */
export function answerErrorByPath(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (/^\/v2(?:[/?]|$)/.test(request.url)) answerWithProtocolError(error, request, reply);
  else if (request.url.startsWith('/v1/models/')) answerWithCompatibleProblem(error, request, reply);
  else answerWithProblem(error, request, reply);
}

function answerWithProtocolError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void sendProtocolError(reply, logFailure(error, request, reply));
}
