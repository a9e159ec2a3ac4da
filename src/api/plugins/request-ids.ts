/** Every request has an id, its client's or a new one; every log line of it and every answer carries it. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const header = 'x-request-id';

export function useRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    echoRequestId(request, reply);
    done();
  });
}

export function echoRequestId(request: FastifyRequest, reply: FastifyReply): void {
  reply.header(header, request.id);
}

/** A client's id is taken if it can stand in a log and in a header without harm. */
export function requestIdOf(request: IncomingMessage): string {
  const wanted = request.headers[header];
  return typeof wanted === 'string' && /^[\w.:-]{1,128}$/.test(wanted) ? wanted : randomUUID();
}
