/**
 * A real Redis, a real Postgres and a real object store for the tests that need one: found on the machine, started on a free loopback port
 * with a temporary folder, and gone afterwards, however the test process ends. Installs nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { cephBinaries, planCeph, s3Credentials, type Command } from './ceph.js';

export interface Service {
  url: string;
  /** Ends the server, if it runs, and starts it again in the same place, with what it had stored. */
  restart(): Promise<void>;
  /** Ends the server and keeps what it had stored; `restart` brings it back. */
  halt(): Promise<void>;
  /** The same without a warning, as a crash does. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const readyWithinMs = 60_000;
const stopWithinMs = 10_000;
const commandWithinMs = 40_000;

const kinds = {
  redis: { start: startRedis, find: findRedis, binary: 'redis-server' },
  postgres: { start: startPostgres, find: findPostgres, binary: 'postgres' },
  s3: { start: startCeph, find: findCeph, binary: 'radosgw' },
};

/**
 * A suite with a server of its own. Where the server is not installed the suite is skipped and says so, unless
 * REQUIRE_SERVICES=1 (as in CI): then it fails.
 */
export function describeWithService(
  kind: keyof typeof kinds,
  name: string,
  suite: (service: () => Service) => void,
): void {
  const { start, find, binary } = kinds[kind];
  let service: Service | null = null;
  const started = (): Service => {
    if (!service) throw new Error(`${binary} has not been started yet; ask for it inside a test or a hook`);
    return service;
  };
  const missing = `no ${binary} on this machine`;

  if (find() !== null) {
    describe(name, () => {
      beforeAll(async () => {
        service = await start();
      }, readyWithinMs);
      afterAll(() => service?.stop());
      suite(started);
    });
  } else if (process.env.REQUIRE_SERVICES === '1') {
    describe(name, () => {
      it(`needs ${binary}`, () => {
        throw new Error(`REQUIRE_SERVICES=1, and there is ${missing}`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${missing})`, () => suite(started));
  }
}

/** null: there is no redis-server on this machine. */
async function startRedis(): Promise<Service | null> {
  const command = findRedis();
  if (command === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-redis-'));
  const port = await freePort();
  const options = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', loglevel: 'warning' };
  const args = Object.entries({ ...options, 'maxmemory-policy': 'noeviction' });
  return startServer({
    url: `redis://127.0.0.1:${port}`,
    folder,
    launch: () => spawn(command, args.map(([key, value]) => [`--${key}`, String(value)]).flat()),
    stopSignal: 'SIGTERM',
    crashSignal: 'SIGKILL',
    answers: () => answersPing(port),
  });
}

/** null: there is no postgres on this machine. */
async function startPostgres(): Promise<Service | null> {
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
    // Fast shutdown; on SIGTERM it would wait for its clients to leave.
    stopSignal: 'SIGINT',
    // Immediate shutdown, after which it recovers as from a crash; a SIGKILL would leave its children in the folder.
    crashSignal: 'SIGQUIT',
    answers: () => answersQuery(url('postgres'), 'SELECT 1'),
  });
  await answersQuery(url('postgres'), 'CREATE DATABASE trainyard');
  return service;
}

/**
 * Ceph's S3 gateway with the bucket `trainyard`; its URL is a STORE_URL. `halt` and `restart` are of the gateway alone:
 * what lies behind it goes on. null: there is no Ceph on this machine.
 */
async function startCeph(): Promise<Service | null> {
  if (findCeph() === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-ceph-'));
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${gatewayPort}`;
  const servers: Service[] = [];
  const launch = ([binary, ...args]: Command): ChildProcess => spawn(binary, args, { cwd: folder });
  const carryOut = ([binary, ...args]: Command): Promise<void> =>
    finished(spawn(binary, args, { cwd: folder, timeout: commandWithinMs, killSignal: 'SIGKILL' }));
  const serve = async (command: Command, answers: () => Promise<boolean>): Promise<Service> => {
    const server = await startServer({
      url: `s3://trainyard?endpoint=${endpoint}&region=us-east-1&path_style=1`,
      folder,
      launch: () => launch(command),
      stopSignal: 'SIGTERM',
      crashSignal: 'SIGKILL',
      answers,
    });
    servers.push(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    // Memory needs no goodbye, and without its monitor the object daemon would wait for it.
    await servers.at(-1)?.stop();
    for (const server of servers) await server.kill();
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const plan = await planCeph(folder, { monitor: monitorPort, gateway: gatewayPort });
    await Promise.all(['mon', 'osd'].map((name) => mkdir(join(folder, name))));
    for (const command of plan.prepare) await carryOut(command);
    await serve(plan.monitor, () => answersConnect(monitorPort));
    for (const command of plan.addObjectDaemon) await carryOut(command);
    await serve(plan.objectDaemon, () => Promise.resolve(true));
    await carryOut(plan.addUser);
    const gateway = await serve(plan.gateway, async () => (await fetch(endpoint)).ok);
    await makeBucket(endpoint);
    return { ...gateway, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeBucket(endpoint: string): Promise<void> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = s3Credentials;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: 'trainyard' }));
  client.destroy();
}

