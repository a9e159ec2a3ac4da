/** A server for tests on this machine, with a temporary folder. Both are removed however the test process ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { patience } from '../patience.js';

export interface Service {
  url: string;
  /** Stops the server if it runs, and starts it again with the same address and data. */
  restart(): Promise<void>;
  /** Stops the server and keeps its data; `restart` starts it again. */
  halt(): Promise<void>;
  /** Like `halt`, but as in a crash. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const readyWithinMs = patience.pollMs;
const stopWithinMs = 10_000;

export interface ServerPlan {
  url: string;
  /** Removed after the server has stopped. */
  folder: string;
  launch(): ChildProcess;
  stopSignal: NodeJS.Signals;
  crashSignal: NodeJS.Signals;
  /** Rejects or resolves with false until the server is ready. */
  answers(): Promise<boolean>;
}

export async function startServer(plan: ServerPlan): Promise<Service> {
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

/** Cleans up when its end of a pipe closes. The kernel closes it however this process dies. */
function reapAfterUs(server: ChildProcess, folder: string): ChildProcess {
  const script = 'read -r nothing; kill -9 "$0"; sleep 1; rm -rf "$1"';
  const reaper = spawn('/bin/sh', ['-c', script, String(server.pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.unref();
  return reaper;
}

/** The output of the process so far. The process never blocks on it. */
function collectOutput(child: ChildProcess): () => string {
  let output = '';
  const add = (chunk: unknown): void => void (output = `${output}${String(chunk)}`.slice(-8_000));
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  child.on('error', (error) => add(error.message));
  return () => output;
}

/** Rejects with the output unless the process succeeds. */
export async function finished(child: ChildProcess): Promise<void> {
  const output = collectOutput(child);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${child.spawnfile} failed:\n${output()}`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export function pathFolders(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((path) => path !== '');
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
