/** From the moment the app begins to close, new requests on open connections are refused; those under way go on. */
import type { FastifyInstance } from 'fastify';
import { TrainyardError } from '../../errors.js';

/** Takes the place of Fastify's `return503OnClosing`, whose answer is not a problem document. */
export function useRefusalWhenClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) done(new TrainyardError('SHUTTING_DOWN', 'The service is stopping. Ask again in a moment.'));
    else done();
  });
}
