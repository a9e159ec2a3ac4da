/** A PostgreSQL with an empty database. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { finished, freePort, isExecutable, pathFolders, startServer, type Service } from './local-server.js';

/** null: there is no postgres on this machine. */
export async function startPostgres(): Promise<Service | null> {
  const binaries = findPostgres();
  if (binaries === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-postgres-'));
  const data = join(folder, 'data');
  const port = await freePort();
  const url = (database: string): string => `postgres://trainyard@127.0.0.1:${port}/${database}`;
  const user = unprivilegedUser();
  if (user) await chown(folder, user.uid, user.gid);
  const run = (name: string, args: string[]): ChildProcess =>
    spawn(join(binaries, name), args, { ...user, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' } });

  try {
    const initdb = ['--auth=trust', '--username=trainyard', '--encoding=UTF8', '--no-locale', '--no-sync'];
    await finished(run('initdb', [...initdb, '-D', data]));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
  const service = await startServer({
    url: url('trainyard'),
    folder,
    launch: () =>
      run('postgres', ['-D', data, '-p', String(port), ...settings.flatMap((text) => ['-c', text])]),
    // Fast shutdown. On SIGTERM it would wait for its clients to disconnect.
    stopSignal: 'SIGINT',
    // Immediate shutdown, which it recovers from as from a crash. SIGKILL would leave its children running in the
    // folder.
    crashSignal: 'SIGQUIT',
    answers: () => answersQuery(url('postgres'), 'SELECT 1'),
  });
  await answersQuery(url('postgres'), 'CREATE DATABASE trainyard');
  return service;
}

/** The folder with `postgres` and `initdb`: the newest one of Debian, which is not on the PATH, or one on the PATH. */
export function findPostgres(): string | null {
  const debian = '/usr/lib/postgresql';
  const folders = [
    ...versionsIn(debian).map((version) => join(debian, String(version), 'bin')),
    ...pathFolders(),
  ];
  return (
    folders.find((path) => ['postgres', 'initdb'].every((name) => isExecutable(join(path, name)))) ?? null
  );
}

function versionsIn(folder: string): number[] {
  try {
    const versions = readdirSync(folder).map(Number);
    return versions.filter(Number.isFinite).sort((a, b) => b - a);
  } catch {
    return [];
  }
}

/** Postgres refuses to run as root, so it runs as this user; undefined: this process does not run as root. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] =
    users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function answersQuery(url: string, query: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  try {
    await client.connect();
    await client.query(query);
    return true;
  } finally {
    await client.end();
  }
}
