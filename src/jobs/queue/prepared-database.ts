/**
 * The database with which the embedded queue of every process begins: BullMQ's tables and no entry, 15 MB. To create one takes
 * seconds and 800 MB of memory, to copy one a tenth of a second. So the build makes it once, in a process of its own.
 *
 *     dist/jobs/queue/prepared/
 *       made-for.json    the versions that it fits
 *       database/        the folder to copy
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Raise it when prepare-database.ts makes another database of the same packages. */
const recipe = 1;

// From src/ in tests and from dist/ in service: both are equally deep below the root.
/** The folder that the build fills. */
export const builtIn = fileURLToPath(new URL('../../../dist/jobs/queue/prepared', import.meta.url));
const maker = new URL('../../../dist/jobs/queue/prepare-database.js', import.meta.url);

/** Puts a copy of the prepared database in place of what is in the folder. Makes the database if the build has not. */
export async function layPreparedDatabase(folder: string, prepared = builtIn): Promise<void> {
  if (!(await isPrepared(prepared))) await prepareInAnotherProcess(prepared);
  await rm(folder, { recursive: true, force: true });
  await copyFolder(join(prepared, 'database'), folder);
}

/** Whether there is a prepared database, for the versions that are installed. */
export async function isPrepared(prepared: string): Promise<boolean> {
  try {
    return (await readFile(join(prepared, 'made-for.json'), 'utf8')) === (await installedVersions());
  } catch {
    return false;
  }
}

/** Keeps what `make` puts into the folder that it is given. A process that is killed meanwhile leaves nothing that counts. */
export async function keepPrepared(prepared: string, make: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(prepared), { recursive: true });
  const aside = await mkdtemp(`${prepared}-`);
  try {
    await make(join(aside, 'database'));
    await letEverybodyRead(aside);
    await writeFile(join(aside, 'made-for.json'), await installedVersions());
    if (await isPrepared(prepared)) return;
    await rm(prepared, { recursive: true, force: true });
    await rename(aside, prepared);
  } catch (error) {
    // Another process may have been faster.
    if (!(await isPrepared(prepared))) throw error;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** In an image the service runs as another user than the build, and PostgreSQL keeps its files to its own. */
async function letEverybodyRead(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
}

async function prepareInAnotherProcess(prepared: string): Promise<void> {
  const child = fork(maker, [prepared], { execArgv: [] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(`${prepared} is missing and cannot be made. Run: node scripts/prepare.mjs`);
  }
}

async function installedVersions(): Promise<string> {
  const [pglite, bullmq] = await Promise.all([
    installedVersion('@electric-sql/pglite'),
    installedVersion('bullmq'),
  ]);
  return JSON.stringify({ recipe, pglite, bullmq });
}

/** The packages do not export their package.json, so its path follows from that of a file that they export. */
async function installedVersion(name: string): Promise<unknown> {
  const file = createRequire(import.meta.url).resolve(name);
  const home = file.slice(0, file.lastIndexOf(name) + name.length);
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: unknown };
  return version;
}

/** Four times as fast as `cp` of Node.js, which looks at each of the 400 files several times. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map((entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      return entry.isDirectory()
        ? copyFolder(source, target)
        : copyFile(source, target, constants.COPYFILE_FICLONE);
    }),
  );
}
