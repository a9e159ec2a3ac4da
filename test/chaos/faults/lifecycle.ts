/** Cancels and pauses jobs at any moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Job } from '../../../src/jobs/views/job.js';
import { logStart } from '../../../src/jobs/runs/run-log.js';
import { jobWhen, readJob } from '../../service/service.js';
import { isAlive } from '../../child-processes.js';
import type { Cluster } from '../cluster.js';
import { inWords, type Moment } from '../moments.js';
import { flawsOf, outcomeOf } from '../outcome.js';
import { trainerAt, untilEnded } from '../progress.js';
import type { Run, Trial } from '../trial.js';

const lookEveryMs = 5;

/** @returns the milliseconds from the request until no process trains the run */
export async function cancelAt(cluster: Cluster, id: string, moment: Moment): Promise<number> {
  const trainer = await trainerAt(cluster, id, moment);
  if (trainer === null) throw new Error(`${id} ended too soon to be cancelled`);
  const startMs = performance.now();
  cluster.note(`${id} is cancelled, ${inWords(id, moment)}`);
  expect(await requestChange(cluster, id, 'cancel')).toMatchObject({
    status: 200,
    body: { status: 'cancelled' },
  });
  while (await isAlive(trainer.pid)) await sleep(lookEveryMs);
  const tookMs = performance.now() - startMs;
  await expectCancelled(cluster, id);
  return tookMs;
}

/** Cancels a run that is about to end. @returns whether it was in time */
export async function cancelAroundTheEnd(cluster: Cluster, id: string, moment: Moment): Promise<boolean> {
  await trainerAt(cluster, id, moment);
  cluster.note(`${id} is cancelled, ${inWords(id, moment)}`);
  const { status, body } = await requestChange(cluster, id, 'cancel');
  await untilEnded(cluster.store, id);
  if (status === 200) {
    await expectCancelled(cluster, id);
    return true;
  }
  expect(status, 'the answer to a cancellation that came too late').toBe(409);
  expect(['JOB_FINISHING', 'JOB_ENDED']).toContain((body as { code: string }).code);
  return false;
}

/** Pauses the run, kills everything, checks that the run is still paused, and resumes it. */
export async function pauseAt({ cluster, struck }: Trial, { id }: Run, moments: Moment[]): Promise<void> {
  for (const moment of moments) {
    if ((await trainerAt(cluster, id, moment)) === null) return;
    struck(`${id} is paused, ${inWords(id, moment)}`);
    await requestChange(cluster, id, 'pause');
    await jobWhen(cluster.api.service(), id, ({ status }) => status === 'paused');
    await Promise.all(cluster.members.map((member) => member.end('SIGKILL')));
    await Promise.all(cluster.members.map((member) => member.start()));
    expect((await readJob(cluster.api.service(), id)).status).toBe('paused');
    expect(await requestChange(cluster, id, 'resume')).toMatchObject({ status: 200 });
  }
}

async function expectCancelled({ storage, store, api }: Cluster, id: string): Promise<void> {
  await untilEnded(store, id);
  const { events } = await store.readEvents(id, logStart);
  expect(flawsOf(events), `the events of ${id}`).toEqual([]);
  expect(await outcomeOf(storage, id)).toMatchObject({
    status: 'cancelled',
    error: null,
    versions: [],
    published: [],
  });
  expect(await readJob(api.service(), id)).toMatchObject({ status: 'cancelled', version: null });
}

async function requestChange(cluster: Cluster, id: string, verb: 'cancel' | 'pause' | 'resume') {
  const answer = await cluster.api.service().http.post(`/v1/jobs/${id}/${verb}`);
  return { status: answer.status, body: answer.body as Job | { code: string } };
}
