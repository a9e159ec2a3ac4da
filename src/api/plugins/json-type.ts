/**
 * JSON goes without a `charset`: application/json has no such parameter (RFC 8259, section 11), and some clients compare
 * the type as a whole.
 */
import type { FastifyInstance } from 'fastify';

const parameter = '; charset=utf-8';

export function usePlainJsonType(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const type = reply.getHeader('content-type');
    // Fastify adds it.
    if (typeof type === 'string' && type.endsWith(parameter) && type.includes('json')) {
      reply.header('content-type', type.slice(0, -parameter.length));
    }
    done();
  });
}
