/** Bodies that are no JSON: bytes as they are, and forms. Only for the routes of the plugin that asks for it. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import { readForm } from './form.js';

export function useBinaryBodies(app: FastifyInstance): void {
  app.addContentTypeParser(
    // The third and the fourth are no registered types, and clients send them for JPEG.
    ['image/png', 'image/jpeg', 'image/jpg', 'image/pjpeg', 'application/octet-stream'],
    (request: FastifyRequest, payload: IncomingMessage) => app.bodies.read(request, payload),
  );
  app.addContentTypeParser(
    'multipart/form-data',
    async (request: FastifyRequest, payload: IncomingMessage) => {
      const bytes = await app.bodies.read(request, payload);
      const { images, texts } = await readForm(bytes, request.headers['content-type'] ?? '');
      takeForQuery(request, texts);
      return { ...(images.length > 0 && { image: images }) };
    },
  );
}

/** The texts of a form say what a query string says, and are checked as one. */
function takeForQuery(request: FastifyRequest, texts: ReadonlyMap<string, string>): void {
  const query = request.query as Record<string, unknown>;
  for (const [name, text] of texts) {
    if (Object.hasOwn(query, name)) {
      const message = `${name} is given in the form and in the query string.`;
      throw new TrainyardError('INVALID_REQUEST', message);
    }
    // An assignment would drop `__proto__`, which is as unknown as others.
    Object.defineProperty(query, name, { value: text, enumerable: true, writable: true });
  }
}
