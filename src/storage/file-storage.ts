/**
 * The storage in a folder: a blob is a file, a prefix is a folder. Safe for many processes on one file system; a crash
 * leaves at most a temporary file behind, which is never seen and goes with its folder.
 *
 * What lies in `keys/`, and what was moved aside, is for the owner alone: 0700 and 0600, whatever the umask.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  opendir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TrainyardError, type ErrorCode } from '../errors.js';
import { isSegment, segmentsOf, temporaryPrefix } from './key.js';
import type { Storage } from './storage.js';

const privateFolders = ['keys', 'damaged'];

/** Opens the folder as a storage, making it if need be. */
export async function createFileStorage(root: string): Promise<Storage> {
  const folder = resolve(root);
  await makeFolder(folder);
  for (const name of privateFolders) await makePrivate(join(folder, name));
  const pathOf = (key: string): string => join(folder, ...segmentsOf(key));
  /** null: the blob may be read by whoever the umask allows. */
  const privateFolderOf = (key: string): string | null => {
    const [name = ''] = segmentsOf(key);
    return privateFolders.includes(name) ? join(folder, name) : null;
  };

  /** @throws TrainyardError BLOB_UNREADABLE, STORAGE_UNAVAILABLE */
  async function reading<Found, Missing>(
    key: string,
    missing: Missing,
    read: (path: string) => Promise<Found>,
  ): Promise<Found | Missing> {
    const path = pathOf(key);
    try {
      return await orIfMissing(missing, () => read(path));
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      // One file that cannot be read is damage; a whole folder of them is a store that is away.
      for (const above of [folder, join(folder, ...segmentsOf(key).slice(0, 1))]) await refuseIfAway(above);
      const message = `${key} cannot be read: see that the service may read the file. (${cause.message})`;
      throw new TrainyardError('BLOB_UNREADABLE', message, { cause });
    }
  }

  return {
    description: `file:${folder}`,

    read: async (key, { from = 0 } = {}) =>
      reading(key, null, (path) => (from === 0 ? readFile(path) : readPast(path, from))),

    open: async (key, range) =>
      reading(key, null, async (path) => {
        const file = await open(path, 'r');
        if ((await file.stat()).isFile()) return file.createReadStream(range);
        await file.close();
        return null;
      }),

    put: (key, content) =>
      writing(async () => {
        const path = pathOf(key);
        const temporary = await writeTemporary(dirname(path), content, privateFolderOf(key));
        try {
          await rename(temporary, path);
        } catch (error) {
          await rm(temporary, { force: true });
          throw error;
        }
        await syncFolder(dirname(path));
      }),

    create: (key, content) =>
      writing(async () => {
        const path = pathOf(key);
        const temporary = await writeTemporary(dirname(path), content, privateFolderOf(key));
        let created = true;
        try {
          // Unlike rename, link fails when the name is taken: that is what leaves one winner.
          await link(temporary, path);
        } catch (error) {
          if (!hasCode(error, 'EEXIST')) throw error;
          created = false;
        } finally {
          await rm(temporary, { force: true });
        }
        await syncFolder(dirname(path));
        return created;
      }),

    append: (key, content) =>
      writing(async () => {
        const path = pathOf(key);
        await makeFolder(dirname(path), privateFolderOf(key));
        const file = await open(path, 'a', privateFolderOf(key) ? 0o600 : 0o666);
        try {
          const isNew = (await file.stat()).size === 0;
          await file.appendFile(content);
          await file.datasync();
          if (isNew) await syncFolder(dirname(path));
        } finally {
          await file.close();
        }
      }),

    async list(prefix) {
      const names = await reading(prefix, [], (path) => readdir(path));
      return names.filter(isSegment).sort();
    },

    move: (from, to) =>
      writing(async () => {
        const [before, after] = [pathOf(from), pathOf(to)];
        await makeFolder(dirname(after), privateFolderOf(to));
        await orIfMissing(undefined, () => rename(before, after));
        await syncFolder(dirname(after));
        await orIfMissing(undefined, () => syncFolder(dirname(before)));
      }),

    remove: (prefix) =>
      writing(async () => {
        const path = pathOf(prefix);
        await rm(path, { recursive: true, force: true });
        await orIfMissing(undefined, () => syncFolder(dirname(path)));
      }),
  };
}

