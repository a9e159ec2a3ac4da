/**
 * The queues inside this process: BullMQ's PostgreSQL backend on PGlite, which is PostgreSQL as WebAssembly. PGlite has
 * one session and must be the only user of its folder; the folder lock ensures that. So no entry can be active when the
 * folder is opened. Whatever the last process has left is replaced by an empty database: the run store knows what is left to do.
 */
import { mkdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import { createPostgresBackend } from 'bullmq';
import type { Logger } from 'pino';
import { TrainyardError } from '../../errors.js';
import { lockFolder } from './folder-lock.js';
import { pglitePool } from './pglite-pool.js';
import { schema } from './postgres-schema.js';
import { layPreparedDatabase } from './prepared-database.js';
import { openQueuesOn, type Queues } from './queues.js';

/** A new folder takes 15 MB; its log may grow by 8 MB and its tables by some kilobytes for each entry. */
const neededBytes = 32 * 2 ** 20;

const vacuumEveryMs = 3_600_000;

/** @throws TrainyardError DATA_FOLDER_IN_USE, QUEUE_UNAVAILABLE when the disk is full */
export async function openEmbeddedQueue(dataDir: string, log: Logger): Promise<Queues> {
  await mkdir(dataDir, { recursive: true });
  const unlock = await lockFolder(dataDir);
  try {
    const database = await openDatabase(join(dataDir, 'queue'));
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

async function openDatabase(folder: string): Promise<PGlite> {
  try {
    await layPreparedDatabase(folder);
    return await openCompiledOnce(folder);
  } catch (error) {
    const { bavail, bsize } = await statfs(dirname(folder));
    if (bavail * bsize < neededBytes) {
      const message = `The embedded queue needs ${neededBytes / 2 ** 20} MB of free disk space for ${folder}.`;
      throw new TrainyardError('QUEUE_UNAVAILABLE', message, { cause: error });
    }
    throw error;
  }
}

/**
 * V8 compiles a function of WebAssembly again, for speed, when it is used much. One function of PostgreSQL takes up to 37 MB and a
 * second for this, all of them 60 MB, and queries are as fast without: most of their time passes in BullMQ. V8 decides
 * for each module when it first sees it, so this leaves the kernels that predict alone.
 */
async function openCompiledOnce(folder: string): Promise<PGlite> {
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
  try {
    const database = await PGlite.create(folder);
    await database.exec(`SET search_path TO ${schema}`);
    // PL/pgSQL, in which BullMQ's functions are written, is a module of its own and loaded by the first use.
    await database.exec('DO $$ BEGIN END $$');
    return database;
  } finally {
    // With this one alone, what is used much is compiled again, and nothing else; it is V8's default.
    setFlagsFromString('--wasm-dynamic-tiering');
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
