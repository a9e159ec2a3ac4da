/**
 * Files and folders that survive a crash of the machine once the promise resolves. The name of a file is content of its
 * folder, so the folder must be synced too.
 *
 * `privateFolder` is the folder, or one above it, if only its owner may read the file; otherwise it is null.
 */
import { randomUUID } from 'node:crypto';
import { chmod, link, lstat, mkdir, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryPrefix } from './storage.js';

/** Writes the file and replaces an existing one. */
export async function replaceFile(
  path: string,
  content: Uint8Array,
  privateFolder: string | null,
): Promise<void> {
  const temporary = await writeTemporary(dirname(path), content, privateFolder);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes the file if there is none. Returns false if there is one. */
export async function createFile(
  path: string,
  content: Uint8Array,
  privateFolder: string | null,
): Promise<boolean> {
  const temporary = await writeTemporary(dirname(path), content, privateFolder);
  let created = true;
  try {
    // Unlike rename, link fails when the name is taken, so exactly one of several processes succeeds.
    await link(temporary, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    created = false;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
  return created;
}

/** Adds to the end of the file, and makes it if necessary. */
export async function appendToFile(
  path: string,
  content: Uint8Array,
  privateFolder: string | null,
): Promise<void> {
  await makeFolder(dirname(path), privateFolder);
  const file = await open(path, 'a', privateFolder ? 0o600 : 0o666);
  try {
    const isNew = (await file.stat()).size === 0;
    await file.appendFile(content);
    await file.datasync();
    if (isNew) await syncFolder(dirname(path));
  } finally {
    await file.close();
  }
}

/** Writes a temporary file into the folder and returns its path. Leaves nothing behind when it fails. */
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
 * Makes the folder and the missing folders above it. If this makes `privateFolder`, only its owner gets access to it.
 * @returns the new folders, the deepest first
 */
export async function makeFolder(folder: string, privateFolder: string | null = null): Promise<string[]> {
  const made = await makeFolders(folder);
  if (privateFolder !== null && made.includes(privateFolder)) await chmod(privateFolder, 0o700);
  return made;
}

async function makeFolders(folder: string): Promise<string[]> {
  let first: string | undefined;
  try {
    first = await mkdir(folder, { recursive: true });
  } catch (error) {
    // A recursive mkdir hides the real reason behind ENOENT; a plain one reports it.
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

/** A folder that another process has started to use stays. */
async function removeEmpty(folders: string[]): Promise<void> {
  try {
    for (const each of folders) await rmdir(each);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
  }
}

/**
 * Removes the access of other users to the folder and its files, which an earlier version or another program may have
 * given. Files of other owners stay as they are.
 */
export async function makePrivate(folder: string): Promise<void> {
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

export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder for writing, so it cannot sync one.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
