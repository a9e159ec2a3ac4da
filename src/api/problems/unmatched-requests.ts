/**
 * Answers requests that match no route: OPTIONS with the methods of the path, another method of an existing path with
 * 405, and everything else with 404. This happens before keys are checked, since the routes are no secret, and before
 * the body is read.
 */
import findMyWay from 'find-my-way';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';

/** For Fastify's router and the one here. Names have at most 64 characters, ids fewer. */
export const routerOptions = { maxParamLength: 100, ignoreTrailingSlash: true };

/** The route `OPTIONS *` of @fastify/cors, which matches every path. */
const everyPath = '*';

/** To be called before the routes are added and after CORS, whose headers these answers have too. */
export function useAnswersToUnmatched(app: FastifyInstance): void {
  const methodsAt = followRoutes(app);

  app.addHook('onRequest', (request, reply, done) => {
    const isForEveryPath = request.routeOptions.url === everyPath;
    if (!request.is404 && !isForEveryPath) {
      done();
      return;
    }
    const allowed = methodsAt(request.url);
    if (allowed.length > 0) reply.header('allow', [...allowed, 'OPTIONS'].join(', '));
    if (request.method === 'OPTIONS' && (allowed.length > 0 || isForEveryPath)) void reply.code(204).send();
    else done(unmatched(request, allowed));
  });

  app.setNotFoundHandler(throwUnmatched);
}

/** Also for routes that find nothing themselves, such as a file. */
export function throwUnmatched(request: FastifyRequest): never {
  throw unmatched(request);
}

function unmatched(request: FastifyRequest, allowed: string[] = []): TrainyardError {
  const { method, server } = request;
  const path = request.url.split('?', 1)[0];
  if (allowed.length > 0) {
    return new TrainyardError(
      'METHOD_NOT_ALLOWED',
      `${path} does not take ${method}; send ${listOf(allowed)}.`,
    );
  }
  const hint = server.hasRoute({ method: 'GET', url: '/docs' }) ? ' /docs lists the routes.' : '';
  return new TrainyardError('ROUTE_NOT_FOUND', `There is no ${method} ${path}.${hint}`);
}

function listOf(methods: string[]): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(methods);
}

/** Fastify does not tell which methods a path has, so a second router of the same kind holds all routes. */
function followRoutes(app: FastifyInstance): (url: string) => string[] {
  const router = findMyWay(routerOptions);
  const methods = new Set<string>();
  app.addHook('onRoute', (route) => {
    if (route.url === everyPath) return;
    for (const method of [route.method].flat() as findMyWay.HTTPMethod[]) {
      methods.add(method);
      router.on(method, route.url, () => undefined);
    }
  });
  return (url) =>
    [...methods].filter((method) => {
      const params = router.find(method as findMyWay.HTTPMethod, url)?.params;
      // Names and ids have no colon. It begins a verb, which the route would have matched as part of the name.
      return params !== undefined && !Object.values(params).some((value) => value?.includes(':'));
    });
}
