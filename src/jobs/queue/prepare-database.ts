/**
 * Entry of the process that makes the prepared database of the embedded queue; the build runs it. It does nothing if there is
 * one already. PGlite needs much memory for this, and the process gives it back by ending.
 */
import { PGlite } from '@electric-sql/pglite';
import { pglitePool } from './pglite-pool.js';
import { migrate } from './postgres-schema.js';
import { builtIn, isPrepared, keepPrepared } from './prepared-database.js';

/**
 * The queue holds ids, a few kilobytes of them, in one session. PostgreSQL's defaults are for a server: they would take 60 MB
 * more memory, and 32 MB more of disk. What the buffers do not hold, the system has in its cache of files.
 */
const settings = [
  'shared_buffers = 2MB',
  'wal_buffers = 64kB',
  'max_connections = 2',
  'max_wal_senders = 0',
  'wal_level = minimal',
  'max_wal_size = 8MB',
  'min_wal_size = 2MB',
];

const folder = process.argv[2] ?? builtIn;
if (!(await isPrepared(folder))) await keepPrepared(folder, makeDatabase);

async function makeDatabase(folder: string): Promise<void> {
  const database = await PGlite.create(folder, {
    initDbStartParams: ['--wal-segsize=1'],
    postgresqlconf: settings,
  });
  await migrate(pglitePool(database));
  // The databases from which PostgreSQL copies new ones are two thirds of the folder.
  await database.exec('UPDATE pg_database SET datistemplate = false');
  await database.exec('DROP DATABASE template0');
  await database.exec('DROP DATABASE template1');
  await database.exec('VACUUM FULL');
  await database.exec('CHECKPOINT');
  await database.close();
}
