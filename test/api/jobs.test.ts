import { expect, test } from 'vitest';
import type { Job, JobList, RunSummary } from '../../src/jobs/contracts.js';
import type { OptimizerSpec } from '../../src/model/optimizer.js';
import { startService, type TestService } from './service.js';

async function submit(service: TestService, body: object = {}): Promise<Job> {
  const answer = await service.http.post('/v1/jobs').send(body);
  expect(answer.status).toBe(202);
  return answer.body as Job;
}

const summary: RunSummary = {
  attempts: 2,
  started_at: '2026-01-02T03:04:06.000Z',
  engine: { name: 'reference', device: 'cpu', reason: 'asked for by name' },
  resumed_from_step: 938,
  progress: {
    epoch: 3,
    epochs: 5,
    step: 2814,
    steps: 4690,
    fraction: 0.6,
    samples_per_second: 12345.678,
    eta_seconds: 9.5,
    train_loss: 1e-7,
    train_accuracy: 0.9,
  },
  metrics: {
    epoch: 3,
    step: 2814,
    train_loss: 0.05,
    train_accuracy: 0.985,
    test_loss: 0.0712345678901,
    test_accuracy: 0.9784,
  },
  version: 3,
};

test.each([
  ['no body and no type', (service: TestService) => service.http.post('/v1/jobs')],
  ['no body of type JSON', (service: TestService) => service.http.post('/v1/jobs').type('json')],
  ['{}', (service: TestService) => service.http.post('/v1/jobs').send({})],
])('%s asks for the reference network', async (_, ask) => {
  const service = await startService();
  const answer = await ask(service);
  expect(answer.status).toBe(202);
  const job = answer.body as Job;
  expect(answer.headers.location).toBe(`/v1/jobs/${job.id}`);
  expect(job).toMatchObject({ object: 'job', status: 'queued', model: 'mnist-mlp', dataset: 'mnist' });
  expect(job.spec).toEqual({
    network: { inputs: 784, hidden: [{ units: 256, activation: 'relu', dropout: 0 }], outputs: 10 },
    loss: 'cross_entropy',
    optimizer: {
      type: 'adam',
      learning_rate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weight_decay: 0,
    },
    epochs: 5,
    batch_size: 64,
    seed: 0,
    engine: 'auto',
    publish: 'final',
  });
  expect([...service.queue]).toEqual([[job.id, 'waiting']]);
  expect(await service.store.readSpec(job.id)).toMatchObject({ model: 'mnist-mlp', steps: 4690 });
});

test('every field that is sent reaches the spec', async () => {
  const service = await startService();
  const body = {
    model: 'my.model_2',
    dataset: 'mnist',
    network: { hidden: [{ units: 3 }, { units: 2, activation: 'gelu', dropout: 0.95 }] },
    loss: 'mse',
    optimizer: {
      type: 'adam',
      learning_rate: 10,
      beta1: 0,
      beta2: 0.5,
      epsilon: 1,
      weight_decay: 1,
    },
    epochs: 10_000,
    batch_size: 65_536,
    seed: Number.MAX_SAFE_INTEGER,
    engine: 'reference',
    publish: 'every_checkpoint',
    metadata: { owner: 'Ada', 'a/b~c': '"quoted" \u2028 ü' },
  };
  const job = await submit(service, body);
  const { model, dataset, metadata, network, ...numbers } = body;
  expect(job).toMatchObject({ model, dataset, metadata, spec: numbers });
  expect(job.spec.network.hidden).toEqual([
    { units: 3, activation: 'relu', dropout: 0 },
    { units: 2, activation: 'gelu', dropout: 0.95 },
  ]);
  expect(network.hidden).toHaveLength(job.spec.network.hidden.length);
});

