import { describe, expect, test } from 'vitest';
import type { Job, JobList } from '../../../src/jobs/views/job.js';
import type { RunSummary } from '../../../src/jobs/runs/run-events.js';
import type { OptimizerSpec } from '../../../src/model/network/optimizers.js';
import { jobThatIs, submit, takeUp } from '../runs.js';
import { sendRequest } from '../raw-http.js';
import { startService, type TestService } from '../service.js';

const summary: RunSummary = {
  attempts: 2,
  last_error: { code: 'TRAINING_CRASHED', message: 'The training process died.' },
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

test.each(['application/x-www-form-urlencoded', 'application/json', 'text/plain', 'nonsense', undefined])(
  'an empty body with the type %s asks for the reference network too',
  async (type) => {
    const { url } = await startService();
    const headers = { 'content-length': '0', ...(type !== undefined && { 'content-type': type }) };
    expect((await sendRequest(url, 'POST', '/v1/jobs', { headers })).status).toBe(202);
  },
);

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
    task: 'classification',
    preset: 'plain',
    split: { validation: 0 },
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
    publish_if: 'better_than_baseline',
    checkpoint: { every_steps: null, every_seconds: null, keep: 2 },
  });
  expect(job).toMatchObject({ priority: 0, time_limit_seconds: null, webhook: null });
  expect([...service.queue]).toEqual([[job.id, 'waiting']]);
  expect(await service.store.readSpec(job.id)).toMatchObject({ model: 'mnist-mlp', steps: 4690 });
});