const refusals: Partial<Record<string, ErrorCode>> = {
  ENOSPC: 'STORAGE_FULL',
  EDQUOT: 'STORAGE_FULL',
  EROFS: 'STORAGE_UNAVAILABLE',
  EACCES: 'STORAGE_UNAVAILABLE',
  EPERM: 'STORAGE_UNAVAILABLE',
  EIO: 'STORAGE_UNAVAILABLE',
  ESTALE: 'STORAGE_UNAVAILABLE',
};

/** @throws TrainyardError STORAGE_FULL, STORAGE_UNAVAILABLE for what the file system refuses */
async function writing<Done>(write: () => Promise<Done>): Promise<Done> {
  try {
    return await write();
  } catch (cause) {
    const code = refusals[(cause as NodeJS.ErrnoException).code ?? ''];
    if (code === undefined) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice =
      code === 'STORAGE_FULL' ? 'Make room in the data folder' : 'See that the data folder can be written';
    throw new TrainyardError(code, `${advice}; what waits for it goes on then. (${reason})`, { cause });
  }
}

/** An error of the operating system about a file, not a bug of ours. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** @throws TrainyardError STORAGE_UNAVAILABLE for a folder that is there and cannot be read */
async function refuseIfAway(path: string): Promise<void> {
  try {
    await orIfMissing(undefined, async () => {
      const folder = await opendir(path);
      await folder.read().finally(() => folder.close());
    });
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const message = `${path} cannot be read: see that the service may read the data folder. (${cause.message})`;
    throw new TrainyardError('STORAGE_UNAVAILABLE', message, { cause });
  }
}

async function readPast(path: string, from: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { start: from })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A durable file of its own name in the folder, to be renamed or linked; nothing is left where that fails. */
async function writeTemporary(
  folder: string,
  content: Uint8Array,
  privateFolder: string | null,
): Promise<string> {
  const made = await makeFolder(folder, privateFolder);
  const path = join(folder, temporaryPrefix + randomUUID());
  try {
    await writeFile(path, content, { flag: 'wx', flush: true, mode: privateFolder ? 0o600 : 0o666 });
  } catch (error) {
    await rm(path, { force: true });
    await removeEmpty(made);
    throw error;
  }
  return path;
}

/**
 * Makes the folder and those above it, each durable: its name is content of its parent. `privateFolder`, if it is among
 * them, is for its owner alone. Those made, the deepest first.
 */
async function makeFolder(folder: string, privateFolder: string | null = null): Promise<string[]> {
  const made = await makeFolders(folder);
  if (privateFolder !== null && made.includes(privateFolder)) await chmod(privateFolder, 0o700);
  return made;
}

/** Takes from others what an earlier version or another program allowed them. Only the owner of a file can. */
async function makePrivate(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const path of [folder, ...names.map((name) => join(folder, name))]) {
    try {
      const found = await lstat(path);
      if (!found.isSymbolicLink() && (found.mode & 0o077) !== 0) await chmod(path, found.mode & 0o700);
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS')) throw error;
    }
  }
}

async function makeFolders(folder: string): Promise<string[]> {
  let first: string | undefined;
  try {
    first = await mkdir(folder, { recursive: true });
  } catch (error) {
    // A recursive mkdir hides behind this why a folder could not be made; a plain one says it.
    if (!hasCode(error, 'ENOENT')) throw error;
    const above = await makeFolders(dirname(folder));
    await mkdir(folder);
    return [folder, ...above];
  }
  const made: string[] = [];
  if (first === undefined) return made;
  for (let each = folder; each.length >= first.length; each = dirname(each)) made.push(each);
  for (const each of made) await syncFolder(dirname(each));
  return made;
}

/** One that another process has begun to use stays. */
async function removeEmpty(folders: string[]): Promise<void> {
  try {
    for (const each of folders) await rmdir(each);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folder for writing, and so syncs none.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The key may name nothing, a prefix where a blob is meant, or lie under a blob: in each case there is none. */
async function orIfMissing<Found, Missing>(
  missing: Missing,
  find: () => Promise<Found>,
): Promise<Found | Missing> {
  try {
    return await find();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return missing;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
