/** Pages of other origins may use the service only if CORS_ORIGINS lists them. */
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** Exact origins, or '*' for all. */
export type CorsOrigins = '*' | readonly string[];

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

const requestHeaders = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'inference-header-content-length',
  'last-event-id',
  'prefer',
  'range',
  'traceparent',
  'tracestate',
  'x-api-key',
  'x-request-id',
];

/** Headers that a page may read besides those that it always may. */
const responseHeaders = [
  'accept-ranges',
  'content-disposition',
  'content-range',
  'etag',
  'idempotency-replayed',
  'inference-header-content-length',
  'location',
  'preference-applied',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'server-timing',
  'www-authenticate',
  'x-request-id',
];

const preflightHoldsForSeconds = 600;

/** To be called before the keys, because a preflight has no key. */
export async function useCors(app: FastifyInstance, origins: CorsOrigins): Promise<void> {
  await app.register(cors, {
    origin: origins === '*' ? '*' : [...origins],
    methods,
    allowedHeaders: requestHeaders,
    exposedHeaders: responseHeaders,
    maxAge: preflightHoldsForSeconds,
    strictPreflight: false,
    // unmatched-requests.ts completes the answer to OPTIONS.
    preflightContinue: true,
  });
}

/** For an answer that is given before the app runs. */
export function corsHeadersFor(
  origin: string | undefined,
  allowed: CorsOrigins,
): Record<string, string> | undefined {
  if (origin === undefined || allowed.length === 0) return undefined;
  const exposed = { 'access-control-expose-headers': responseHeaders.join(', ') };
  if (allowed === '*') return { ...exposed, 'access-control-allow-origin': '*' };
  if (!allowed.includes(origin)) return { vary: 'Origin' };
  return { ...exposed, 'access-control-allow-origin': origin, vary: 'Origin' };
}
