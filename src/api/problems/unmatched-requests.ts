/**
 * Requests that no route matches. OPTIONS is answered with what the path takes, another method of a path that is there
 * with 405, and the rest with 404; before the keys, as what the API takes is no secret, and before the body is read.
 */
import findMyWay from 'find-my-way';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';

/** How a path is matched, by Fastify and here. Names have 64 characters at most, ids fewer. */
export const routerOptions = { maxParamLength: 100, ignoreTrailingSlash: true };

/** `OPTIONS *` of @fastify/cors, which stands for every path. */
const everyPath = '*';

/** Before the routes, and after CORS, whose headers these answers have too. */
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

/** For what a route itself does not find, a file for one. */
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

/** Fastify does not say which methods a path takes: its routes are kept a second time, in a router of the same kind. */
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
      // No name and no id has a colon: it begins a verb, which the route would have matched as a part of the name.
      return params !== undefined && !Object.values(params).some((value) => value?.includes(':'));
    });
}
