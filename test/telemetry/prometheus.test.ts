import { describe, expect, test } from 'vitest';
import { createPrometheusMetrics, type PrometheusMetrics } from '../../src/telemetry/prometheus.js';
import { parseExposition, valueOf, type Family } from './exposition.js';

const nothing = (): Promise<never[]> => Promise.resolve([]);

async function scrape(metrics: PrometheusMetrics): Promise<Map<string, Family>> {
  return parseExposition((await metrics.render()).text);
}

/** Gives every metric one series. */
function useAll(metrics: PrometheusMetrics): void {
  metrics.http.observe({ method: 'GET', route: '/v1/jobs/:id', status: 200 }, 0.002);
  metrics.predictions.answered({ model: 'digits', version: 2, queueMs: 0.2 }, 200, 0.003);
  metrics.predictions.refused();
  metrics.predictions.batch('digits', 3, 0.1);
  metrics.predictions.reload('digits');
  metrics.predictions.readWaiting(() => 4);
  metrics.predictions.readServed(() => [{ model: 'digits', version: 2 }]);
  metrics.jobs.waited(0.3);
  metrics.jobs.ended('succeeded');
  metrics.jobs.readDamaged(() => 5);
  const training = metrics.training.start({ job_id: 'job_1', model: 'digits' });
  training.pace(100_000);
  training.loss('train', 0.3);
  training.loss('test', 0.4);
  training.checkpoint(0.02);
}

test('the metrics are rendered in the text format of Prometheus, with its content type', async () => {
  const metrics = createPrometheusMetrics({
    queueCounts: () => Promise.resolve([{ queue: 'training', waiting: 3, active: 1, workers: 2 }]),
  });
  useAll(metrics);
  const { contentType, text } = await metrics.render();
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parseExposition(text);
  const empty = [...families.values()].filter(({ name, samples }) => {
    return samples.length === 0 && /^(http|trainyard)_/.test(name);
  });
  expect(empty).toEqual([]);
  expect(valueOf(families, 'trainyard_queue_jobs', { queue: 'training', state: 'waiting' })).toBe(3);
  expect(valueOf(families, 'trainyard_queue_jobs', { queue: 'training', state: 'active' })).toBe(1);
  expect(valueOf(families, 'trainyard_queue_workers', { queue: 'training' })).toBe(2);
  expect(valueOf(families, 'trainyard_predictions_waiting')).toBe(4);
  expect(valueOf(families, 'trainyard_model_version', { model: 'digits' })).toBe(2);
  expect(valueOf(families, 'trainyard_damaged_runs')).toBe(5);
  expect(valueOf(families, 'trainyard_prediction_batch_size_sum', { model: 'digits' })).toBe(3);
});

test('labels keep all characters', async () => {
  const metrics = createPrometheusMetrics({ queueCounts: nothing });
  const route = 'a "quoted" back\\slash,\nand {braces} = ü';
  metrics.http.observe({ method: 'GET', route, status: 200 }, 0.1);
  expect(valueOf(await scrape(metrics), 'http_request_duration_seconds_count', { route })).toBe(1);
});

test('names and units follow the conventions of Prometheus', async () => {
  const families = [...(await scrape(createPrometheusMetrics({ queueCounts: nothing }))).values()];
  const own = families.filter(({ name }) => !/^(process|nodejs)_/.test(name));
  expect(own.length).toBeGreaterThan(15);
  for (const { name, type, help } of own) {
    expect(name).toMatch(/^(http_request|trainyard)(_[a-z]+)+$/);
    expect(help, name).toMatch(/^[A-Z].*\.$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_(seconds|size)$/);
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb)$/);
  }
});

test('the process is measured: memory, event loop and garbage collection', async () => {
  const names = [...(await scrape(createPrometheusMetrics({ queueCounts: nothing }))).keys()];
  expect(names).toEqual(
    expect.arrayContaining([
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_gc_duration_seconds',
    ]),
  );
});

test('predictions from a tenth of a millisecond to a second fall into different buckets', async () => {
  const metrics = createPrometheusMetrics({ queueCounts: nothing });
  for (const seconds of [0.00008, 0.0002, 0.0008, 0.02, 0.9]) {
    metrics.predictions.answered({ model: 'digits', version: 1, queueMs: 0 }, 200, seconds);
  }
  const families = await scrape(metrics);
  const upTo = (le: string) => valueOf(families, 'trainyard_prediction_duration_seconds_bucket', { le });
  expect(['0.0001', '0.00025', '0.001', '0.025', '1'].map(upTo)).toEqual([1, 2, 3, 4, 5]);
});

