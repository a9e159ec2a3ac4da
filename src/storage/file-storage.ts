/**
 * The storage in a folder: a blob is a file, a prefix is a folder. Many processes on one file system may use it at
 * once. A crash leaves at most a temporary file behind, which no reader sees and which is removed with its folder.
 *
 * Only the owner may read what is in `keys/` and `damaged/`: their modes are 0700 and 0600, whatever the umask.
 */
import { createReadStream } from 'node:fs';
import { open, opendir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TrainyardError, type ErrorCode } from '../errors.js';
import {
  appendToFile,
  createFile,
  hasCode,
  makeFolder,
  makePrivate,
  replaceFile,
  syncFolder,
} from './durable-files.js';
import { isSegment, segmentsOf, type Storage } from './storage.js';

const privateFolders = ['keys', 'damaged'];

/** Opens the folder as a storage. Creates it if necessary. */
export async function createFileStorage(root: string): Promise<Storage> {
  const folder = resolve(root);
  await makeFolder(folder);
  for (const name of privateFolders) await makePrivate(join(folder, name));
  const pathOf = (key: string): string => join(folder, ...segmentsOf(key));
  /** null: the umask decides who may read the blob. */
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
      // One unreadable file is damage. If its folder is unreadable too, the store is unavailable.
      for (const above of [folder, join(folder, ...segmentsOf(key).slice(0, 1))])
        await requireReadable(above);
      const message = `${key} cannot be read: check that the service may read the file. (${cause.message})`;
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

    put: (key, content) => writing(() => replaceFile(pathOf(key), content, privateFolderOf(key))),

    create: (key, content) => writing(() => createFile(pathOf(key), content, privateFolderOf(key))),

    append: (key, content) => writing(() => appendToFile(pathOf(key), content, privateFolderOf(key))),

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

/** @throws TrainyardError STORAGE_FULL, STORAGE_UNAVAILABLE when the file system refuses to write */
async function writing<Done>(write: () => Promise<Done>): Promise<Done> {
  try {
    return await write();
  } catch (cause) {
    const code = refusals[(cause as NodeJS.ErrnoException).code ?? ''];
    if (code === undefined) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = code === 'STORAGE_FULL' ? 'Make room in the data folder' : 'Make the data folder writable';
    throw new TrainyardError(code, `${advice}; waiting work then continues. (${reason})`, { cause });
  }
}

/** Whether the operating system reported the error about a file. Other errors are bugs. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** @throws TrainyardError STORAGE_UNAVAILABLE when the folder exists and cannot be read */
async function requireReadable(path: string): Promise<void> {
  try {
    await orIfMissing(undefined, async () => {
      const folder = await opendir(path);
      await folder.read().finally(() => folder.close());
    });
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const message = `${path} cannot be read: check that the service may read the data folder. (${cause.message})`;
    throw new TrainyardError('STORAGE_UNAVAILABLE', message, { cause });
  }
}

async function readPast(path: string, from: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { start: from })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A key may name nothing, or a prefix, or lie under a blob. In each case there is no such blob. */
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
