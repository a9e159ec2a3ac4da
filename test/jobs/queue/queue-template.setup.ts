/** Gives one run of the tests a folder for the queue that they copy; see queue-template.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    queueTemplateFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-template-'));
  project.provide('queueTemplateFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}
