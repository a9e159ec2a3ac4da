/** Runs that must have the same outcome as without faults. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { logStart } from '../../src/jobs/runs/run-log.js';
import { readJob } from '../service/service.js';
import type { Cluster } from './cluster.js';
import { momentsOf, type Moment } from './moments.js';
import { flawsOf, outcomeOf } from './outcome.js';
import { untilEnded } from './progress.js';
import type { Reference } from './references.js';
import type { Score } from './scenario.js';

export interface Run {
  id: string;
  reference: Reference;
}

export interface Trial {
  cluster: Cluster;
  /** The runs submitted so far. */
  runs: readonly Run[];
  submit(reference: Reference): Promise<Run>;
  /** `count` moments between two points of the run, where 0 is its start and 1 its end. */
  momentsOf(run: Run, count: number, between?: [number, number]): Moment[];
  /** Call it when a fault strikes. */
  struck: (what: string) => void;
}

/** A moment is some time after its step, so a later one might come after the end of the run. */
const beforeTheEnd: [number, number] = [0, 0.8];

/** Submits a run of each reference, lets `meddle` cause faults, and checks all runs when they have ended. */
export async function endure(
  { cluster, score }: { cluster: Cluster; score: Score },
  references: readonly Reference[],
  meddle: (trial: Trial) => Promise<void>,
): Promise<void> {
  const runs: Run[] = [];
  let strikes = 0;
  const trial: Trial = {
    cluster,
    runs,
    async submit(reference) {
      const run = { id: await cluster.submit(reference.request), reference };
      runs.push(run);
      return run;
    },
    momentsOf(run, count, between = beforeTheEnd) {
      const { queue, fault } = score;
      const purpose = `${queue}, ${fault}, run ${runs.indexOf(run)}, from ${between[0]}`;
      return momentsOf(
        purpose,
        count,
        between.map((part) => part * run.reference.steps),
      );
    },

    struck(what) {
      strikes++;
      score.tried++;
      cluster.note(what);
    },
  };
  for (const reference of references) await trial.submit(reference);
  await meddle(trial);
  expect(strikes, 'how often the fault struck').toBeGreaterThan(0);

  const ends = await Promise.all(runs.map((run) => endOf(cluster, run)));
  score.runs += runs.length;
  score.equal += ends.filter(({ outcome }, i) =>
    isDeepStrictEqual(outcome, runs[i].reference.outcome),
  ).length;
  if (ends.every(({ outcome, flaws }) => outcome.status === 'succeeded' && flaws.length === 0)) {
    score.survived += strikes;
  }
  for (const [i, { id, reference }] of runs.entries()) {
    expect(ends[i].flaws, `the events of ${id}`).toEqual([]);
    expect(ends[i].outcome, `what ${id} came to`).toEqual(reference.outcome);
    expect((await readJob(cluster.api.service(), id)).status, `${id} as the API shows it`).toBe('succeeded');
  }
}

async function endOf({ store, storage }: Cluster, { id }: Run) {
  await untilEnded(store, id);
  const { events } = await store.readEvents(id, logStart);
  return { outcome: await outcomeOf(storage, id), flaws: flawsOf(events) };
}
