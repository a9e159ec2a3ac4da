/** Limits how many requests a key may make. A key without a limit is not counted. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { TrainyardError } from '../../errors.js';

const windowMs = 60_000;

/** With `redis`, several processes count together; without it each counts for itself. To be called after the keys. */
export async function useRateLimits(app: FastifyInstance, redis: object | undefined): Promise<void> {
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
    // When Redis is away, the service answers everyone rather than no one.
    skipOnError: true,
  });

  const count = app.rateLimit();
  app.addHook('onRequest', (request, reply, done) => {
    const isLimited = (request.key?.requestsPerMinute ?? null) !== null;
    if (isLimited) count.call(app, request, reply).then(() => done(), done);
    else done();
  });
}
