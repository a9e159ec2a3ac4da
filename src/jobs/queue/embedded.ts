/**
 * The queues inside this process: BullMQ's PostgreSQL backend on PGlite, PostgreSQL as WebAssembly, in a folder. PGlite is
 * one session and must be the folder's only user, which the folder lock sees to.
 */
import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend, type PgNotification, type PgPool, type PgPoolClient } from 'bullmq';
import type { Logger } from 'pino';
import { lockFolder } from './folder-lock.js';
import { migrate, schema } from './postgres-schema.js';
import { openQueues, type Queues } from './queues.js';

/** @throws TrainyardError DATA_FOLDER_IN_USE when another process has the folder open */
export async function openEmbeddedQueue(dataDir: string, log: Logger): Promise<Queues> {
  await mkdir(dataDir, { recursive: true });
  const unlock = await lockFolder(dataDir);
  try {
    const database = await PGlite.create(join(dataDir, 'queue'));
    const pool = pglitePool(database);
    await migrate(pool);
    await database.exec(`SET search_path TO ${schema}`);
    return await openQueues(
      {
        description: 'embedded (PGlite)',
        factory: createPostgresBackend,
        queueConnection: pool,
        workerConnection: pool,
        close: async () => {
          await database.close();
          await unlock();
        },
      },
      log,
    );
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** PGlite in the shape of `pg.Pool`. All clients are the one session; each hears every notification, as BullMQ expects. */
function pglitePool(database: PGlite): PgPool {
  const query: PgPool['query'] = async <R>(text: string, params?: readonly unknown[]) => {
    if (params === undefined) {
      const results = await database.exec(text);
      return (results.at(-1) ?? { rows: [] }) as { rows: R[] };
    }
    const { rows, affectedRows } = await database.query<R>(text, [...params]);
    return { rows, rowCount: affectedRows ?? rows.length };
  };

  const connect = (): Promise<PgPoolClient> => {
    const client = new EventEmitter();
    const stop = database.onNotification((channel, payload) => {
      client.emit('notification', { channel, payload } satisfies PgNotification);
    });
    return Promise.resolve(Object.assign(client, { query, release: stop }));
  };

  // Each queue and worker listens for errors, of which there are none.
  return Object.assign(new EventEmitter().setMaxListeners(0), {
    query,
    connect,
    end: () => Promise.resolve(),
  });
}
