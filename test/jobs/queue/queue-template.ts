/**
 * An embedded queue for a data folder, without the seconds that PGlite takes to create one: the first test of a run that
 * needs one creates it, and the others get copies. The tests of the embedded queue itself create their own.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { openEmbeddedQueue } from '../../../src/jobs/queue/embedded.js';

/** Does nothing if the folder has a queue, and in the chaos suite, where each service creates its own. */
export async function addQueue(dataDir: string): Promise<void> {
  const folder = process.env.QUEUE_TEMPLATE_FOLDER;
  if (folder === undefined || existsSync(join(dataDir, 'queue'))) return;
  const template = join(folder, 'queue');
  if (!existsSync(template)) await createTemplate(folder, template);
  await promisify(execFile)('cp', ['-R', template, join(dataDir, 'queue')]);
}

async function createTemplate(folder: string, template: string): Promise<void> {
  const home = await mkdtemp(join(folder, 'new-'));
  await (await openEmbeddedQueue(home, pino({ level: 'silent' }))).close();
  try {
    await rename(join(home, 'queue'), template);
  } catch (error) {
    // Another worker was faster.
    if (!existsSync(template)) throw error;
  }
  await rm(home, { recursive: true, force: true });
}
