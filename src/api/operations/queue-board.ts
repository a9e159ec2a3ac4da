/** Bull Board at /admin/queues: what waits and what is under way, to look at, with an `admin` key as the password. */
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import { basePathOf } from '../plugins/base-path.js';
import { useAccess } from '../access/keys.js';

const path = '/admin/queues';

/** Without the fonts that the page would fetch from elsewhere. */
const contentSecurityPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'";

/** Puts the queues on the page. */
export type ShowQueues = (page: FastifyAdapter) => Promise<void>;

export async function useQueueBoard(app: FastifyInstance, showQueues: ShowQueues): Promise<void> {
  const page = new FastifyAdapter().setBasePath(path);
  await showQueues(page);
  // What goes wrong is the app's to answer and to log.
  page.setErrorHandler((error) => {
    throw error;
  });
  await app.register(
    async (scope) => {
      useAccess(scope, 'admin');
      scope.addHook('onRequest', (_request, reply, done) => {
        reply.header('content-security-policy', contentSecurityPolicy);
        done();
      });
      // The page reads it at once when it is asked for, so that no other request comes between.
      scope.addHook('preHandler', (request, reply, done) => {
        page.setBasePath(basePathOf(request, reply) + path);
        done();
      });
      await scope.register(page.registerPlugin());
    },
    { prefix: path },
  );
}
