/** Which datastore carries the queues. Each is loaded only when it is the one, as they are large. */
import type { Logger } from 'pino';
import type { Queues } from './queues.js';

export type QueueTarget = { kind: 'embedded' } | { kind: 'redis' | 'postgres'; url: string };

/**
 * `dataDir` is where the embedded queue keeps its files.
 * @throws TrainyardError QUEUE_UNAVAILABLE, DATA_FOLDER_IN_USE
 */
export async function openQueue(target: QueueTarget, dataDir: string, log: Logger): Promise<Queues> {
  switch (target.kind) {
    case 'embedded':
      return (await import('./embedded.js')).openEmbeddedQueue(dataDir, log);
    case 'redis':
      return (await import('./redis.js')).openRedisQueue(target.url, log);
    case 'postgres':
      return (await import('./postgres.js')).openPostgresQueue(target.url, log);
  }
}
