/** Limits how many requests a key may make. A key without a limit is not counted. */
import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { TrainyardError } from '../../errors.js';

const windowMs = 60_000;

/** Counts one more request of the key. @returns how many there were in its window, and how many ms the window has left */
export type CountRequests = (key: string, windowMs: number) => Promise<{ current: number; ttl: number }>;

/**
 * With `redis` or `count`, several processes count together; without either each counts for itself. To be called after the
 * keys.
 */
export async function useRateLimits(
  app: FastifyInstance,
  { redis, count: countTogether }: { redis?: object | undefined; count?: CountRequests | undefined },
): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    timeWindow: windowMs,
    keyGenerator: ({ key }) => key?.id ?? '',
    max: ({ key }) => key?.requestsPerMinute ?? Infinity,
    enableDraftSpec: true,
    errorResponseBuilder: (_request, { max, ttl }) =>
      new TrainyardError(
        'RATE_LIMITED',
        `This key may make ${max} requests a minute. Try again in ${Math.ceil(ttl / 1000)} s.`,
      ),
    ...(redis && { redis, nameSpace: 'trainyard:requests:' }),
    ...(!redis && countTogether && { store: storeThatAsks(countTogether) }),
    // When what counts is away, the service answers everyone rather than no one.
    skipOnError: true,
  });

  const count = app.rateLimit();
  app.addHook('onRequest', (request, reply, done) => {
    const isLimited = (request.key?.requestsPerMinute ?? null) !== null;
    if (isLimited) count.call(app, request, reply).then(() => done(), done);
    else done();
  });
}

function storeThatAsks(count: CountRequests): FastifyRateLimitStoreCtor {
  return class Store implements FastifyRateLimitStore {
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      forMs = windowMs,
    ): void {
      count(key, forMs).then(
        (result) => done(null, result),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    }

    child(): Store {
      return new Store();
    }
  };
}
