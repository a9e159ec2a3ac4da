/** POST /v1/jobs with an Idempotency-Key. */
import { expect, test } from 'vitest';
import type { Job } from '../../../src/jobs/views/job.js';
import { end, submit, takeUp } from '../runs.js';
import { startService, type TestService } from '../service.js';

function post(service: TestService, key: string, body: string | object = {}) {
  return service.http.post('/v1/jobs').set('Idempotency-Key', key).type('json').send(body);
}

test.each([
  ['the same body', '{"epochs": 2, "metadata": {"a": "1", "b": "2"}}'],
  ['its fields in another order', '{"metadata": {"b": "2", "a": "1"}, "epochs": 2}'],
])('%s is the same request', async (_, again) => {
  const service = await startService();
  const first = await post(service, 'k', '{"epochs": 2, "metadata": {"a": "1", "b": "2"}}');
  const second = await post(service, 'k', again);
  expect([first.status, second.status]).toEqual([202, 202]);
  expect(first.headers).not.toHaveProperty('idempotency-replayed');
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(second.headers.location).toBe(first.headers.location);
  expect(second.body).toEqual(first.body);
  expect(await service.store.ids()).toEqual([(first.body as Job).id]);
});

test('a replay shows the job as it is by then', async () => {
  const service = await startService();
  const { id } = (await post(service, 'k')).body as Job;
  await takeUp(service, id);
  expect((await post(service, 'k')).body).toMatchObject({ id, status: 'running' });
  await end(service, id, 'succeeded');
  expect((await post(service, 'k')).body).toMatchObject({ id, status: 'succeeded' });
});

test('another body is refused, and the first job stays', async () => {
  const service = await startService();
  const { id } = (await post(service, 'k')).body as Job;
  const answer = await post(service, 'k', { epochs: 7 });
  expect(answer.status).toBe(409);
  expect(answer.body).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  expect(await service.store.ids()).toEqual([id]);
});

test('a double click makes one job, on one process or on two', async () => {
  const service = await startService();
  const other = await startService({}, service);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => post(i % 2 === 0 ? service : other, 'click', { epochs: 3 })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  expect(new Set(answers.map(({ body }) => (body as Job).id)).size).toBe(1);
  expect(answers.filter(({ headers }) => !('idempotency-replayed' in headers))).toHaveLength(1);
  expect(await service.store.ids()).toHaveLength(1);
  expect(service.queue.size).toBe(1);
});

test('another key, or none, makes another job', async () => {
  const service = await startService();
  await post(service, 'k');
  await post(service, 'K');
  await submit(service);
  await submit(service);
  expect(await service.store.ids()).toHaveLength(4);
});

test('a refused request does not use up its key', async () => {
  const service = await startService();
  await post(service, 'k', { epochs: 0 }).expect(400);
  await post(service, 'k', { dataset: 'imagenet' }).expect(422);
  await post(service, 'k', { epochs: 1 }).expect(202);
});

test('with its job deleted, a key is new again', async () => {
  const service = await startService();
  const { id } = (await post(service, 'k')).body as Job;
  await service.http.post(`/v1/jobs/${id}/cancel`).expect(200);
  await service.http.delete(`/v1/jobs/${id}`).expect(204);
  const { body, headers } = await post(service, 'k', { epochs: 9 });
  expect(headers).not.toHaveProperty('idempotency-replayed');
  expect((body as Job).id).not.toBe(id);
});

test.each(['', 'a b', 'x'.repeat(256), 'schlüssel'])('%j is no key', async (key) => {
  const service = await startService();
  const { status, body } = await post(service, key);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    code: 'INVALID_REQUEST',
    parameter: 'idempotency-key',
    detail: expect.stringContaining('1 to 255 visible ASCII characters') as string,
  });
  expect(await service.store.ids()).toEqual([]);
});

test.each(['x'.repeat(255), '!"#~'])('%j is a key', async (key) => {
  await post(await startService(), key).expect(202);
});
