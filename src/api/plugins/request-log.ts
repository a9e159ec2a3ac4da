/** One line for each request, when it has been answered. */
import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';

export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'request_id' });
  }

  override incomingRequest(): void {
    // Its answer says it all.
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

  /** A client that leaves a stream has had what it wanted; that ends its request. */
  override streamError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    const hasLeft = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    this.requestCompleted(hasLeft ? null : error, request, reply);
  }
}
