import { expect, test } from 'vitest';
import { ApiError, ConnectionError, createClient } from '../../client/client.js';
import { startService } from '../api/service.js';
import { freePort } from '../servers/local-server.js';

test('a refusal is an error with all that the problem document says', async () => {
  const service = await startService();
  const client = createClient({ baseUrl: service.url });
  const refused = await client
    .post('/v1/jobs', { body: { epochs: 0, seed: -1 } })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  const error = refused as ApiError;
  expect(error).toMatchObject({
    status: 400,
    code: 'INVALID_REQUEST',
    pointer: '/epochs',
    title: 'A field of the request has a wrong type or value.',
    message: 'epochs must be at least 1.',
  });
  expect(error.errors.map(({ pointer }) => pointer)).toEqual(['/epochs', '/seed']);
  expect(service.logLines).toContainEqual(
    expect.objectContaining({ request_id: error.requestId, msg: 'request' }),
  );
});

test('a service that does not run is an error that says where it was looked for', async () => {
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  const asked = createClient({ baseUrl, retry: { firstDelayMs: 1 } }).get('/v1/jobs');
  await expect(asked).rejects.toBeInstanceOf(ConnectionError);
  await expect(asked).rejects.toThrow(`${baseUrl} does not answer (ECONNREFUSED).`);
});

test('the answer is that of its operation, and undefined where there is none', async () => {
  const service = await startService();
  await service.publishDigits('digits');
  const client = createClient({ baseUrl: service.url });
  const { data } = await client.get('/v1/models', { params: { query: { limit: 5 } } });
  expect(data.map(({ name }) => name)).toEqual(['digits']);
  await client.put('/v1/models/{name}/aliases/{alias}', {
    params: { path: { name: 'digits', alias: 'production' } },
    body: { version: 1 },
  });
  const removing = client.delete('/v1/models/{name}/aliases/{alias}', {
    params: { path: { name: 'digits', alias: 'production' } },
  });
  await expect(removing).resolves.toBeUndefined();
});

test('a job whose answer is lost is sent again and made once', async () => {
  const service = await startService();
  let sent = 0;
  const client = createClient({
    baseUrl: service.url,
    retry: { firstDelayMs: 1 },
    async fetch(request) {
      const response = await fetch(request);
      if (++sent <= 2) throw new TypeError('the answer was lost');
      return response;
    },
  });
  const job = await client.post('/v1/jobs', { body: { epochs: 2 } });
  expect(sent).toBe(3);
  expect((await client.get('/v1/jobs')).data.map(({ id }) => id)).toEqual([job.id]);
});

/** A service that is busy: refuses so often, and then answers. */
function busy(refusals: number, { status = 503, retryAfter = '0' } = {}) {
  const asked: string[] = [];
  const client = createClient({
    baseUrl: 'http://localhost',
    retry: { firstDelayMs: 1 },
    fetch({ method, url }) {
      asked.push(`${method} ${new URL(url).pathname}`);
      const isRefused = asked.length <= refusals;
      return Promise.resolve(
        isRefused
          ? Response.json(
              { code: 'BUSY', detail: 'Later.' },
              { status, headers: { 'retry-after': retryAfter } },
            )
          : Response.json({}),
      );
    },
  });
  return { client, asked };
}

test('a busy service is asked again, as often as allowed and not before it wants to', async () => {
  const patient = busy(3);
  await patient.client.get('/v1/jobs');
  expect(patient.asked).toHaveLength(4);
  const busier = busy(4);
  await expect(busier.client.get('/v1/jobs')).rejects.toMatchObject({ status: 503, code: 'BUSY' });
  // Nobody waits for an hour.
  const busiest = busy(1, { retryAfter: '3600' });
  await expect(busiest.client.get('/v1/jobs')).rejects.toMatchObject({ retryAfterSeconds: 3600 });
  expect(busiest.asked).toHaveLength(1);
});

test('what changes something is not repeated, unless nothing was done', async () => {
  const rollBack = { params: { path: { name: 'm' } } };
  const unsure = busy(1);
  await expect(unsure.client.post('/v1/models/{name}/rollback', rollBack)).rejects.toMatchObject({
    status: 503,
  });
  expect(unsure.asked).toHaveLength(1);
  const limited = busy(1, { status: 429 });
  await limited.client.post('/v1/models/{name}/rollback', rollBack);
  expect(limited.asked).toHaveLength(2);
  const health = busy(1);
  await expect(health.client.get('/health/ready')).rejects.toMatchObject({ status: 503 });
  expect(health.asked).toHaveLength(1);
});

test('the key is asked for before each request, and sent with it', async () => {
  const keys = ['ty_a', undefined];
  const sent: (string | null)[] = [];
  const client = createClient({
    baseUrl: 'http://localhost/ml/',
    key: () => keys.shift(),
    fetch({ url, headers }) {
      sent.push(`${new URL(url).pathname} ${headers.get('authorization')}`);
      return Promise.resolve(Response.json({}));
    },
  });
  await client.get('/v1/jobs');
  await client.fetch('/v1/jobs');
  expect(sent).toEqual(['/ml/v1/jobs Bearer ty_a', '/ml/v1/jobs null']);
});
