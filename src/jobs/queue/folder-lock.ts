/**
 * Keeps a folder to one process. The lock is a Unix socket that its owner listens on: the kernel closes it with the
 * process, however that ends, so that a lock left behind is told from a held one without a time-out or a process id.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainyardError } from '../../errors.js';

const name = 'lock';

/**
 * @returns releases the lock
 * @throws TrainyardError DATA_FOLDER_IN_USE
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const token = randomUUID();
  return withShortPath(folder, async (path) => {
    if ((await ownerOf(join(path, name))) !== null) throw inUse(folder);

    const server = createServer((socket) => socket.on('error', () => undefined).end(token)).unref();
    const mine = join(path, `.lock-${token.slice(0, 8)}`);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(mine, resolve);
    });
    // Takes the place of a dead owner's socket in one step. Of two that start at the same moment the later one stands,
    // and the other finds that out here.
    await rename(mine, join(path, name));
    await sleep(50);
    if ((await ownerOf(join(path, name))) !== token) {
      server.close();
      throw inUse(folder);
    }
    return async () => {
      await rm(join(folder, name), { force: true });
      server.close();
    };
  });
}

function inUse(folder: string): TrainyardError {
  return new TrainyardError(
    'DATA_FOLDER_IN_USE',
    `Another Trainyard process has ${folder} open, and the embedded queue has room for one. ` +
      `Stop that process, set DATA_DIR to another folder, or share a queue with QUEUE_URL.`,
  );
}

/** A socket's path is cut off after about 100 bytes, without an error; a long one is walked through a link. */
async function withShortPath<Result>(
  folder: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  if (Buffer.byteLength(folder) < 80) return use(folder);
  const home = await mkdtemp(join(tmpdir(), 'trainyard-'));
  try {
    await symlink(folder, join(home, 'link'));
    return await use(join(home, 'link'));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
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
