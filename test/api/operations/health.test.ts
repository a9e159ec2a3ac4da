import { expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { startService } from '../service.js';

const works = (): Promise<void> => Promise.resolve();

test('a process that answers is alive, whatever it depends on', async () => {
  const broken = (): Promise<void> => Promise.reject(new Error('broken'));
  const { http } = await startService({ checks: { queue: broken } });
  expect((await http.get('/health/live').expect(200)).body).toEqual({ status: 'ok' });
});

test('a service without a model is ready, and says that it has none', async () => {
  const { http } = await startService({ checks: { queue: works, storage: works } });
  const { body } = await http.get('/health/ready').expect(200);
  expect(body).toEqual({ status: 'ready', checks: { queue: 'ok', storage: 'ok' }, models: [] });
});

test('the models that answer are shown', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  const { body } = await http.get('/health/ready').expect(200);
  expect(body).toMatchObject({ models: [{ model: 'mnist-mlp', version: 1 }] });
});

test('a check that fails makes the service unready, with the reason', async () => {
  const queue = (): Promise<void> =>
    Promise.reject(new TrainyardError('QUEUE_UNAVAILABLE', 'The queue does not answer: redis://localhost'));
  const { http, logLines } = await startService({ checks: { storage: works, queue } });
  const { status, body, headers } = await http.get('/health/ready');
  expect(status).toBe(503);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(headers['retry-after']).toBe('5');
  expect(body).toMatchObject({
    status: 503,
    code: 'QUEUE_UNAVAILABLE',
    detail: 'queue: The queue does not answer: redis://localhost',
    checks: { storage: 'ok', queue: 'failed' },
    models: [],
  });
  expect(logLines).toContainEqual(expect.objectContaining({ level: 40, msg: 'not ready', check: 'queue' }));
});

test('a service none of whose models can answer is not ready, until one can', async () => {
  const { http, storage, modelServer, publishDigits } = await startService();
  await storage.put('models/bad/versions/000001.json', Buffer.from('{'));
  await modelServer.refresh();
  const warning = 'No version of bad can be loaded: models/bad/versions/000001.json is not JSON.';
  expect((await http.get('/health/ready').expect(503)).body).toMatchObject({
    code: 'MODEL_NOT_READY',
    detail: `models: ${warning}`,
    checks: { storage: 'ok', models: 'failed' },
    models: [],
    warnings: [warning],
  });
  await publishDigits('bad');
  await http.get('/health/ready').expect(200);
});

test('a model that cannot answer is named and does not affect the others', async () => {
  const { http, storage, modelServer, publishDigits } = await startService();
  await publishDigits('good');
  expect((await http.get('/health/ready').expect(200)).body).not.toHaveProperty('warnings');
  await storage.put('models/bad/versions/000001.json', Buffer.from('{'));
  await modelServer.refresh();
  expect((await http.get('/health/ready').expect(200)).body).toMatchObject({
    checks: { models: 'ok' },
    models: [{ model: 'good', version: 1 }],
    warnings: ['No version of bad can be loaded: models/bad/versions/000001.json is not JSON.'],
  });
  const { status, body } = await http.get('/v2/health/ready');
  expect(status, 'the protocol wants all models ready').toBe(503);
  expect(body).toMatchObject({ ready: false, error: expect.stringContaining('No version of bad') as string });
});

test('every check that fails is named, and one that never ends has failed after two seconds', async () => {
  const storage = (): Promise<void> => Promise.reject(new Error('EROFS: read-only file system'));
  const queue = (): Promise<void> => new Promise(() => undefined);
  const { http } = await startService({ checks: { storage, queue } });
  const { status, body } = await http.get('/health/ready');
  expect(status).toBe(503);
  expect(body).toMatchObject({
    detail: 'storage: EROFS: read-only file system; queue: no answer within 2000 ms',
    checks: { storage: 'failed', queue: 'failed' },
  });
});

test('probes leave no line in the log', async () => {
  const { http, logLines } = await startService();
  await http.get('/health/live');
  await http.get('/health/ready');
  expect(logLines.filter(({ msg }) => msg === 'request')).toEqual([]);
});

test.each([
  '/health/live',
  '/health/ready',
  '/metrics',
  '/v2/health/live',
  '/v2/health/ready',
  '/v2/models/mnist-mlp/ready',
])('whoever probes %s may add parameters, the same one twice too', async (path) => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  for (const query of ['?t=1', '?t=1&t=2', '?a[b]=c&limit=0', '?']) await http.get(path + query).expect(200);
});
