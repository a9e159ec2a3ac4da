/**
 * The path under which clients reach the service through a proxy: BASE_PATH, or the proxy's X-Forwarded-Prefix.
 * Requests are accepted with and without BASE_PATH, so that the proxy may strip it or not and probes may leave it out.
 * It only changes links.
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

/** Any other value could make links lead to another site. */
const prefixPattern = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;

/** Goes before everything that looks at the path. */
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

/** '' without a known proxy. Sets `Vary`, because the answer depends on the header. */
export function basePathOf({ server, headers }: FastifyRequest, reply: FastifyReply): string {
  if (server.basePath !== '') return server.basePath;
  const vary = reply.getHeader('vary');
  reply.header('vary', vary === undefined ? forwardedPrefix : `${String(vary)}, ${forwardedPrefix}`);
  const prefix = headers[forwardedPrefix];
  if (typeof prefix !== 'string') return '';
  const path = prefix.replace(/\/$/, '');
  return path.length <= 200 && prefixPattern.test(path) ? path : '';
}