interface ServerPlan {
  url: string;
  /** Removed when the server has stopped. */
  folder: string;
  launch(): ChildProcess;
  stopSignal: NodeJS.Signals;
  crashSignal: NodeJS.Signals;
  /** Rejects, or is false, while it is not ready. */
  answers(): Promise<boolean>;
}

async function startServer(plan: ServerPlan): Promise<Service> {
  let server: ChildProcess;
  let reaper: ChildProcess;
  const isRunning = (): boolean =>
    server.pid !== undefined && server.exitCode === null && server.signalCode === null;

  const start = async (): Promise<void> => {
    server = plan.launch();
    reaper = reapAfterUs(server, plan.folder);
    const output = collectOutput(server);
    const deadline = Date.now() + readyWithinMs;
    while (!(await plan.answers().catch(() => false))) {
      if (!isRunning() || Date.now() > deadline) {
        const problem = isRunning() ? `did not answer within ${readyWithinMs} ms` : 'ended at once';
        await stop();
        throw new Error(`${server.spawnfile} ${problem}:\n${output()}`);
      }
      await sleep(50);
    }
  };

  const end = async (signal = plan.stopSignal): Promise<void> => {
    if (isRunning()) {
      const closed = once(server, 'close');
      const force = setTimeout(() => server.kill('SIGKILL'), stopWithinMs);
      server.kill(signal);
      await closed;
      clearTimeout(force);
    }
    reaper.kill('SIGKILL');
  };

  const stop = async (): Promise<void> => {
    await end();
    await rm(plan.folder, { recursive: true, force: true });
  };

  await start();
  return {
    url: plan.url,
    stop,
    halt: () => end(),
    kill: () => end(plan.crashSignal),
    async restart() {
      await end();
      await start();
    },
  };
}

/** Waits for our end of a pipe to close, which the kernel does however this process dies, and clears up then. */
function reapAfterUs(server: ChildProcess, folder: string): ChildProcess {
  const script = 'read -r nothing; kill -9 "$0"; sleep 1; rm -rf "$1"';
  const reaper = spawn('/bin/sh', ['-c', script, String(server.pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.unref();
  return reaper;
}

/** What the process has said so far, without ever holding it up. */
function collectOutput(child: ChildProcess): () => string {
  let output = '';
  const add = (chunk: unknown): void => void (output = `${output}${String(chunk)}`.slice(-8_000));
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  child.on('error', (error) => add(error.message));
  return () => output;
}

async function finished(child: ChildProcess): Promise<void> {
  const output = collectOutput(child);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${child.spawnfile} failed:\n${output()}`);
}

function findRedis(): string | null {
  const folder = pathFolders().find((path) => isExecutable(join(path, 'redis-server')));
  return folder === undefined ? null : join(folder, 'redis-server');
}

function findCeph(): string | null {
  const isThere = (name: string): boolean => pathFolders().some((path) => isExecutable(join(path, name)));
  return cephBinaries.every(isThere) ? 'radosgw' : null;
}

/** The folder with `postgres` and `initdb`: Debian's newest, which is not on the PATH, else from there. */
function findPostgres(): string | null {
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

function pathFolders(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((path) => path !== '');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Postgres refuses to run as root; undefined: we are not. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] =
    users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answersConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

async function answersPing(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').setTimeout(1_000, () => socket.destroy());
  socket.write('PING\r\n');
  try {
    for await (const chunk of socket) return String(chunk).startsWith('+PONG');
    return false;
  } finally {
    socket.destroy();
  }
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
