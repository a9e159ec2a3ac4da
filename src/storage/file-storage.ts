/**
 * The storage in a folder: a blob is a file, a prefix is a folder. Safe for many processes on one file system; a crash
 * leaves at most a temporary file behind, which is never seen and goes with its folder.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TrainyardError, type ErrorCode } from '../errors.js';
import { isSegment, segmentsOf, temporaryPrefix } from './key.js';
import type { Storage } from './storage.js';

/** Opens the folder as a storage, making it if need be. */
export async function createFileStorage(root: string): Promise<Storage> {
  const folder = resolve(root);
  await makeFolder(folder);
  const pathOf = (key: string): string => join(folder, ...segmentsOf(key));

  return {
    description: `file:${folder}`,

    async read(key, { from = 0 } = {}) {
      const path = pathOf(key);
      return orIfMissing(null, () => (from === 0 ? readFile(path) : readPast(path, from)));
    },

    async open(key, range) {
      const file = await orIfMissing(null, () => open(pathOf(key), 'r'));
      if (file === null || (await file.stat()).isFile()) return file?.createReadStream(range) ?? null;
      await file.close();
      return null;
    },

    put: (key, content) =>
      writing(async () => {
        const path = pathOf(key);
        const temporary = await writeTemporary(dirname(path), content);
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
        const temporary = await writeTemporary(dirname(path), content);
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
        await makeFolder(dirname(path));
        const file = await open(path, 'a');
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
      const path = pathOf(prefix);
      const names = await orIfMissing([], () => readdir(path));
      return names.filter(isSegment).sort();
    },

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

async function readPast(path: string, from: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { start: from })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A durable file of its own name in the folder, to be renamed or linked; nothing is left where that fails. */
async function writeTemporary(folder: string, content: Uint8Array): Promise<string> {
  const made = await makeFolder(folder);
  const path = join(folder, temporaryPrefix + randomUUID());
  try {
    await writeFile(path, content, { flag: 'wx', flush: true });
  } catch (error) {
    await rm(path, { force: true });
    await removeEmpty(made);
    throw error;
  }
  return path;
}

/** Makes the folder and those above it, each durable: its name is content of its parent. Those made, the deepest first. */
async function makeFolder(folder: string): Promise<string[]> {
  let first: string | undefined;
  try {
    first = await mkdir(folder, { recursive: true });
  } catch (error) {
    // A recursive mkdir hides behind this why a folder could not be made; a plain one says it.
    if (!hasCode(error, 'ENOENT')) throw error;
    const above = await makeFolder(dirname(folder));
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
