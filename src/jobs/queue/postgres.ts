/** The queues on PostgreSQL 13 or newer, in a schema of BullMQ's own, which is migrated when they are opened. */
import { createPostgresBackend, type PgPool } from 'bullmq';
import { Pool } from 'pg';
import type { Logger } from 'pino';
import { withoutSecrets } from '../../lib/log.js';
import { optionalEngineNames } from '../../model/engines/select.js';
import { migrate, schema } from './postgres-schema.js';
import { openQueues, type Queues } from './queues.js';

/** A worker keeps one to listen on. */
const maxConnections = 6;

export function openPostgresQueue(url: string, log: Logger): Promise<Queues> {
  const pool = new Pool({
    connectionString: url,
    max: maxConnections,
    // Else a connection that broke silently would be listened on for ever.
    keepAlive: true,
    options: `-c search_path=${schema}`,
  })
    // Each queue and worker listens for errors.
    .setMaxListeners(0) as unknown as PgPool;
  return openQueues(
    {
      description: `PostgreSQL at ${withoutSecrets(url)}`,
      factory: createPostgresBackend,
      queueConnection: pool,
      workerConnection: pool,
      prepare: () => migrate(pool),
      close: () => pool.end(),
    },
    optionalEngineNames,
    log,
  );
}