describe('a queue that does not answer', () => {
  test.each([
    ['fails', () => Promise.reject(new Error('away'))],
    ['never ends', () => new Promise<never>(() => undefined)],
  ])('leaves the other metrics when the request %s', async (_, queueCounts) => {
    const families = await scrape(createPrometheusMetrics({ queueCounts, queueTimeoutMs: 20 }));
    expect(valueOf(families, 'trainyard_queue_up')).toBe(0);
    expect(families.get('trainyard_queue_jobs')?.samples).toEqual([]);
    expect(valueOf(families, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  test('is counted again when it answers again', async () => {
    const answers = [
      Promise.resolve([{ queue: 'training', waiting: 1, active: 0, workers: 0 }]),
      Promise.reject(new Error('away')),
      Promise.resolve([{ queue: 'training', waiting: 2, active: 0, workers: 0 }]),
    ];
    const metrics = createPrometheusMetrics({ queueCounts: () => answers.shift() ?? nothing() });
    const waiting = async () =>
      valueOf(await scrape(metrics), 'trainyard_queue_jobs', { queue: 'training', state: 'waiting' });
    expect([await waiting(), await waiting(), await waiting()]).toEqual([1, undefined, 2]);
  });
});

test('a job has series as long as it trains here', async () => {
  const metrics = createPrometheusMetrics({ queueCounts: nothing });
  const series = async () =>
    [...(await scrape(metrics)).values()].flatMap(({ samples }) =>
      samples.flatMap(({ name, labels }) => ('job_id' in labels ? [`${name} of ${labels.job_id}`] : [])),
    );
  const [one, two] = ['job_1', 'job_2'].map((id) => metrics.training.start({ job_id: id, model: 'digits' }));
  for (const training of [one, two]) {
    training.pace(1);
    training.loss('train', 1);
    training.loss('test', 1);
  }
  expect(await series()).toHaveLength(6);
  one.end();
  expect(await series()).toEqual([
    'trainyard_training_samples_per_second of job_2',
    'trainyard_training_loss of job_2',
    'trainyard_training_loss of job_2',
  ]);
  two.end();
  expect(await series()).toEqual([]);
  expect(valueOf(await scrape(metrics), 'trainyard_training_processes')).toBe(0);
});

test('a model that is unloaded has no version', async () => {
  const metrics = createPrometheusMetrics({ queueCounts: nothing });
  let version: number | null = 3;
  metrics.predictions.readServed(() => [{ model: 'digits', version }]);
  expect(valueOf(await scrape(metrics), 'trainyard_model_version')).toBe(3);
  version = null;
  expect(valueOf(await scrape(metrics), 'trainyard_model_version')).toBeUndefined();
});

test('only the latest versions of a model have labels', async () => {
  const metrics = createPrometheusMetrics({ queueCounts: nothing });
  for (let version = 1; version <= 100; version++) {
    for (const status of [200, 400, 499, 500, 504]) {
      metrics.predictions.answered({ model: 'digits', version, queueMs: null }, status, 0.001);
    }
  }
  const counted = (await scrape(metrics)).get('trainyard_predictions_total')?.samples ?? [];
  expect([...new Set(counted.map(({ labels }) => Number(labels.version)))]).toEqual(
    Array.from({ length: 20 }, (_, i) => 81 + i),
  );
  expect(new Set(counted.map(({ labels }) => labels.outcome))).toEqual(
    new Set(['answered', 'refused', 'client_gone', 'timed_out', 'failed']),
  );
});

test('each instance has its own registry', async () => {
  const [one, other] = [
    createPrometheusMetrics({ queueCounts: nothing }),
    createPrometheusMetrics({ queueCounts: nothing }),
  ];
  one.jobs.ended('failed');
  expect(valueOf(await scrape(one), 'trainyard_jobs_total', { status: 'failed' })).toBe(1);
  expect(valueOf(await scrape(other), 'trainyard_jobs_total', { status: 'failed' })).toBe(0);
});