test.each<OptimizerSpec>([
  { type: 'adam', learning_rate: 10, beta1: 0, beta2: 0.5, epsilon: 1, weight_decay: 1 },
  { type: 'adamw', learning_rate: 1e-9, beta1: 0.5, beta2: 0, epsilon: 1e-12, weight_decay: 0 },
  { type: 'sgd', learning_rate: 0.5, momentum: 0.9, nesterov: true, weight_decay: 1e-4 },
  { type: 'rmsprop', learning_rate: 0.5, alpha: 0, epsilon: 0.1, weight_decay: 1e-4 },
])('a job shows the whole of its optimiser, one by one and in the list: %o', async (optimizer) => {
  const service = await startService();
  const job = await submit(service, { optimizer });
  expect(job.spec.optimizer).toEqual(optimizer);
  expect((await service.http.get(`/v1/jobs/${job.id}`)).body).toEqual(job);
  expect(((await service.http.get('/v1/jobs')).body as JobList).data).toEqual([job]);
});

test('no hidden layer is a network too', async () => {
  const job = await submit(await startService(), { network: { hidden: [] } });
  expect(job.spec.network).toEqual({ inputs: 784, hidden: [], outputs: 10 });
});

test.each(['succeeded', 'failed', 'cancelled'] as const)(
  'a job that has %s is answered whole',
  async (status) => {
    const service = await startService();
    const submitted = await submit(service, { metadata: { a: 'b' }, seed: Number.MAX_SAFE_INTEGER });
    const error =
      status === 'failed' ? { code: 'TRAINING_DIVERGED' as const, message: 'The loss is NaN.' } : null;
    const finished_at = '2026-01-02T03:04:16.345Z';
    await service.store.writeResult(submitted.id, { format_version: 1, status, error, finished_at, summary });

    const { body } = await service.http.get(`/v1/jobs/${submitted.id}`).expect(200);
    expect(body).toEqual({ ...submitted, ...summary, status, error, finished_at });
  },
);

test('a job that runs is answered as its events say', async () => {
  const service = await startService();
  const submitted = await submit(service);
  service.queue.set(submitted.id, 'active');
  const events = await service.store.openEventLog(submitted.id);
  const { engine, progress } = summary;
  if (engine === null) throw new Error('The summary has an engine');
  await events.append({ type: 'attempt', attempt: 1 }, { type: 'started', engine, resumed_from_step: null });
  await events.append({ type: 'progress', progress: { ...progress, samples_per_second: null } });

  const { body } = await service.http.get(`/v1/jobs/${submitted.id}`).expect(200);
  expect(body).toEqual({
    ...submitted,
    status: 'running',
    attempts: 1,
    engine,
    progress: { ...progress, samples_per_second: null },
    started_at: expect.any(String) as string,
  });
});

test('the list is paged, newest first', async () => {
  const service = await startService();
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.unshift((await submit(service)).id);
  const page = async (query: object): Promise<JobList> =>
    (await service.http.get('/v1/jobs').query(query).expect(200)).body as JobList;

  const first = await page({ limit: 2 });
  expect(first).toMatchObject({ object: 'list', has_more: true });
  expect(first.data.map((job) => job.id)).toEqual(ids.slice(0, 2));
  const second = await page({ limit: 3, after: ids[1] });
  expect(second.data.map((job) => job.id)).toEqual(ids.slice(2));
  expect(second.has_more).toBe(false);
  expect((await page({})).data).toHaveLength(5);
  expect(await page({ after: ids[4] })).toEqual({ object: 'list', data: [], has_more: false });
});

test('a page of the list holds the jobs as they are answered one by one', async () => {
  const service = await startService();
  const job = await submit(service);
  await service.store.writeResult(job.id, {
    format_version: 1,
    status: 'succeeded',
    error: null,
    finished_at: '2026-01-02T03:04:16.345Z',
    summary,
  });
  const one = await service.http.get(`/v1/jobs/${job.id}`);
  const list = await service.http.get('/v1/jobs');
  expect((list.body as JobList).data).toEqual([one.body]);
});

test.each(['job_00000000000000000000000000', 'nonsense', '..%2F..%2Fetc%2Fpasswd', `job_${'A'.repeat(90)}`])(
  'there is no job %s',
  async (id) => {
    const { http } = await startService();
    const { status, body } = await http.get(`/v1/jobs/${id}`);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'JOB_NOT_FOUND' });
  },
);
