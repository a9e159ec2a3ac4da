/** The queues on Redis, through ioredis. Redis must run with `maxmemory-policy noeviction`, and with AOF to be durable. */
import { createRedisBackend } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { withoutSecrets } from '../../lib/log.js';
import { optionalEngineNames } from '../../model/engines/select.js';
import { openQueues, type Queues } from './queues.js';

export async function openRedisQueue(url: string, log: Logger): Promise<Queues> {
  const patience = {
    retryStrategy: (attempt: number) => Math.min(attempt * 200, 2_000),
    maxRetriesPerRequest: null,
  };
  // A request must learn at once that Redis is away; a worker waits for it to come back.
  const client = new Redis(url, { ...patience, enableOfflineQueue: false });
  // And one that only wants to count itself does not wait for a Redis that hangs either.
  const sharedClient = new Redis(url, {
    retryStrategy: patience.retryStrategy,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 250,
  });
  sharedClient.on('error', (error) => log.debug({ err: error }, 'shared Redis connection'));
  const queues = await openQueues(
    {
      description: `Redis at ${withoutSecrets(url)}`,
      factory: createRedisBackend,
      queueConnection: client,
      workerConnection: { ...patience, url },
      close() {
        client.disconnect();
        sharedClient.disconnect();
        return Promise.resolve();
      },
    },
    optionalEngineNames,
    log,
  );
  return { ...queues, sharedClient };
}
