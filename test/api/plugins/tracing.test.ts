import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { TrainyardError } from '../../../src/errors.js';
import { formatKey, newKeyParts } from '../../../src/keys/key.js';
import { startTracing } from '../../../src/telemetry/tracing.js';
import { newTrace, startCollector, type Collector } from '../../telemetry/collector.js';
import { startService, type TestService } from '../service.js';

let collector: Collector;
let stopTracing: () => Promise<void>;

beforeAll(async () => {
  collector = await startCollector();
  stopTracing = startTracing(
    {
      url: `${collector.url}/v1/traces`,
      headers: { authorization: 'Bearer abc' },
      serviceName: 'trainyard-test',
      sampleRatio: 1,
    },
    pino({ level: 'silent' }),
  );
});
afterAll(async () => {
  await stopTracing();
  await collector.close();
});

const startTraced = (replaced = {}): Promise<TestService> => startService({ traced: true, ...replaced });

test('a request is a span of its client’s trace', async () => {
  const { http } = await startTraced();
  const { traceId, spanId, traceparent } = newTrace();
  await http.get('/v1/jobs/job_1/metrics?max_points=9').set('traceparent', traceparent).expect(404);
  expect(await collector.spansOf(traceId, 1)).toMatchObject([
    {
      name: 'GET /v1/jobs/:id/metrics',
      parentSpanId: spanId,
      kind: 2,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/v1/jobs/:id/metrics',
        'http.response.status_code': 404,
        'url.path': '/v1/jobs/job_1/metrics',
        'url.scheme': 'http',
      },
      resource: { 'service.name': 'trainyard-test', 'process.pid': process.pid },
    },
  ]);
  expect(collector.requests.at(-1)).toMatchObject({
    path: '/v1/traces',
    headers: { authorization: 'Bearer abc', 'content-type': 'application/json' },
  });
});

test('a key in a path reaches no span, but for its id', async () => {
  const { http } = await startTraced();
  const { traceId, traceparent } = newTrace();
  const { id, secret } = newKeyParts();
  await http
    .get(`/v1/${formatKey({ id, secret })}`)
    .set('traceparent', traceparent)
    .expect(404);
  const spans = await collector.spansOf(traceId, 1);
  expect(JSON.stringify(spans)).not.toContain(secret);
  expect(spans[0].attributes['url.path']).toBe(`/v1/ty_${id}_[redacted]`);
});

test('a request without a trace begins one, which its log line names', async () => {
  const { http, logLines } = await startTraced();
  await http.get('/nope').expect(404);
  const traceId = logLines.find(({ msg }) => msg === 'request')?.trace_id as string;
  const [span] = await collector.spansOf(traceId, 1);
  expect(span.name).toBe('GET');
  expect(span.parentSpanId).toBeUndefined();
  expect(span.attributes).not.toHaveProperty('http.route');
});

test('a job takes the trace of its request along, and does not show it', async () => {
  const { http, store } = await startTraced();
  const { traceId, traceparent } = newTrace();
  const { body } = await http
    .post('/v1/jobs')
    .set('traceparent', traceparent)
    .set('tracestate', 'vendor=1')
    .send({})
    .expect(202);
  const [span] = await collector.spansOf(traceId, 1);
  const spec = await store.readSpec((body as { id: string }).id);
  expect(spec?.trace_context).toEqual({
    traceparent: `00-${traceId}-${span.spanId}-01`,
    tracestate: 'vendor=1',
  });
  expect(JSON.stringify(body)).not.toContain(traceId);
});

test('what its client does not sample is not sent, and goes on as such', async () => {
  const { http, store } = await startTraced();
  const [unsampled, sampled] = [newTrace({ sampled: false }), newTrace()];
  const { body } = await http.post('/v1/jobs').set('traceparent', unsampled.traceparent).send({}).expect(202);
  const spec = await store.readSpec((body as { id: string }).id);
  expect(spec?.trace_context?.traceparent).toMatch(new RegExp(`^00-${unsampled.traceId}-[0-9a-f]{16}-00$`));
  // When a later one has arrived, it would have too.
  await http.get('/v1/models').set('traceparent', sampled.traceparent);
  await collector.spansOf(sampled.traceId, 1);
  expect(await collector.spansOf(unsampled.traceId, 0)).toEqual([]);
});

test('the log lines of a request carry the id of its trace', async () => {
  const { http, logLines } = await startTraced();
  const { traceId, traceparent } = newTrace();
  await http.post('/v1/jobs').set('traceparent', traceparent).send({ epochs: 0 }).expect(400);
  const lines = logLines.filter((line) => line.request_id !== undefined);
  expect(lines.map(({ msg }) => msg)).toEqual(['epochs must be at least 1.', 'request']);
  expect(lines.map((line) => line.trace_id)).toEqual([traceId, traceId]);
});

test('a prediction says which version it came from, and how long that took', async () => {
  const { http, publishDigits } = await startTraced();
  await publishDigits('digits');
  const { traceId, traceparent } = newTrace();
  const inputs = [[...exampleDigit]];
  await http.post('/predict').set('traceparent', traceparent).send({ inputs }).expect(200);
  const [span] = await collector.spansOf(traceId, 1);
  expect(span.attributes).toMatchObject({ 'trainyard.model': 'digits', 'trainyard.version': 1 });
  expect(span.attributes['trainyard.queue_ms']).toBeGreaterThanOrEqual(0);
  expect(span.attributes['trainyard.inference_ms']).toBeGreaterThan(0);
});

test('a failure of the service is an error of the span, a refusal is none', async () => {
  const fail = (): Promise<never> => Promise.reject(new TrainyardError('STORAGE_FULL', 'No room.'));
  const { http } = await startTraced({ producer: { submit: fail } });
  const [failure, refusal] = [newTrace(), newTrace()];
  await http.post('/v1/jobs').set('traceparent', failure.traceparent).send({}).expect(507);
  await http.post('/predict').set('traceparent', refusal.traceparent).send({}).expect(400);
  expect(await collector.spansOf(failure.traceId, 1)).toMatchObject([
    { status: { code: 2 }, attributes: { 'error.type': '507' } },
  ]);
  expect((await collector.spansOf(refusal.traceId, 1))[0].status).not.toMatchObject({ code: 2 });
});

test('probes and scrapes are no spans', async () => {
  const { http } = await startTraced();
  const { traceId, traceparent } = newTrace();
  for (const path of ['/health/live', '/health/ready', '/metrics', '/v1/models']) {
    await http.get(path).set('traceparent', traceparent).expect(200);
  }
  expect(await collector.spansOf(traceId, 1)).toMatchObject([{ name: 'GET /v1/models' }]);
});
