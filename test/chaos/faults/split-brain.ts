/** Two owners of a run: one is suspended until another has taken the run over, and then continues. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { logStart } from '../../../src/jobs/runs/run-log.js';
import { checkpointsOf } from '../checkpoints.js';
import { isAlive } from '../../child-processes.js';
import type { Cluster, Trainer } from '../cluster.js';
import { inWords, type Moment } from '../moments.js';
import { trainerAt } from '../progress.js';
import type { Run, Trial } from '../trial.js';

export interface Standstill {
  fault: string;
  /** The processes to suspend. */
  freeze: (trainer: Trainer) => number[];
  /** Kills the worker, because another takes the run over only from a dead or suspended one. */
  killsWorker?: boolean;
}

/** Its training process continues until it finds that another process owns the run. */
export const workerStandsStill: Standstill = {
  fault: 'a worker stands still',
  freeze: ({ member }) => [member.service().pid],
};

export const allStandsStill: Standstill = {
  fault: 'a worker and what it trains stand still',
  freeze: ({ member, pid }) => [member.service().pid, pid],
};

export const orphanStandsStill: Standstill = {
  fault: 'a training process stands still and its worker dies',
  freeze: ({ pid }) => [pid],
  killsWorker: true,
};

const lookEveryMs = 20;

export async function standStillAt(
  { cluster, struck }: Trial,
  { id }: Run,
  moment: Moment,
  { fault, freeze, killsWorker = false }: Standstill,
): Promise<void> {
  const { store } = cluster;
  const trainer = await trainerAt(cluster, id, moment);
  if (trainer === null) throw new Error(`${id} ended too soon to be taken over`);
  const { term } = await store.newestTerm(id);
  struck(`${fault} (${trainer.member.name}), ${inWords(id, moment)}`);
  const frozen = freeze(trainer);
  for (const pid of frozen) cluster.freeze(pid);
  if (killsWorker) {
    await trainer.member.end('SIGKILL');
    await trainer.member.start();
  }

  await untilCheckpointPast(cluster, id, term);
  const { events } = await store.readEvents(id, logStart);
  const checkpoints = await checkpointsUpTo(cluster, id, term);
  for (const pid of frozen) cluster.thaw(pid);
  cluster.note(`${frozen.join(' and ')} continue`);

  while (await isAlive(trainer.pid)) await sleep(lookEveryMs);
  cluster.note(`process ${trainer.pid} has ended`);
  const late = (await checkpointsUpTo(cluster, id, term)).filter((name) => !checkpoints.includes(name));
  expect(late, 'checkpoints of a term that had ended').toEqual([]);
  const { events: now } = await store.readEvents(id, logStart);
  expect(now.slice(0, events.length), 'the earlier events').toEqual(events);
}

async function untilCheckpointPast(cluster: Cluster, runId: string, term: number): Promise<void> {
  while ((await checkpointsOf(cluster, runId)).every((checkpoint) => checkpoint.term <= term)) {
    if ((await cluster.store.readResult(runId)) !== null)
      throw new Error(`${runId} ended and was not taken over`);
    await sleep(lookEveryMs);
  }
}

/** The names of the checkpoints up to this term. */
async function checkpointsUpTo(cluster: Cluster, runId: string, term: number): Promise<string[]> {
  const found = await checkpointsOf(cluster, runId);
  return found.flatMap((checkpoint) => (checkpoint.term <= term ? [checkpoint.name] : []));
}
