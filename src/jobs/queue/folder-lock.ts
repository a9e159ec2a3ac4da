/**
 * Keeps a folder to one process.
 *
 *     .lock-5f0c2a1e    a socket on which the process listens; the kernel closes it when the process ends
 *     lock.7            a link to the socket of the seventh owner
 *
 * An owner is alive while its socket accepts connections. This tells a held lock from one left behind, without a
 * time-out or a process id, and also between containers on one machine. A dead owner is never replaced: a process that
 * finds the newest owner dead creates the link with the next number, and only one process can create a given link. An
 * owner removes the older links and never its own. So a process that was suspended for long may create a link whose
 * number was freed; it then finds a higher number and gives up.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrainyardError } from '../../errors.js';

/** The steps of taking the lock. Any amount of time may pass between two of them. */
export type LockStep = 'look' | 'claim' | 'confirm';

/** The socket of earlier versions. */
const formerName = 'lock';

/**
 * @param before lets tests delay each step
 * @returns a function that releases the lock
 * @throws TrainyardError DATA_FOLDER_IN_USE
 */
export async function lockFolder(
  folder: string,
  before: (step: LockStep) => Promise<void> = () => Promise.resolve(),
): Promise<() => Promise<void>> {
  return withShortPath(folder, async (path) => {
    for (;;) {
      const socket = await openSocket(path);
      const release = async (): Promise<void> => {
        socket.close();
        await rm(join(folder, socket.name), { force: true });
      };
      try {
        const isMine = await claim(path, folder, socket.name, before);
        if (isMine) return release;
      } catch (error) {
        await release();
        throw error;
      }
      await release();
    }
  });
}

/** Returns false when another process was first or the socket is gone; the caller tries again. */
async function claim(
  path: string,
  folder: string,
  socket: string,
  before: (step: LockStep) => Promise<void>,
): Promise<boolean> {
  await before('look');
  const newest = await newestNumber(path);
  if ((await isAlive(join(path, `lock.${newest}`))) || (await isAlive(join(path, formerName)))) {
    throw inUse(folder);
  }
  await before('claim');
  const mine = newest + 1;
  if (!(await makeLink(join(path, `lock.${mine}`), socket))) return false;
  await before('confirm');
  // Another owner that was cleaning up may have removed the socket before it accepted connections.
  if ((await newestNumber(path)) === mine && (await isAlive(join(path, `lock.${mine}`)))) {
    await removeOldLocks(path, mine, socket);
    return true;
  }
  await rm(join(path, `lock.${mine}`), { force: true });
  return false;
}

/** 0: no process has owned the folder yet. */
async function newestNumber(path: string): Promise<number> {
  return Math.max(0, ...(await readdir(path)).map(numberOf));
}

function numberOf(name: string): number {
  return Number(/^lock\.(\d+)$/.exec(name)?.[1] ?? 0);
}

/** Removes what earlier owners left behind. Only the owner calls it. */
async function removeOldLocks(path: string, mine: number, socket: string): Promise<void> {
  for (const name of await readdir(path)) {
    const isOld = numberOf(name) > 0 && numberOf(name) < mine;
    const isSocket = name === formerName || (/^\.lock-[0-9a-f]{8}$/.test(name) && name !== socket);
    if (isOld || (isSocket && !(await isAlive(join(path, name)))))
      await rm(join(path, name), { force: true });
  }
}

/** Every user may connect to the socket, because another user may start the next process. */
async function openSocket(path: string): Promise<{ name: string; close: () => void }> {
  const name = `.lock-${randomUUID().slice(0, 8)}`;
  const server = createServer((connection) => connection.on('error', () => undefined).end()).unref();
  await new Promise<void>((resolve, reject) => {
    const options = { path: join(path, name), readableAll: true, writableAll: true };
    server.once('error', reject).listen(options, resolve);
  });
  return { name, close: () => void server.close() };
}

/** Returns false when the link exists already. */
async function makeLink(path: string, target: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether a process listens on the socket. If that cannot be determined, the answer is yes. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(path)
      .on('connect', () => {
        connection.destroy();
        resolve(true);
      })
      .on('error', ({ code }: NodeJS.ErrnoException) => {
        resolve(code !== 'ENOENT' && code !== 'ECONNREFUSED');
      });
  });
}

function inUse(folder: string): TrainyardError {
  return new TrainyardError(
    'DATA_FOLDER_IN_USE',
    `Another Trainyard process has ${folder} open, and the embedded queue allows only one. ` +
      `Stop that process, set DATA_DIR to another folder, or share a queue with QUEUE_URL.`,
  );
}

/** The system silently truncates a socket's path after about 100 bytes, so a long path is reached through a link. */
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
