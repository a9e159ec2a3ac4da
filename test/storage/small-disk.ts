/** A separate file system that a test can fill and make read-only. Only root may mount one. */
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SmallDisk {
  folder: string;
  /** Fills the disk until this many pages are left. A file takes whole pages. */
  fill(pagesLeft: number): Promise<void>;
  /** Removes what `fill` wrote. */
  empty(): Promise<void>;
  setWritable(isWritable: boolean): Promise<void>;
  remove(): Promise<void>;
}

/** null: mounting is not permitted here. */
export async function mountSmallDisk(sizeMiB: number): Promise<SmallDisk | null> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'trainyard', folder]);
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,

    async fill(pagesLeft) {
      for (;;) {
        const { bfree, bsize } = await statfs(folder);
        if (bfree <= pagesLeft) return;
        // Others write too, so the rest may not fit.
        await appendFile(ballast, Buffer.alloc((bfree - pagesLeft) * bsize)).catch(ignoreFull);
      }
    },

    empty: () => rm(ballast),

    async setWritable(isWritable) {
      // The system refuses this while a file is open for writing.
      const options = ['-o', `remount,${isWritable ? 'rw' : 'ro'}`, folder];
      while (
        !(await run('mount', options).then(
          () => true,
          () => false,
        ))
      )
        await sleep(5);
    },

    async remove() {
      await run('umount', ['--lazy', folder]);
      await rm(folder, { recursive: true });
    },
  };
}

function ignoreFull(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOSPC') throw error;
}
