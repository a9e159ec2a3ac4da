/** Every refusal and failure is answered as a problem document (RFC 9457) and logged once, by its weight. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../errors.js';
import { failureOf, sendProblem, statusOf, type Failure } from './problem.js';

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
  void sendProblem(reply, noteFailure(error, request, reply));
}

/** What is to be answered, in whatever shape; it has been logged. */
export function noteFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): Failure {
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
