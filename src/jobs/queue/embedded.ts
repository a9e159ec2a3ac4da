/**
 * The queues inside this process: BullMQ's PostgreSQL backend on PGlite, PostgreSQL as WebAssembly, in a folder. PGlite is
 * one session and must be the folder's only user, which the folder lock sees to. Hence nothing can be under way when the
 * folder is opened, and what the last process left in it is forgotten: the run store says what is to be done.
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
import { openQueues, type Queues } from './queues.js';

/** A new folder takes 40 MB and at times a little more. */
const roomBytes = 64 * 2 ** 20;

const tidyEveryMs = 3_600_000;

/** All but which migrations there were. A table that is empty already takes far longer to truncate than to look at. */
const forgetEverything = `
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

/** @throws TrainyardError DATA_FOLDER_IN_USE when another process has the folder open, QUEUE_UNAVAILABLE when the disk is full */
export async function openEmbeddedQueue(dataDir: string, log: Logger): Promise<Queues> {
  await mkdir(dataDir, { recursive: true });
  const unlock = await lockFolder(dataDir);
  try {
    const database = await openDatabase(join(dataDir, 'queue'), log);
    const tidying = setInterval(() => void tidy(database, log), tidyEveryMs).unref();
    const pool = pglitePool(database);
    return await openQueues(
      {
        description: 'embedded (PGlite)',
        factory: createPostgresBackend,
        queueConnection: pool,
        workerConnection: pool,
        isOurs: true,
        close: async () => {
          clearInterval(tidying);
          await database.close();
          await unlock();
        },
      },
      // There is no other worker that could have an engine which this one has not.
      [],
      log,
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
    if (bavail * bsize < roomBytes) {
      const message = `The embedded queue needs ${roomBytes / 2 ** 20} MB of free disk space for ${folder}.`;
      throw new TrainyardError('QUEUE_UNAVAILABLE', message, { cause: error });
    }
    log.warn({ err: error, folder }, 'the embedded queue is damaged and is created again; no job is lost');
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
    await database.exec(forgetEverything);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** PGlite has no processes in the background that would do it: its log and its dead rows would grow for ever. */
async function tidy(database: PGlite, log: Logger): Promise<void> {
  try {
    await database.exec('VACUUM');
    await database.exec('CHECKPOINT');
  } catch (error) {
    log.warn({ err: error }, 'the embedded queue could not be tidied up');
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
