/** Gives one run of the tests a folder for the queue that they copy; see queue-template.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-template-'));
  // The workers start afterwards, and inherit it.
  process.env.QUEUE_TEMPLATE_FOLDER = folder;
  return () => rm(folder, { recursive: true, force: true });
}
