/** How JSON is sent and read: its Content-Type in both directions, and which routes take a body. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest, preValidationHookHandler } from 'fastify';
import { TrainyardError } from '../../errors.js';

export function useJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  useJson(app, 'application/json');

  // A request without a body has no type, whatever the client claims: curl -X POST -d '' calls it a form.
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers['content-length'] === '0') delete headers['content-type'];
    done();
  });

  app.addHook('onRoute', (route) => {
    if (route.schema?.operationId === undefined || route.schema.body !== undefined) return;
    route.preValidation = [refuseBody, ...[route.preValidation ?? []].flat()];
  });
}

/** Parses bodies with this Content-Type as JSON. */
function useJson(app: FastifyInstance, contentType: string): void {
  app.addContentTypeParser(contentType, async (request: FastifyRequest, payload: IncomingMessage) =>
    app.parseJson(request, await app.bodies.read(request, payload)),
  );
}

/** For routes that describe no body. `{}` counts as no body. */
const refuseBody: preValidationHookHandler = (request, _reply, done) => {
  if (request.body === undefined || isEmptyObject(request.body)) done();
  else done(new TrainyardError('INVALID_REQUEST', 'This route takes no body.', { pointer: '' }));
};

function isEmptyObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && Object.keys(body).length === 0;
}

const charset = '; charset=utf-8';

/** application/json has no `charset` (RFC 8259, section 11), and some clients compare the type as a whole. */
export function usePlainJsonType(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const type = reply.getHeader('content-type');
    // Fastify adds the parameter.
    if (typeof type === 'string' && type.endsWith(charset) && type.includes('json')) {
      reply.header('content-type', type.slice(0, -charset.length));
    }
    done();
  });
}

/** Parses every body of the scope as JSON: `curl -d` calls it a form, and some clients send no type. */
export function useJsonOfAnyType(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  useJson(scope, '*');
}
