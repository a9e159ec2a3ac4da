/** Trains the references once for the whole suite. */
import type { TestProject } from 'vitest/node';
import { jobs, type JobName } from './jobs.js';
import { trainReferences, type References } from './references.js';

declare module 'vitest' {
  interface ProvidedContext {
    references: References;
  }
}

export default async function provideReferences(project: TestProject): Promise<void> {
  project.provide('references', await trainReferences(Object.keys(jobs) as JobName[]));
}
