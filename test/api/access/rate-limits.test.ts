/** The limit of requests of a key, counted in one process or in Redis by several. */
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CountRequests } from '../../../src/api/access/rate-limits.js';
import { RequestCounts } from '../../../src/processes/request-counts.js';
import { openQueue } from '../../../src/jobs/queue/open-queue.js';
import type { Queues } from '../../../src/jobs/queue/queues.js';
import { describeWithService } from '../../services.js';
import { startKeyedService, type KeyedService } from './keyed-service.js';
import { startService } from '../service.js';

async function ask({ url }: KeyedService, key: string, path = '/v1/jobs'): Promise<Response> {
  return fetch(url + path, { headers: { 'x-api-key': key } });
}

const statusesOf = (answers: Response[]): number[] => answers.map(({ status }) => status);

describe('a key with a limit', () => {
  test('may make that many requests a minute, and learns how many are left and when to try again', async () => {
    const service = await startKeyedService();
    const key = await service.make(['train'], { requestsPerMinute: 2 });
    const [first, second, third] = [
      await ask(service, key),
      await ask(service, key),
      await ask(service, key),
    ];
    expect(statusesOf([first, second, third])).toEqual([200, 200, 429]);
    expect([first, second, third].map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual([
      '1',
      '0',
      '0',
    ]);
    expect(first.headers.get('ratelimit-limit')).toBe('2');
    expect(first.headers.get('retry-after')).toBeNull();

    const seconds = Number(third.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(third.headers.get('ratelimit-reset')).toBe(String(seconds));
    expect(await third.json()).toMatchObject({
      code: 'RATE_LIMITED',
      detail: `This key may make 2 requests a minute. Try again in ${seconds} s.`,
    });
  });

  test('may make requests again when the minute is over, and not before', async () => {
    const service = await startKeyedService();
    const key = await service.make(['train'], { requestsPerMinute: 1 });
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      expect((await ask(service, key)).status).toBe(200);
      vi.advanceTimersByTime(18_000);
      const refused = await ask(service, key);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('42');
      vi.advanceTimersByTime(41_999);
      expect((await ask(service, key)).status).toBe(429);
      vi.advanceTimersByTime(1);
      expect((await ask(service, key)).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  test('does not affect the limits of other keys', async () => {
    const service = await startKeyedService();
    const [one, other] = [
      await service.make(['train'], { requestsPerMinute: 1 }),
      await service.make(['train'], { requestsPerMinute: 1 }),
    ];
    expect(statusesOf([await ask(service, one), await ask(service, one)])).toEqual([200, 429]);
    expect((await ask(service, other)).status).toBe(200);
  });

  test('is not counted for what is public, and not for what it may not do', async () => {
    const service = await startKeyedService();
    const key = await service.make(['train'], { requestsPerMinute: 1 });
    await ask(service, key, '/health/live');
    await ask(service, key, '/docs');
    expect((await ask(service, key, '/v1/absent')).status).toBe(404);
    await service.http.post('/predict').set('x-api-key', key).expect(403);
    expect((await ask(service, key)).status).toBe(200);
  });
});

test('services with a common count limit a key together, and refuse nobody while it does not answer', async () => {
  const counts = new RequestCounts();
  let isAway = false;
  const countRequests: CountRequests = async (...request) => {
    if (isAway) throw new Error('the supervisor is gone');
    return Promise.resolve(counts.add(...request));
  };
  const first = await startKeyedService({ countRequests });
  const second = await startKeyedService({ countRequests }, first);
  const key = await first.make(['train'], { requestsPerMinute: 3 });
  await expect.poll(async () => (await ask(second, key)).status).toBe(200);
  const answers = [await ask(first, key), await ask(second, key), await ask(first, key)];
  expect(statusesOf(answers)).toEqual([200, 200, 429]);
  expect(Number(answers[2].headers.get('retry-after'))).toBeGreaterThan(0);
  isAway = true;
  expect((await ask(first, key)).status).toBe(200);
});

test('a key without a limit, and no key, are not counted', async () => {
  const service = await startKeyedService();
  const key = await service.make(['train']);
  expect((await ask(service, key)).headers.has('ratelimit-limit')).toBe(false);
  const open = await startService();
  expect((await open.http.get('/v1/jobs').expect(200)).headers).not.toHaveProperty('ratelimit-limit');
});

describeWithService('redis', 'on a shared Redis', (redis) => {
  let queues: Queues[];
  beforeAll(async () => {
    const open = (): Promise<Queues> =>
      openQueue(
        { kind: 'redis', url: redis().url },
        { dataDir: '', engines: [], log: pino({ level: 'silent' }) },
      );
    queues = [await open(), await open()];
  });
  afterAll(async () => {
    for (const each of queues) await each.close();
  });

  test('several services count together', async () => {
    const first = await startKeyedService({ rateLimitStore: queues[0].sharedClient });
    const second = await startKeyedService({ rateLimitStore: queues[1].sharedClient }, first);
    const key = await first.make(['train'], { requestsPerMinute: 3 });
    await expect.poll(async () => (await ask(second, key)).status).toBe(200);
    const answers = [await ask(first, key), await ask(second, key), await ask(first, key)];
    expect(statusesOf(answers)).toEqual([200, 200, 429]);
    const seconds = Number(answers[2].headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  test('a Redis that hangs refuses nobody, and counts again when it goes on', async () => {
    const service = await startKeyedService({ rateLimitStore: queues[0].sharedClient });
    const key = await service.make(['train'], { requestsPerMinute: 1 });
    expect(statusesOf([await ask(service, key), await ask(service, key)])).toEqual([200, 429]);
    const control = new Redis(redis().url);
    await control.call('CLIENT', 'PAUSE', '3000', 'ALL');
    // Whoever waited for Redis would be told 429.
    expect((await ask(service, key)).status).toBe(200);
    control.disconnect();
    await expect.poll(async () => (await ask(service, key)).status).toBe(429);
  });

  test('a Redis that is away refuses nobody, and counts again when it is back', async () => {
    const service = await startKeyedService({ rateLimitStore: queues[0].sharedClient });
    const key = await service.make(['train'], { requestsPerMinute: 1 });
    expect(statusesOf([await ask(service, key), await ask(service, key)])).toEqual([200, 429]);
    await redis().halt();
    await expect.poll(async () => (await ask(service, key)).status).toBe(200);
    expect((await ask(service, key)).status).toBe(200);
    await redis().restart();
    await expect.poll(async () => (await ask(service, key)).status).toBe(429);
  });
});
