/** The actions on a job: the table of docs/jobs.md, with a test for each cell. */
import { expect, test } from 'vitest';
import type { Problem } from '../../../src/api/problems/problem-schema.js';
import type { Job } from '../../../src/jobs/views/job.js';
import type { JobStatus } from '../../../src/jobs/runs/run-events.js';
import { jobThatIs, pauseWhenAsked, submit, takeUp } from '../runs.js';
import { startService, type TestService } from '../service.js';

const statuses: JobStatus[] = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];

type Outcome = [status: number, then: JobStatus | Problem['code']];

const table: Record<'cancel' | 'pause' | 'resume', Record<JobStatus, Outcome>> = {
  cancel: {
    queued: [200, 'cancelled'],
    running: [200, 'cancelled'],
    paused: [200, 'cancelled'],
    succeeded: [409, 'JOB_ENDED'],
    failed: [409, 'JOB_ENDED'],
    cancelled: [200, 'cancelled'],
  },
  pause: {
    queued: [200, 'paused'],
    // No worker releases the run in this test.
    running: [202, 'running'],
    paused: [200, 'paused'],
    succeeded: [409, 'JOB_ENDED'],
    failed: [409, 'JOB_ENDED'],
    cancelled: [409, 'JOB_ENDED'],
  },
  resume: {
    queued: [200, 'queued'],
    running: [200, 'running'],
    paused: [200, 'queued'],
    succeeded: [409, 'JOB_ENDED'],
    failed: [409, 'JOB_ENDED'],
    cancelled: [409, 'JOB_ENDED'],
  },
};

const cells = Object.entries(table).flatMap(([verb, row]) =>
  statuses.map((status) => ({ verb, status, code: row[status][0], then: row[status][1] })),
);

async function look(service: TestService, id: string): Promise<Job> {
  return (await service.http.get(`/v1/jobs/${id}`).expect(200)).body as Job;
}

test.each(cells)('$verb, $status: $code $then', async ({ verb, status, code, then }) => {
  const service = await startService();
  const before = await jobThatIs(status, service);
  const answer = await service.http.post(`/v1/jobs/${before.id}/${verb}`);
  expect(answer.status).toBe(code);
  const after = await look(service, before.id);
  if (code === 409) {
    expect(answer.body).toMatchObject({ code: then, instance: `/v1/jobs/${before.id}/${verb}` });
    expect(after).toEqual(before);
  } else {
    expect(answer.body).toEqual(after);
    expect(after.status).toBe(then);
    if (then === status) expect(after).toEqual(before);
  }
  expect(service.queue.get(before.id) === 'waiting').toBe(after.status === 'queued');
});

test.each(statuses)('delete, %s', async (status) => {
  const service = await startService();
  const before = await jobThatIs(status, service);
  const path = `/v1/jobs/${before.id}`;
  const answer = await service.http.delete(path);
  if (before.finished_at === null) {
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ code: 'JOB_NOT_ENDED' });
    expect(await look(service, before.id)).toEqual(before);
    return;
  }
  expect(answer.status).toBe(204);
  expect(answer.text).toBe('');
  expect(await service.storage.list(`runs/${before.id}`)).toEqual([]);
  expect((await service.http.get(path)).body).toMatchObject({ code: 'JOB_NOT_FOUND' });
  expect((await service.http.delete(path)).body).toMatchObject({ status: 404, code: 'JOB_NOT_FOUND' });
});

test.each(['cancel', 'pause', 'resume'])('there is no job to %s', async (verb) => {
  const { http } = await startService();
  const answer = await http.post(`/v1/jobs/job_00000000000000000000000000/${verb}`);
  expect(answer.status).toBe(404);
  expect(answer.body).toMatchObject({ code: 'JOB_NOT_FOUND' });
});

test('a job that is being trained is paused once it has checkpointed', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const letGo = pauseWhenAsked(service, id, await takeUp(service, id));
  const answer = await service.http.post(`/v1/jobs/${id}/pause`);
  await letGo;
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ status: 'paused', attempts: 1 });
});

test('a job that is publishing its result can no longer be cancelled', async () => {
  const service = await startService();
  const { id } = await jobThatIs('running', service);
  await service.store.decideEnding(id, 'succeeded');
  const answer = await service.http.post(`/v1/jobs/${id}/cancel`);
  expect(answer.status).toBe(409);
  expect(answer.body).toMatchObject({ code: 'JOB_FINISHING' });
  expect(await look(service, id)).toMatchObject({ status: 'running' });
});

test.each(['', '{}'])('the verbs take no body, or %j', async (body) => {
  const service = await startService();
  const { id } = await submit(service);
  for (const verb of ['pause', 'resume', 'cancel']) {
    await service.http.post(`/v1/jobs/${id}/${verb}`).type('json').send(body).expect(200);
  }
  await service.http.delete(`/v1/jobs/${id}`).type('json').send(body).expect(204);
});

test('the verbs accept an empty form, which curl -d with nothing sends', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const verb of ['pause', 'resume', 'cancel']) {
    const answer = await fetch(`${service.url}/v1/jobs/${id}/${verb}`, { method: 'POST', headers, body: '' });
    expect(answer.status, verb).toBe(200);
  }
});

test.each([
  ['{"force": true}', 400, 'INVALID_REQUEST'],
  ['[]', 400, 'INVALID_REQUEST'],
  ['null', 400, 'INVALID_REQUEST'],
  ['{', 400, 'MALFORMED_JSON'],
])('the verbs refuse the body %s and change nothing', async (body, status, code) => {
  const service = await startService();
  const before = await submit(service);
  for (const verb of ['pause', 'resume', 'cancel']) {
    const answer = await service.http.post(`/v1/jobs/${before.id}/${verb}`).type('json').send(body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code });
  }
  const answer = await service.http.delete(`/v1/jobs/${before.id}`).type('json').send(body);
  expect(answer.body).toMatchObject({ status, code });
  expect(await look(service, before.id)).toEqual(before);
});

test('the verbs refuse parameters', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const { body } = await service.http.post(`/v1/jobs/${id}/cancel?force=1`);
  expect(body).toMatchObject({ code: 'INVALID_REQUEST', parameter: 'force' });
  expect(await look(service, id)).toMatchObject({ status: 'queued' });
});
