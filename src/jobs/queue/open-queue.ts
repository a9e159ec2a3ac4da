/** Opens the queues on the datastore that QUEUE_URL names. The drivers are large, so only the one in use is loaded. */
import type { Logger } from 'pino';
import type { Queues } from './queues.js';

export type QueueTarget = { kind: 'embedded' } | { kind: 'redis' | 'postgres'; url: string };

/**
 * @param options.dataDir the folder of the embedded queue
 * @param options.engines engines that not every worker has; jobs that ask for one of them wait in a queue of their own.
 *   The embedded queue has one worker, this process, and needs no such queues.
 * @throws TrainyardError QUEUE_UNAVAILABLE, DATA_FOLDER_IN_USE
 */
export async function openQueue(
  target: QueueTarget,
  { dataDir, engines, log }: { dataDir: string; engines: readonly string[]; log: Logger },
): Promise<Queues> {
  switch (target.kind) {
    case 'embedded':
      return (await import('./embedded.js')).openEmbeddedQueue(dataDir, log);
    case 'redis':
      return (await import('./redis.js')).openRedisQueue(target.url, { engines, log });
    case 'postgres':
      return (await import('./postgres.js')).openPostgresQueue(target.url, { engines, log });
  }
}
