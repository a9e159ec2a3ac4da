/**
 * Keeps a folder to one process.
 *
 *     .lock-5f0c2a1e    a socket on which its process listens; the kernel closes it with the process, however that ends
 *     lock.7            a link to the socket of the seventh owner
 *
 * An owner lives while its socket takes connections, so that a lock left behind is told from a held one without a
 * time-out or a process id, from other containers on the machine too. Nobody takes the place of a dead owner: who finds
 * the newest one dead makes the link with the next number, and a link is made by one of many. An owner removes the links
 * before its own and leaves its own behind. A process that was stopped for long may thus make a link with a number that
 * was freed, and finds a higher one then.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrainyardError } from '../../errors.js';

/** What a process does between which any time may pass. */
export type LockStep = 'look' | 'claim' | 'confirm';

/** Where earlier versions had their socket. */
const formerName = 'lock';

/**
 * `before` is for tests, which delay each step.
 * @returns releases the lock
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

/** False: somebody else was first, or the socket is gone; look again. */
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
  // An owner that tidied up may have removed the socket before it was listened on.
  if ((await newestNumber(path)) === mine && (await isAlive(join(path, `lock.${mine}`)))) {
    await tidyUp(path, mine, socket);
    return true;
  }
  await rm(join(path, `lock.${mine}`), { force: true });
  return false;
}

/** 0: there has been no owner. */
async function newestNumber(path: string): Promise<number> {
  return Math.max(0, ...(await readdir(path)).map(numberOf));
}

function numberOf(name: string): number {
  return Number(/^lock\.(\d+)$/.exec(name)?.[1] ?? 0);
}

/** For the owner: removes what those before it left behind. */
async function tidyUp(path: string, mine: number, socket: string): Promise<void> {
  for (const name of await readdir(path)) {
    const isOld = numberOf(name) > 0 && numberOf(name) < mine;
    const isSocket = name === formerName || (/^\.lock-[0-9a-f]{8}$/.test(name) && name !== socket);
    if (isOld || (isSocket && !(await isAlive(join(path, name)))))
      await rm(join(path, name), { force: true });
  }
}

/** One that anybody may connect to, as the next start may be another user's. */
async function openSocket(path: string): Promise<{ name: string; close: () => void }> {
  const name = `.lock-${randomUUID().slice(0, 8)}`;
  const server = createServer((connection) => connection.on('error', () => undefined).end()).unref();
  await new Promise<void>((resolve, reject) => {
    const options = { path: join(path, name), readableAll: true, writableAll: true };
    server.once('error', reject).listen(options, resolve);
  });
  return { name, close: () => void server.close() };
}

/** False: there is one of this name. */
async function makeLink(path: string, target: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether a process listens there; where nobody can tell, one does. */
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
