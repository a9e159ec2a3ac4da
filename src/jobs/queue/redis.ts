/**
 * The queues on Redis, through ioredis. Redis must run with `maxmemory-policy noeviction`, and with AOF to be durable.
 */
import { createRedisBackend } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { withoutSecrets } from '../../lib/log.js';
import { openQueuesOn, type Queues } from './queues.js';

const retryStrategy = (attempt: number): number => Math.min(attempt * 200, 2_000);

/** @throws TrainyardError QUEUE_UNAVAILABLE */
export async function openRedisQueue(
  url: string,
  { engines, log }: { engines: readonly string[]; log: Logger },
): Promise<Queues> {
  // A worker waits until Redis is back. A request must fail at once when Redis is down.
  const workerConnection = { url, retryStrategy, maxRetriesPerRequest: null };
  const client = new Redis(url, { retryStrategy, maxRetriesPerRequest: null, enableOfflineQueue: false });
  // Counting requests must not wait for a Redis that hangs.
  const sharedClient = new Redis(url, {
    retryStrategy,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 250,
  });
  sharedClient.on('error', (error) => log.debug({ err: error }, 'shared Redis connection'));
  const datastore = {
    description: `Redis at ${withoutSecrets(url)}`,
    factory: createRedisBackend,
    queueConnection: client,
    workerConnection,
    close() {
      client.disconnect();
      sharedClient.disconnect();
      return Promise.resolve();
    },
  };
  return { ...(await openQueuesOn(datastore, { engines, log })), sharedClient };
}
