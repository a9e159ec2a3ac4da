/** The queues on PostgreSQL 13 or newer, in a schema of BullMQ's own that is migrated when they are opened. */
import { createPostgresBackend, type PgPool } from 'bullmq';
import { Pool } from 'pg';
import type { Logger } from 'pino';
import { withoutSecrets } from '../../lib/log.js';
import { migrate, schema } from './postgres-schema.js';
import { openQueuesOn, type Queues } from './queues.js';

/** Each worker keeps one of them to listen on: those of the four queues that are always there; and one is for all else. */
const usualConnections = 5;

/** @throws TrainyardError QUEUE_UNAVAILABLE */
export function openPostgresQueue(
  url: string,
  { engines, log }: { engines: readonly string[]; log: Logger },
): Promise<Queues> {
  const pool = new Pool({
    connectionString: url,
    // A worker may have every engine that has a queue of its own.
    max: usualConnections + engines.length,
    // Without it, a worker would listen for ever on a connection that broke silently.
    keepAlive: true,
    options: `-c search_path=${schema}`,
  })
    // Each queue and worker adds a listener for errors.
    .setMaxListeners(0) as unknown as PgPool;
  const datastore = {
    description: `PostgreSQL at ${withoutSecrets(url)}`,
    factory: createPostgresBackend,
    queueConnection: pool,
    workerConnection: pool,
    prepare: () => migrate(pool),
    close: () => pool.end(),
  };
  return openQueuesOn(datastore, { engines, log });
}
