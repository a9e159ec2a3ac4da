/**
 * The path under which clients reach the service through a proxy: BASE_PATH, or what the proxy says in
 * X-Forwarded-Prefix. Requests are taken with BASE_PATH and without it, so that the proxy may pass it on or strip it, and
 * probes may leave it out. It changes links alone.
 */
import type { RequestListener } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** '' or like '/ml'. */
    basePath: string;
  }
}

const forwardedPrefix = 'x-forwarded-prefix';

/** What else a client might write there could lead its reader to another site. */
const prefixPattern = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;

/** Before everything that looks at a path. */
export function withoutBasePath(basePath: string, answer: RequestListener): RequestListener {
  if (basePath === '') return answer;
  return (request, response) => {
    const { url = '/' } = request;
    const rest = url.startsWith(basePath) ? url.slice(basePath.length) : url;
    if (/^[/?]|^$/.test(rest)) request.url = rest.startsWith('/') ? rest : `/${rest}`;
    answer(request, response);
  };
}

export function useBasePath(app: FastifyInstance, basePath: string): void {
  app.decorate('basePath', basePath);
}

/** '' where nothing is known of a proxy. A cache keeps what depends on it apart. */
export function basePathOf({ server, headers }: FastifyRequest, reply: FastifyReply): string {
  if (server.basePath !== '') return server.basePath;
  const vary = reply.getHeader('vary');
  reply.header('vary', vary === undefined ? forwardedPrefix : `${String(vary)}, ${forwardedPrefix}`);
  const prefix = headers[forwardedPrefix];
  if (typeof prefix !== 'string') return '';
  const path = prefix.replace(/\/$/, '');
  return path.length <= 200 && prefixPattern.test(path) ? path : '';
}
