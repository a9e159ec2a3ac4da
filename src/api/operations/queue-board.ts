/** Bull Board at /admin/queues shows the jobs in the queues. A browser sends an `admin` key as the password. */
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import { basePathOf } from '../plugins/base-path.js';
import { useAccess } from '../access/keys.js';

const path = '/admin/queues';

/** Keeps the page from fetching its fonts from elsewhere. */
const contentSecurityPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'";

/** Adds the queues to the page. */
export type ShowQueues = (page: FastifyAdapter) => Promise<void>;

export async function useQueueBoard(app: FastifyInstance, showQueues: ShowQueues): Promise<void> {
  const page = new FastifyAdapter().setBasePath(path);
  await showQueues(page);
  // The app answers and logs errors.
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
      // The page reads it synchronously, so that no other request comes between.
      scope.addHook('preHandler', (request, reply, done) => {
        page.setBasePath(basePathOf(request, reply) + path);
        done();
      });
      await scope.register(page.registerPlugin());
    },
    { prefix: path },
  );
}
