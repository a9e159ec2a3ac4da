/** The outcome of each job of the suite without faults. */
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import { startCluster } from './cluster.js';
import { jobs, type JobName } from './jobs.js';
import { outcomeOf, type Outcome } from './outcome.js';
import { untilEnded } from './progress.js';

/** A job and the outcome that every run of it must have. */
export interface Reference {
  request: JobRequest;
  steps: number;
  outcome: Outcome;
}

export type References<Name extends JobName = JobName> = Record<Name, Reference>;

/** Trains each job once, two at a time. */
export async function trainReferences<Name extends JobName>(names: Name[]): Promise<References<Name>> {
  const cluster = await startCluster({ queue: 'embedded', concurrency: 2 });
  try {
    const ids = await Promise.all(names.map((name) => cluster.submit(jobs[name])));
    const references = names.map(async (name, i): Promise<[Name, Reference]> => {
      await untilEnded(cluster.store, ids[i]);
      const outcome = await outcomeOf(cluster.storage, ids[i]);
      const steps = outcome.lastCheckpoint?.step;
      if (outcome.status !== 'succeeded' || steps === undefined) {
        throw new Error(`The job ${name} fails even when left alone: ${JSON.stringify(outcome)}`);
      }
      return [name, { request: jobs[name], steps, outcome }];
    });
    return Object.fromEntries(await Promise.all(references)) as References<Name>;
  } finally {
    await cluster.close();
  }
}
