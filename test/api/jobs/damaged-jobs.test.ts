/** A job with damaged files does not affect others, says what is wrong with it, and can be deleted. */
import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import type { JobList } from '../../../src/jobs/views/job.js';
import type { Storage } from '../../../src/storage/storage.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { parseExposition, valueOf } from '../../telemetry/exposition.js';
import { end, submit, takeUp } from '../runs.js';
import { startService, type TestService } from '../service.js';

const damages = [
  ['spec.json', ''],
  ['spec.json', '{'],
  ['result.json', ''],
  ['result.json', '{"format_version":2}'],
] as const;

async function damagedJob(service: TestService, file = 'spec.json', content = '{'): Promise<string> {
  const { id } = await submit(service);
  service.queue.delete(id);
  await service.storage.put(`runs/${id}/${file}`, Buffer.from(content));
  return id;
}

async function listed({ http }: TestService, query = ''): Promise<string[]> {
  const { body } = await http.get(`/v1/jobs?${query}`).expect(200);
  return (body as JobList).data.map(({ id }) => id);
}

describe.each(damages)('a job whose %s is %j', (file, content) => {
  test('is left out of every list, and counted', async () => {
    const service = await startService();
    const { id: good } = await submit(service);
    await damagedJob(service, file, content);
    for (const query of ['', 'status=queued', 'model=mnist-mlp', 'limit=1']) {
      expect(await listed(service, query)).toEqual([good]);
    }
    const { text } = await service.http.get('/metrics').expect(200);
    expect(valueOf(parseExposition(text), 'trainyard_damaged_runs')).toBe(1);
  });

  test('says which file is damaged and what to do about it', async () => {
    const service = await startService();
    const id = await damagedJob(service, file, content);
    const { status, body } = await service.http.get(`/v1/jobs/${id}`);
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'RUN_CORRUPT',
      detail: expect.stringMatching(
        new RegExp(`^runs/${id}/${file} .*DELETE /v1/jobs/\\{id\\}.*check-data`),
      ) as string,
    });
  });

  test('can be deleted', async () => {
    const service = await startService();
    const id = await damagedJob(service, file, content);
    expect(await listed(service)).toEqual([]);
    await service.http.delete(`/v1/jobs/${id}`).expect(204);
    await service.http.get(`/v1/jobs/${id}`).expect(404);
    expect(await service.store.ids()).toEqual([]);
    await listed(service);
    const { text } = await service.http.get('/metrics').expect(200);
    expect(valueOf(parseExposition(text), 'trainyard_damaged_runs')).toBe(0);
  });
});

test.each(['get /events', 'get /metrics', 'get /checkpoints', 'get /webhook-deliveries'])(
  'a damaged job is reported as damaged: %s',
  async (ask) => {
    const service = await startService();
    const id = await damagedJob(service);
    const { body } = await service.http.get(`/v1/jobs/${id}${ask.replace('get ', '')}`).expect(409);
    expect(body).toMatchObject({ code: 'RUN_CORRUPT' });
  },
);

test.each(['cancel', 'pause', 'resume'])('a damaged job refuses to %s', async (verb) => {
  const service = await startService();
  const id = await damagedJob(service);
  const { body } = await service.http.post(`/v1/jobs/${id}/${verb}`).expect(409);
  expect(body).toMatchObject({ code: 'RUN_CORRUPT' });
});

test('deleting a damaged job frees its idempotency key, if its spec can still be read', async () => {
  const service = await startService();
  const post = () => service.http.post('/v1/jobs').set('idempotency-key', 'once');
  const { id } = (await post().expect(202)).body as { id: string };
  await service.storage.put(`runs/${id}/result.json`, Buffer.from('{'));
  await service.http.delete(`/v1/jobs/${id}`).expect(204);
  const again = await post().expect(202);
  expect(again.headers['idempotency-replayed']).toBeUndefined();
  expect((again.body as { id: string }).id).not.toBe(id);
});

test('a damaged job is taken from the worker that still trains it before it is deleted', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const events = await takeUp(service, id);
  await service.storage.put(`runs/${id}/spec.json`, Buffer.from('{'));
  const refused = await service.http.delete(`/v1/jobs/${id}`).expect(409);
  expect(refused.body).toMatchObject({ code: 'JOB_NOT_ENDED' });
  await expect(events.refuseIfTakenOver()).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
  service.queue.set(id, 'waiting');
  await service.http.delete(`/v1/jobs/${id}`).expect(204);
  expect(service.queue.has(id)).toBe(false);
});

test('processes on one store see what the others do to jobs', async () => {
  const here = await startService();
  const there = await startService({}, here);
  const { id: first } = await submit(here);
  const { id: second } = await submit(there);
  for (const service of [here, there]) {
    expect(await listed(service)).toEqual([second, first]);
    expect(await listed(service, 'status=queued')).toEqual([second, first]);
  }
  await takeUp(there, first);
  expect(await listed(here, 'status=running')).toEqual([first]);
  await end(there, first, 'succeeded');
  expect(await listed(here, 'status=running')).toEqual([]);
  expect(await listed(here, 'status=succeeded')).toEqual([first]);
  await there.http.delete(`/v1/jobs/${first}`).expect(204);
  expect(await listed(here)).toEqual([second]);
  expect(await listed(here, 'status=succeeded')).toEqual([]);
  await here.http.post(`/v1/jobs/${second}/cancel`).expect(200);
  for (const service of [here, there]) expect(await listed(service, 'status=cancelled')).toEqual([second]);
});

test.each(['', 'status=queued', 'model=mnist-mlp'])(
  'while the store is away the list is 503, and whole again afterwards: %j',
  async (query) => {
    const storage = await temporaryStorage();
    let isAway = false;
    const away = new TrainyardError('STORAGE_UNAVAILABLE', 'The object store does not do its work.');
    const fragile: Storage = {
      ...storage,
      read: (...args) => (isAway ? Promise.reject(away) : storage.read(...args)),
      list: (...args) => (isAway ? Promise.reject(away) : storage.list(...args)),
    };
    const service = await startService({}, { storage: fragile, queue: new Map() });
    const { id } = await submit(service);
    expect(await listed(service, query)).toEqual([id]);
    isAway = true;
    const { body } = await service.http.get(`/v1/jobs?${query}`).expect(503);
    expect(body).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    isAway = false;
    expect(await listed(service, query)).toEqual([id]);
  },
);
