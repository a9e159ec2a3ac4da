import { pino } from 'pino';
import supertest from 'supertest';
import { expect, onTestFinished, test } from 'vitest';
import { buildWorkerApp, type WorkerAppDeps } from '../../../src/api/worker-app.js';
import type { Check } from '../../../src/api/operations/readiness.js';
import { TrainyardError } from '../../../src/errors.js';
import { createPrometheusMetrics } from '../../../src/telemetry/prometheus.js';
import { temporaryKeys, knows } from '../../keys/keys.js';
import { parseExposition, valueOf } from '../../telemetry/exposition.js';

const works = (): Promise<void> => Promise.resolve();

async function startWorkerApp(
  checks: Record<string, Check> = { queue: works, storage: works },
  access: Pick<WorkerAppDeps, 'keys'> = {},
) {
  const metrics = createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) });
  const log = pino({}, { write: () => undefined });
  const app = await buildWorkerApp({ log, metrics, checks, ...access });
  onTestFinished(() => app.close());
  return { http: supertest(await app.listen({ host: '127.0.0.1', port: 0 })), metrics };
}

test('a worker says whether it is alive and ready', async () => {
  const { http } = await startWorkerApp();
  expect((await http.get('/health/live').expect(200)).body).toEqual({ status: 'ok' });
  expect((await http.get('/health/ready').expect(200)).body).toEqual({
    status: 'ready',
    checks: { queue: 'ok', storage: 'ok' },
    models: [],
  });
});

test('a worker that is not ready says why', async () => {
  const storage: Check = () => Promise.reject(new TrainyardError('STORAGE_FULL', 'Make room.'));
  const { http } = await startWorkerApp({ queue: works, storage });
  expect((await http.get('/health/ready').expect(503)).body).toMatchObject({
    code: 'STORAGE_FULL',
    detail: 'storage: Make room.',
    checks: { queue: 'ok', storage: 'failed' },
  });
});

test('a worker shows its metrics', async () => {
  const { http, metrics } = await startWorkerApp();
  metrics.training.start({ job_id: 'job_1', model: 'digits' });
  const families = parseExposition((await http.get('/metrics').expect(200)).text);
  expect(valueOf(families, 'trainyard_training_processes')).toBe(1);
});

test('with keys, a worker shows its metrics to whoever has one, and its health to everyone', async () => {
  const keys = await temporaryKeys();
  const ring = await keys.openRing();
  const key = await keys.make(['predict']);
  await knows(ring, key);
  const { http } = await startWorkerApp({ queue: works }, { keys: ring });
  await http.get('/metrics').expect(401);
  await http.get('/metrics').set('authorization', `Bearer ${key}`).expect(200);
  for (const path of ['/health/live', '/health/ready']) await http.get(path).expect(200);
});

test('a worker takes no jobs and answers no predictions', async () => {
  const { http } = await startWorkerApp();
  for (const path of ['/v1/jobs', '/predict']) {
    expect((await http.post(path).send({}).expect(404)).body).toMatchObject({
      code: 'ROUTE_NOT_FOUND',
      detail: `There is no POST ${path}.`,
    });
  }
});
