/** A worker in its own process, which a test can kill. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { QueueTarget } from '../../../src/jobs/queue/open-queue.js';

/**
 * Adds the run and resolves when the process has taken it. The process never finishes the run. `folder` also gets its
 * script.
 */
export async function workInAnotherProcess(
  target: QueueTarget,
  folder: string,
  runId: string,
): Promise<ChildProcess> {
  const script = join(folder, 'work.mjs');
  const queueModule = new URL('../../../dist/jobs/queue/open-queue.js', import.meta.url).href;
  await writeFile(
    script,
    `import { openQueue } from ${JSON.stringify(queueModule)};
     const [target, folder, runId] = process.argv.slice(2);
     const { training } = await openQueue(JSON.parse(target), {
       dataDir: folder,
       engines: [],
       log: { debug() {}, warn() {} },
     });
     await training.add(runId);
     training.work(
       () => {
         process.send('taken');
         return new Promise(() => undefined);
       },
       { concurrency: 1 },
     );`,
  );
  const child = fork(script, [JSON.stringify(target), folder, runId], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the process ended at once'))),
  ]);
  return child;
}
