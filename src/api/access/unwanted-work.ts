/** Work for a request that takes long, and is to end when nobody wants its answer any more. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import type { Keys } from './keys.js';

/**
 * What is asked again and again meanwhile. Without a key ring nobody needs a key. `again` says what to do once the service is back.
 * @returns a function that throws TrainyardError CLIENT_GONE, FORBIDDEN, SHUTTING_DOWN
 */
export function unwantedWork(
  app: Pick<FastifyInstance, 'addHook'>,
  keys: Pick<Keys, 'stillAdmits'> | undefined,
  again: string,
): (request: FastifyRequest) => void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  return ({ key, response }) => {
    if (response.destroyed) throw new TrainyardError('CLIENT_GONE', 'The client went away.');
    if (isClosing) throw new TrainyardError('SHUTTING_DOWN', `The service is stopping. ${again}`);
    if (keys?.stillAdmits(key) === false)
      throw new TrainyardError('FORBIDDEN', 'The key no longer allows this.');
  };
}
