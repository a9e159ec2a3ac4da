/**
 * Keeps a folder to one process. The lock is a Unix socket that its owner listens on: the kernel closes it with the
 * process, however that ends, so that a lock left behind is told from a held one without a time-out or a process id.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainyardError } from '../../errors.js';

/**
 * @returns releases the lock
 * @throws TrainyardError DATA_FOLDER_IN_USE
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const token = randomUUID();
  const path = socketPath(folder, 'lock');
  const inUse = (): TrainyardError =>
    new TrainyardError(
      'DATA_FOLDER_IN_USE',
      `Another Trainyard process has ${folder} open, and the embedded queue has room for one. ` +
        `Stop that process, set DATA_DIR to another folder, or share a queue with QUEUE_URL.`,
    );

  if ((await ownerOf(path)) !== null) throw inUse();

  const server = createServer((socket) => socket.on('error', () => undefined).end(token)).unref();
  const mine = socketPath(folder, `.lock-${token.slice(0, 8)}`);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(mine, resolve);
  });
  // Takes the place of a dead owner's socket in one step. Of two that start at the same moment the later one stands,
  // and the other finds that out here.
  await rename(mine, path);
  await sleep(50);
  const release = async (): Promise<void> => {
    if ((await ownerOf(path)) === token) await rm(path, { force: true });
    server.close();
  };
  if ((await ownerOf(path)) !== token) {
    await release();
    throw inUse();
  }
  return release;
}

/** Socket paths are limited to about 100 bytes, so the shorter of the two forms is used; Windows has named pipes instead. */
function socketPath(folder: string, name: string): string {
  const absolute = join(folder, name);
  const fromHere = relative(process.cwd(), absolute);
  return fromHere.length < absolute.length ? fromHere : absolute;
}

/** The token of the process that listens there; null when there is none. */
function ownerOf(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    let token = '';
    connect(path)
      .on('data', (chunk) => (token += chunk.toString()))
      .on('error', () => resolve(null))
      .on('close', () => resolve(token === '' ? null : token));
  });
}
