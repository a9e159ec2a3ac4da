/**
 * The error handlers: each error is logged once and answered as a problem document (RFC 9457). The routes of the standard
 * protocols answer it in their own form, `{"error": "…"}`, with the same status and Retry-After, and with the code in a header.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../errors.js';
import { failureOf, sendProblem, statusOf, type Failure, bodyTextOf, setRetryAfter } from './problem.js';
import { throwUnmatched } from './unmatched-requests.js';

/** Errors that an operator has to fix. */
const needOperator: readonly ErrorCode[] = ['QUEUE_UNAVAILABLE', 'STORAGE_UNAVAILABLE', 'STORAGE_FULL'];

/** These may be answered before the whole body has been read. */
const refusedBeforeTheEnd: readonly ErrorCode[] = [
  'BODY_TOO_LARGE',
  'DATASET_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'OVERLOADED',
];

/** Whether no route matched the request. */
function isUnmatched(code: ErrorCode): boolean {
  return code === 'ROUTE_NOT_FOUND' || code === 'METHOD_NOT_ALLOWED';
}

export function useProblemDetails(app: FastifyInstance): void {
  app.setErrorHandler(answerWithProblem);
}

function answerWithProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void sendProblem(reply, logFailure(error, request, reply));
}

/** Logs the error once, by its severity, and returns what to answer, in whatever form. */
export function logFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): Failure {
  const failure = failureOf(error, request);
  const { code, detail, pointer, parameter } = failure;
  if (statusOf(code) === 500) request.log.error({ err: error, code }, 'a request failed');
  else if (needOperator.includes(code)) request.log.warn({ err: error, code }, detail);
  // For a request without a route, its own log line is enough.
  else if (!isUnmatched(code)) request.log.info({ code, pointer, parameter }, detail);
  // Fastify would close the connection here. A client that is still sending its body would then lose the answer to a
  // reset. Node keeps reading an open connection and drops what arrives.
  if (refusedBeforeTheEnd.includes(code)) reply.removeHeader('connection');
  return failure;
}

const errorCodeHeader = 'x-error-code';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route answers errors with `{"error": "…"}` instead of a problem document. */
    protocolErrors?: boolean;
  }
}

/** For all routes of the scope. `sendUnmatched` answers requests that match none of them. */
export function useProtocolErrors(
  scope: FastifyInstance,
  sendUnmatched: (reply: FastifyReply, failure: Failure) => unknown = sendProtocolError,
): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, protocolErrors: true };
  });
  scope.setErrorHandler((error, request, reply) => {
    const failure = logFailure(error, request, reply);
    if (isUnmatched(failure.code)) sendUnmatched(reply, failure);
    else sendProtocolError(reply, failure);
  });
  // The error handler of the scope then answers these too.
  scope.setNotFoundHandler(throwUnmatched);
}

/** `more` has additional members. */
export function sendProtocolError(
  reply: FastifyReply,
  { code, detail }: Failure,
  more: Record<string, unknown> = {},
): FastifyReply {
  setRetryAfter(reply, code);
  reply.code(statusOf(code)).header(errorCodeHeader, code).type('application/json');
  return reply.send(bodyTextOf({ error: detail, ...more }));
}

/** For paths that this API shares with TensorFlow Serving: a problem document with the protocol's `error` member. */
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

/** For a request whose path cannot be read, so that it has no route. */
export function answerErrorByPath(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (/^\/v2(?:[/?]|$)/.test(request.url)) answerWithProtocolError(error, request, reply);
  else if (request.url.startsWith('/v1/models/')) answerWithCompatibleProblem(error, request, reply);
  else answerWithProblem(error, request, reply);
}

function answerWithProtocolError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void sendProtocolError(reply, logFailure(error, request, reply));
}
