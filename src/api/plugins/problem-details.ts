/** Every refusal and failure is answered as a problem document (RFC 9457) and logged once, by its weight. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../../errors.js';
import { failureOf, sendProblem, statusOf } from '../problem.js';

/** What a client cannot help and an operator must. */
const needOperator: readonly ErrorCode[] = ['QUEUE_UNAVAILABLE', 'STORAGE_UNAVAILABLE', 'STORAGE_FULL'];

export function useProblemDetails(app: FastifyInstance): void {
  app.setErrorHandler(answerWithProblem);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0];
    const detail = `There is no ${request.method} ${path}. /docs lists the routes.`;
    void sendProblem(reply, { code: 'ROUTE_NOT_FOUND', detail });
  });
}

export function answerWithProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error, request);
  const status = statusOf(failure.code);
  if (status === 500) {
    request.log.error({ err: error, code: failure.code }, 'a request failed');
  } else if (needOperator.includes(failure.code)) {
    request.log.warn({ err: error, code: failure.code }, failure.detail);
  } else {
    const { code, pointer, parameter } = failure;
    request.log.info({ code, pointer, parameter }, failure.detail);
  }
  // Fastify would close the connection here, and a client that still sends its body would lose the answer to a reset.
  // Left open, Node reads what comes and drops it.
  if (failure.code === 'BODY_TOO_LARGE') reply.removeHeader('connection');
  void sendProblem(reply, failure);
}
