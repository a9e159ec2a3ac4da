/**
 * The queues inside this process: BullMQ's PostgreSQL backend on PGlite, which is PostgreSQL as WebAssembly. PGlite has
 * one session and must be the only user of its folder; the folder lock ensures that. So no entry can be active when the
 * folder is opened, and all entries of the last process are deleted: the run store knows what is left to do.
 */
import { EventEmitter } from 'node:events';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend, type PgNotification, type PgPool, type PgPoolClient } from 'bullmq';
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { lockFolder } from './folder-lock.js';
import { migrate, schema } from './postgres-schema.js';
import { openQueuesOn, type Queues } from './queues.js';

/** A new folder takes 40 MB, sometimes a little more. */
const neededBytes = 64 * 2 ** 20;

const vacuumEveryMs = 3_600_000;

/** Keeps only the list of migrations. It checks each table first, because truncating an empty table is slow. */
const deleteAllEntries = `
  DO $$
  DECLARE
    name text;
    holds_rows boolean;
  BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '${schema}' AND tablename <> 'migration' LOOP
      EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO holds_rows;
      IF holds_rows THEN
        EXECUTE format('TRUNCATE %I CASCADE', name);
      END IF;
    END LOOP;
  END $$`;

/** @throws TrainyardError DATA_FOLDER_IN_USE, QUEUE_UNAVAILABLE when the disk is full */
export async function openEmbeddedQueue(dataDir: string, log: Logger): Promise<Queues> {
  await mkdir(dataDir, { recursive: true });
  const unlock = await lockFolder(dataDir);
  try {
    const database = await openDatabase(join(dataDir, 'queue'), log);
    const vacuuming = setInterval(() => void vacuum(database, log), vacuumEveryMs).unref();
    const pool = pglitePool(database);
    return await openQueuesOn(
      {
        description: 'embedded (PGlite)',
        factory: createPostgresBackend,
        queueConnection: pool,
        workerConnection: pool,
        isInProcess: true,
        close: async () => {
          clearInterval(vacuuming);
          await database.close();
          await unlock();
        },
      },
      // The only worker is in this process, so no other worker can have an engine that this one lacks.
      { engines: [], log },
    );
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openDatabase(folder: string, log: Logger): Promise<PGlite> {
  try {
    return await openEmptied(folder);
  } catch (error) {
    const { bavail, bsize } = await statfs(dirname(folder));
    if (bavail * bsize < neededBytes) {
      const message = `The embedded queue needs ${neededBytes / 2 ** 20} MB of free disk space for ${folder}.`;
      throw new TrainyardError('QUEUE_UNAVAILABLE', message, { cause: error });
    }
    log.warn(
      { err: error, folder },
      'the embedded queue is damaged and will be created again; no job is lost',
    );
    await rm(folder, { recursive: true, force: true });
    return openEmptied(folder);
  }
}

async function openEmptied(folder: string): Promise<PGlite> {
  const database = await PGlite.create(folder, {
    postgresqlconf: ['max_wal_size = 32MB', 'min_wal_size = 32MB'],
  });
  try {
    await migrate(pglitePool(database));
    await database.exec(`SET search_path TO ${schema}`);
    await database.exec(deleteAllEntries);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** PGlite has no background processes for this. Without it, the log and the dead rows would grow without limit. */
async function vacuum(database: PGlite, log: Logger): Promise<void> {
  try {
    await database.exec('VACUUM');
    await database.exec('CHECKPOINT');
  } catch (error) {
    log.warn({ err: error }, 'the embedded queue could not be vacuumed');
  }
}

/** PGlite with the interface of `pg.Pool`. All clients share its one session, and each receives every notification. */
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

  // Each queue and worker adds a listener for errors. This pool emits none.
  return Object.assign(new EventEmitter().setMaxListeners(0), {
    query,
    connect,
    end: () => Promise.resolve(),
  });
}