test('every field that is sent reaches the spec', async () => {
  const service = await startService();
  const body = {
    model: 'my.model_2',
    dataset: 'mnist',
    network: { hidden: [{ units: 3 }, { units: 2, activation: 'gelu', dropout: 0.95 }] },
    loss: 'one_hot_mse',
    split: { validation: 0.5 },
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
    checkpoint: { every_steps: 1_000_000_000, keep: 100 },
    priority: -100,
    time_limit_seconds: 31_536_000,
    webhook: { url: 'https://example.com/hooks?token=1', events: ['job.metrics', 'job.succeeded'] },
    metadata: { owner: 'Ada', 'a/b~c': '"quoted" \u2028 ü' },
  };
  const job = await submit(service, body);
  const { network, loss, split, optimizer, epochs, batch_size, seed, engine, publish, checkpoint, ...whole } =
    body;
  expect(job).toMatchObject(whole);
  expect(job.spec).toMatchObject({ loss, split, optimizer, epochs, batch_size, seed, engine, publish });
  expect(job.spec.checkpoint).toEqual({ every_seconds: null, ...checkpoint });
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

test('by default a webhook is told of the end of the job', async () => {
  const { webhook } = await submit(await startService(), { webhook: { url: 'https://example.com/' } });
  expect(webhook).toEqual({
    url: 'https://example.com/',
    events: ['job.succeeded', 'job.failed', 'job.cancelled'],
  });
});

test('checkpoints may be timed', async () => {
  const { spec } = await submit(await startService(), { checkpoint: { every_seconds: 0.1 } });
  expect(spec.checkpoint).toEqual({ every_steps: null, every_seconds: 0.1, keep: 2 });
});

test('no more jobs are accepted than may wait', async () => {
  const service = await startService();
  for (let count = 0; count < 10; count++) await submit(service);
  const refused = await service.http.post('/v1/jobs');
  expect(refused.status).toBe(429);
  expect(refused.headers['retry-after']).toBe('10');
  expect(refused.body).toMatchObject({ code: 'QUEUE_FULL' });
  expect(await service.store.ids()).toHaveLength(10);
});

test('no hidden layer is a network too', async () => {
  const job = await submit(await startService(), { network: { hidden: [] } });
  expect(job.spec.network).toEqual({ inputs: 784, hidden: [], outputs: 10 });
});

test('a waiting job names its queue, the number of waiting jobs and the number of workers', async () => {
  const service = await startService();
  await submit(service);
  const { queue } = await submit(service);
  // As it was remembered, or as it is.
  expect([1, 2]).toContain(queue?.waiting);
  expect(queue).toMatchObject({ name: 'training', workers: 0 });
});

test.each(['succeeded', 'failed', 'cancelled'] as const)(
  'a job that has %s is shown completely',
  async (status) => {
    const service = await startService();
    const submitted = await submit(service, { metadata: { a: 'b' }, seed: Number.MAX_SAFE_INTEGER });
    const error =
      status === 'failed' ? { code: 'TRAINING_DIVERGED' as const, message: 'The loss is NaN.' } : null;
    const finished_at = '2026-01-02T03:04:16.345Z';
    await service.store.writeResult(submitted.id, {
      format_version: 2,
      status,
      error,
      finished_at,
      summary,
    });

    const { body } = await service.http.get(`/v1/jobs/${submitted.id}`).expect(200);
    expect(body).toEqual({ ...submitted, ...summary, status, queue: null, error, finished_at });
  },
);

test('a running job is shown as its events say', async () => {
  const service = await startService();
  const submitted = await submit(service);
  const events = await takeUp(service, submitted.id);
  const { engine, progress } = summary;
  if (engine === null) throw new Error('The summary has an engine');
  await events.append({ type: 'started', engine, resumed_from_step: null });
  await events.append({ type: 'progress', progress: { ...progress, samples_per_second: null } });

  const { body } = await service.http.get(`/v1/jobs/${submitted.id}`).expect(200);
  expect(body).toEqual({
    ...submitted,
    status: 'running',
    queue: null,
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

describe('the list holds only', () => {
  async function found(service: TestService, query: string): Promise<string[]> {
    const { body } = await service.http.get(`/v1/jobs?${query}`).expect(200);
    return (body as JobList).data.map(({ id }) => id);
  }

  test.each(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const)(
    'jobs that are %s',
    async (status) => {
      const service = await startService();
      const jobs: Job[] = [];
      for (const each of ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const) {
        jobs.push(await jobThatIs(each, service));
      }
      expect(await found(service, `status=${status}`)).toEqual(
        jobs.filter((job) => job.status === status).map(({ id }) => id),
      );
    },
  );

  test('jobs for a model, on a dataset', async () => {
    const service = await startService();
    await submit(service);
    const { id } = await submit(service, { model: 'mine' });
    expect(await found(service, 'model=mine')).toEqual([id]);
    expect(await found(service, 'model=mine&dataset=mnist')).toEqual([id]);
    expect(await found(service, 'model=mine&dataset=imagenet')).toEqual([]);
    expect(await found(service, 'dataset=mnist')).toHaveLength(2);
  });

  test('jobs with all of these notes', async () => {
    const service = await startService();
    const first = await submit(service, { metadata: { owner: 'ada', trial: '3' } });
    const second = await submit(service, { metadata: { owner: 'ada', 'a][b &=%': 'ü' } });
    await submit(service);
    expect(await found(service, 'metadata[owner]=ada')).toEqual([second.id, first.id]);
    expect(await found(service, 'metadata%5Bowner%5D=ada&metadata[trial]=3')).toEqual([first.id]);
    expect(await found(service, 'metadata[owner]=ada&metadata[trial]=4')).toEqual([]);
    expect(await found(service, `metadata[${encodeURIComponent('a][b &=%')}]=%C3%BC`)).toEqual([second.id]);
    expect(await found(service, 'metadata[toString]=x')).toEqual([]);
    expect(await found(service, 'metadata[__proto__]=x')).toEqual([]);
  });

  test('jobs that match all filters, page by page', async () => {
    const service = await startService();
    const ids: string[] = [];
    for (let count = 0; count < 6; count++) {
      const { id } = await submit(service, { model: count % 2 === 0 ? 'even' : 'odd' });
      if (count % 2 === 0) ids.unshift(id);
    }
    const first = (await service.http.get('/v1/jobs?model=even&status=queued&limit=2')).body as JobList;
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.has_more).toBe(true);
    const rest = (await service.http.get(`/v1/jobs?model=even&limit=2&after=${ids[1]}`)).body as JobList;
    expect(rest).toMatchObject({ data: [{ id: ids[2] }], has_more: false });
  });
});

test('a page of the list shows each job as a request for it alone does', async () => {
  const service = await startService();
  const job = await submit(service);
  await service.store.writeResult(job.id, {
    format_version: 2,
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
