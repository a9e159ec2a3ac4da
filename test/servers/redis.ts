/** A Redis as the service needs it: with AOF and without eviction. */
import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isExecutable, pathFolders, startServer, type Service } from './local-server.js';

/** null: there is no redis-server on this machine. */
export async function startRedis(): Promise<Service | null> {
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

export function findRedis(): string | null {
  const folder = pathFolders().find((path) => isExecutable(join(path, 'redis-server')));
  return folder === undefined ? null : join(folder, 'redis-server');
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
