/** Every request has an id, which its answer and all its log lines carry, and one log line when it has been answered. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';

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

/** Takes the client's id if it is safe in a log and in a header. */
export function requestIdOf(request: IncomingMessage): string {
  const wanted = request.headers[header];
  return typeof wanted === 'string' && /^[\w.:-]{1,128}$/.test(wanted) ? wanted : randomUUID();
}

export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'request_id' });
  }

  override incomingRequest(): void {
    // The line for the answer says it all.
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { method, url, key } = request;
    const line = {
      method,
      url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...(key && { key: key.id }),
    };
    if (error) request.log.warn({ ...line, err: error }, 'the answer could not be sent');
    else request.log.info(line, 'request');
  }

  /** A client that leaves a stream ends its request; that is not an error. */
  override streamError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    const hasLeft = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    this.requestCompleted(hasLeft ? null : error, request, reply);
  }
}
