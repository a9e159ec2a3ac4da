/**
 * A local cache for blobs of a remote store. A file is named for the SHA-256 of its content and checked each time it is
 * read, so a damaged file only counts as a miss. Many processes may share the folder. If the folder cannot be used,
 * reads take longer and nothing fails.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256InSlices } from './digest.js';

export interface BlobCache {
  /** The blob with this digest, lower-case hexadecimal. If it is not cached, the unchecked result of `fetch`. */
  read(sha256: string, fetch: () => Promise<Buffer | null>): Promise<Buffer | null>;
}

const defaultLimitBytes = 2 ** 30;
/** An older temporary file was left by a crash. */
const abandonedAfterMs = 3_600_000;

/** When the cache exceeds `limitBytes`, the least recently used files are removed. */
export function createBlobCache(folder: string, limitBytes = defaultLimitBytes): BlobCache {
  const pathOf = (sha256: string): string => join(folder, sha256);

  async function keep(sha256: string, content: Buffer): Promise<void> {
    const temporary = join(folder, `.tmp-${randomUUID()}`);
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(temporary, content);
      await rename(temporary, pathOf(sha256));
      await makeRoom();
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  async function makeRoom(): Promise<void> {
    const files: { path: string; sizeBytes: number; usedMs: number }[] = [];
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      // Another process may have removed the file.
      const found = await stat(path).catch(() => null);
      if (found === null) continue;
      const isAbandoned = Date.now() - found.mtimeMs > abandonedAfterMs;
      if (!name.startsWith('.tmp-')) files.push({ path, sizeBytes: found.size, usedMs: found.mtimeMs });
      else if (isAbandoned) await rm(path, { force: true });
    }
    let keptBytes = 0;
    for (const { path, sizeBytes } of files.sort((a, b) => b.usedMs - a.usedMs)) {
      keptBytes += sizeBytes;
      if (keptBytes > limitBytes) await rm(path, { force: true });
    }
  }

  return {
    async read(sha256, fetch) {
      const kept = await readFile(pathOf(sha256)).catch(() => null);
      if (kept !== null && (await isWhole(kept, sha256))) {
        await utimes(pathOf(sha256), new Date(), new Date()).catch(() => undefined);
        return kept;
      }
      const fetched = await fetch();
      if (fetched !== null && fetched.length <= limitBytes && (await isWhole(fetched, sha256))) {
        await keep(sha256, fetched);
      }
      return fetched;
    },
  };
}

async function isWhole(content: Buffer, sha256: string): Promise<boolean> {
  return (await sha256InSlices(content)) === sha256;
}
