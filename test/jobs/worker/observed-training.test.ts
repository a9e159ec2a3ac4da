import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Observation } from '../../../src/jobs/training/messages.js';
import { observedTraining } from '../../../src/jobs/worker/observed-training.js';
import type { TrainingOutcome } from '../../../src/jobs/worker/training-processes.js';
import type { Attempt } from '../../../src/jobs/worker/run-processor.js';
import { createPrometheusMetrics, type PrometheusMetrics } from '../../../src/telemetry/prometheus.js';
import { startTracing } from '../../../src/telemetry/tracing.js';
import { newTrace, startCollector, type Collector } from '../../telemetry/collector.js';
import { parseExposition, valueOf } from '../../telemetry/exposition.js';
import { smallSpec } from '../training/small-mnist.js';

const never = new AbortController().signal;

let collector: Collector;
let stopTracing: () => Promise<void>;

beforeAll(async () => {
  collector = await startCollector();
  const settings = {
    url: `${collector.url}/v1/traces`,
    headers: {},
    serviceName: 'trainyard',
    sampleRatio: 1,
  };
  stopTracing = startTracing(settings, pino({ level: 'silent' }));
});
afterAll(async () => {
  await stopTracing();
  await collector.close();
});

async function attemptOf({ attempt = 1, waitedMs = 0, trace = newTrace() } = {}): Promise<Attempt> {
  const spec = {
    ...(await smallSpec({ model: 'digits' })),
    created_at: new Date(Date.now() - waitedMs).toISOString(),
    trace_context: { traceparent: trace.traceparent },
  };
  return { runId: 'job_1', spec, term: attempt, attempt };
}

/** Has a run trained whose process tells these and ends so; `meanwhile` is called before that. */
async function observe(
  metrics: PrometheusMetrics,
  attempt: Attempt,
  told: Observation[],
  outcome: TrainingOutcome,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const train = observedTraining(metrics, async (_run, _signals, tell) => {
    for (const observation of told) tell(observation, Date.now());
    await meanwhile();
    return outcome;
  });
  expect(await train(attempt, { stop: never, kill: never })).toBe(outcome);
}

const newMetrics = (): PrometheusMetrics =>
  createPrometheusMetrics({ queueCounts: () => Promise.resolve([]) });
const families = async (metrics: PrometheusMetrics) => parseExposition((await metrics.render()).text);

const told: Observation[] = [
  { kind: 'progress', samplesPerSecond: null, trainLoss: null },
  { kind: 'progress', samplesPerSecond: 90_000, trainLoss: 0.5 },
  {
    kind: 'epoch',
    tookMs: 200,
    metrics: { epoch: 1, step: 5, train_loss: 0.4, train_accuracy: 0.8, test_loss: 0.3, test_accuracy: 0.9 },
  },
  { kind: 'checkpoint', tookMs: 40, step: 5 },
  { kind: 'evaluation', tookMs: 30, step: 5 },
  { kind: 'publication', tookMs: 10, step: 5, version: 1 },
  { kind: 'end', status: 'succeeded', error: null },
];

test('a run is measured while it trains', async () => {
  const metrics = newMetrics();
  const job = { job_id: 'job_1', model: 'digits' };
  await observe(metrics, await attemptOf({ waitedMs: 2_000 }), told, { kind: 'finished' }, async () => {
    const during = await families(metrics);
    expect(valueOf(during, 'trainyard_training_processes')).toBe(1);
    expect(valueOf(during, 'trainyard_training_samples_per_second', job)).toBe(90_000);
    expect(valueOf(during, 'trainyard_training_loss', { ...job, split: 'train' })).toBe(0.4);
    expect(valueOf(during, 'trainyard_training_loss', { ...job, split: 'test' })).toBe(0.3);
  });
  const after = await families(metrics);
  expect(valueOf(after, 'trainyard_training_processes')).toBe(0);
  expect(after.get('trainyard_training_loss')?.samples).toEqual([]);
  expect(valueOf(after, 'trainyard_jobs_total', { status: 'succeeded' })).toBe(1);
  expect(valueOf(after, 'trainyard_checkpoint_duration_seconds_sum')).toBe(0.04);
  expect(valueOf(after, 'trainyard_job_queue_wait_seconds_sum')).toBeGreaterThanOrEqual(2);
});

test('only the first training of a job counts as the end of its waiting', async () => {
  const metrics = newMetrics();
  await observe(metrics, await attemptOf({ attempt: 2 }), [], { kind: 'handed_back' });
  expect(valueOf(await families(metrics), 'trainyard_job_queue_wait_seconds_count')).toBe(0);
});

test('a run is a span of the trace of its request, and what it did are spans below it', async () => {
  const trace = newTrace();
  await observe(newMetrics(), await attemptOf({ trace }), told, { kind: 'finished' });
  const spans = await collector.spansOf(trace.traceId, 5);
  const training = spans.find(({ name }) => name === 'train digits');
  expect(training).toMatchObject({
    parentSpanId: trace.spanId,
    kind: 5,
    attributes: {
      'messaging.message.id': 'job_1',
      'messaging.operation.type': 'process',
      'trainyard.attempt': 1,
      'trainyard.job_status': 'succeeded',
      'trainyard.outcome': 'finished',
    },
  });
  const below = spans.filter(({ parentSpanId }) => parentSpanId === training?.spanId);
  expect(below.map(({ name }) => name)).toEqual(['epoch', 'checkpoint', 'evaluate', 'publish']);
  expect(below.map(({ startMs, endMs }) => Math.round(endMs - startMs))).toEqual([200, 40, 30, 10]);
  expect(below[0].attributes).toMatchObject({ 'trainyard.epoch': 1, 'trainyard.test_accuracy': 0.9 });
  expect(below[3].attributes).toMatchObject({ 'trainyard.version': 1 });
});

test.each<[string, string, TrainingOutcome, Observation[]]>([
  [
    'TRAINING_DIVERGED',
    'The loss became NaN.',
    { kind: 'finished' },
    [
      {
        kind: 'end',
        status: 'failed',
        error: { code: 'TRAINING_DIVERGED', message: 'The loss became NaN.' },
      },
    ],
  ],
  ['TRAINING_CRASHED', 'SIGKILL', { kind: 'crashed', reason: 'SIGKILL' }, []],
  [
    'STORAGE_FULL',
    'no space left',
    { kind: 'storage_failed', error: { code: 'STORAGE_FULL', message: 'no space left' } },
    [],
  ],
])(
  'a run that comes to nothing is an error of its span: %s',
  async (type, message, outcome, observations) => {
    const trace = newTrace();
    await observe(newMetrics(), await attemptOf({ trace }), observations, outcome);
    expect(await collector.spansOf(trace.traceId, 1)).toMatchObject([
      {
        status: { code: 2, message },
        attributes: { 'error.type': type, 'trainyard.outcome': outcome.kind },
      },
    ]);
  },
);
