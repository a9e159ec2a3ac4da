/** Brings runs of a test service into any status, by doing what a worker does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Job } from '../../src/jobs/views/job.js';
import type { JobStatus } from '../../src/jobs/runs/run-events.js';
import { endRun } from '../../src/jobs/runs/end-run.js';
import type { TermWriter } from '../../src/jobs/runs/run-log.js';
import type { TestService } from './service.js';

export async function submit(service: TestService, body: object = {}): Promise<Job> {
  const answer = await service.http.post('/v1/jobs').send(body);
  expect(answer.status).toBe(202);
  return answer.body as Job;
}

/** Claims the run and marks it as running, as a worker does. */
export async function takeUp({ store, queue }: TestService, id: string): Promise<TermWriter> {
  queue.set(id, 'active');
  const events = await store.writeEvents(id, await store.claim(id));
  await events.append({ type: 'status', status: 'running', attempt: 1 });
  return events;
}

export async function end(
  { store, queue }: TestService,
  id: string,
  status: 'succeeded' | 'failed' | 'cancelled',
): Promise<void> {
  const spec = await store.readSpec(id);
  if (spec === null) throw new Error('There is no such run');
  const error =
    status === 'failed' ? { code: 'TRAINING_DIVERGED' as const, message: 'The loss is NaN.' } : null;
  await endRun(store, id, spec, { status, error, now: new Date() });
  queue.delete(id);
}

/** A new job with that status. */
export async function jobThatIs(status: JobStatus, service: TestService): Promise<Job> {
  const { id } = await submit(service);
  switch (status) {
    case 'queued':
      break;
    case 'paused':
      await service.http.post(`/v1/jobs/${id}/pause`).expect(200);
      break;
    case 'running':
      await takeUp(service, id);
      break;
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      await takeUp(service, id);
      await end(service, id, status);
  }
  const { body } = await service.http.get(`/v1/jobs/${id}`).expect(200);
  expect(body).toMatchObject({ id, status });
  return body as Job;
}

/** Releases the run when its worker is asked to pause it. */
export async function pauseWhenAsked(
  { store, queue }: TestService,
  id: string,
  events: TermWriter,
): Promise<void> {
  while (!(await store.newestTerm(id)).pauseAsked) await sleep(10);
  await events.append({ type: 'checkpoint', step: 938 }, { type: 'status', status: 'paused' });
  queue.delete(id);
}
