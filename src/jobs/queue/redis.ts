/** The queue on Redis, through ioredis. Redis must run with `maxmemory-policy noeviction`, and with AOF to be durable. */
import { createRedisBackend, type RedisOptions } from 'bullmq';
import type { Logger } from 'pino';
import { withoutSecrets } from '../../log.js';
import { openTrainingQueue, type TrainingQueue } from './training-queue.js';

export function openRedisQueue(url: string, log: Logger): Promise<TrainingQueue> {
  const reconnect = (attempt: number): number => Math.min(attempt * 200, 2_000);
  const connection: RedisOptions = { url, retryStrategy: reconnect, maxRetriesPerRequest: null };
  return openTrainingQueue(
    {
      description: `Redis at ${withoutSecrets(url)}`,
      factory: createRedisBackend,
      // A request must learn at once that Redis is away; a worker waits for it to come back.
      queueConnection: { ...connection, enableOfflineQueue: false },
      workerConnection: connection,
      close: () => Promise.resolve(),
    },
    log,
  );
}
