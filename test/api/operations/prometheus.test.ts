import { once } from 'node:events';
import { expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { TrainyardError } from '../../../src/errors.js';
import { parseExposition, valueOf, type Family } from '../../telemetry/exposition.js';
import { openConnection, requestHead } from '../raw-http.js';
import { startService, type TestService } from '../service.js';

const digit = [...exampleDigit];

async function scrape({ http }: TestService): Promise<Map<string, Family>> {
  const { headers, text } = await http.get('/metrics').expect(200);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseExposition(text);
}

/** By `method route status` how often. */
async function requests(service: TestService): Promise<Record<string, number>> {
  const samples = (await scrape(service)).get('http_request_duration_seconds')?.samples ?? [];
  const counts = samples.filter(({ name }) => name.endsWith('_count'));
  return Object.fromEntries(
    counts.map(({ labels, value }) => [`${labels.method} ${labels.route} ${labels.status}`, value]),
  );
}

test('requests are counted under their routes, whatever their URLs', async () => {
  const service = await startService();
  const { http } = service;
  for (const path of ['/v1/jobs/job_1?a=b', '/v1/jobs/job_2', '/v1/jobs/"%0A"']) await http.get(path);
  for (const path of ['/nope', '/nope/deeper?a=b', '/%E0%A4%A']) await http.get(path);
  await http.post('/v1/jobs').send({ epochs: 0 });
  await http.head('/health/live');
  expect(await requests(service)).toEqual({
    'GET /v1/jobs/:id 400': 1,
    'GET /v1/jobs/:id 404': 2,
    'GET unmatched 404': 2,
    'GET unmatched 400': 1,
    'POST /v1/jobs 400': 1,
    'HEAD /health/live 200': 1,
  });
});

test('a client that leaves before it is answered is counted too', async () => {
  const service = await startService();
  const headers = ['Expect: 100-continue', 'Content-Type: application/json', 'Content-Length: 9'];
  const { socket } = openConnection(service.url, `${requestHead('POST /predict', ...headers)}{`);
  // "100 Continue": the request has come in, and its body has not, so that it takes no place yet.
  await once(socket, 'data');
  expect(valueOf(await scrape(service), 'trainyard_predictions_waiting')).toBe(0);
  socket.destroy();
  await expect.poll(() => requests(service)).toMatchObject({ 'POST /predict 499': 1 });
  expect(valueOf(await scrape(service), 'trainyard_predictions_waiting')).toBe(0);
});

test('predictions are counted by model and version, and how long they took', async () => {
  const service = await startService();
  await service.publishDigits('digits', 1);
  await service.publishDigits('digits', 2);
  const ask = (body: object) => service.http.post('/predict').send(body);
  await ask({ model: 'digits', inputs: [digit, digit, digit] }).expect(200);
  await ask({ model: 'digits', version: 1, inputs: [digit] }).expect(200);
  const families = await scrape(service);
  const of = (name: string, labels = {}) => valueOf(families, name, { model: 'digits', ...labels });
  expect(of('trainyard_predictions_total', { version: '1', outcome: 'answered' })).toBe(1);
  expect(of('trainyard_predictions_total', { version: '2', outcome: 'answered' })).toBe(1);
  expect(of('trainyard_prediction_duration_seconds_count')).toBe(2);
  expect(of('trainyard_prediction_queue_seconds_count')).toBe(2);
  expect(of('trainyard_prediction_batch_size_sum')).toBe(4);
  expect(of('trainyard_prediction_batch_duration_seconds_count')).toBe(2);
  expect(of('trainyard_model_version')).toBe(2);
  expect(of('trainyard_model_reloads_total')).toBe(2);
});

test('a prediction that was not made in time is counted as such', async () => {
  const service = await startService();
  await service.publishDigits('digits');
  const inputs = Array.from({ length: 1_024 }, () => digit);
  // It takes longer than that to arrive.
  await service.http.post('/predict').set('x-timeout-ms', '1').send({ inputs }).expect(504);
  const families = await scrape(service);
  expect(valueOf(families, 'trainyard_predictions_total', { outcome: 'timed_out' })).toBe(1);
  expect(families.get('trainyard_prediction_queue_seconds')?.samples).toEqual([]);
});

test('an unknown model does not become a label', async () => {
  const service = await startService();
  await service.publishDigits('digits');
  await service.http
    .post('/predict')
    .send({ model: 'made-up', inputs: [digit] })
    .expect(404);
  const { text } = await service.http.get('/metrics');
  expect(text).not.toContain('made-up');
});

test('scrapes leave no line in the log', async () => {
  const service = await startService();
  await scrape(service);
  expect(service.logLines.filter(({ msg }) => msg === 'request')).toEqual([]);
});

test('a refused prediction is counted, though it reaches no route', async () => {
  const service = await startService({ maxWaitingPredictions: 0 });
  await service.http
    .post('/predict')
    .send({ inputs: [digit] })
    .expect(429);
  expect(valueOf(await scrape(service), 'trainyard_predictions_refused_total')).toBe(1);
});

test('a failure is counted', async () => {
  const fail = (): Promise<never> => Promise.reject(new TrainyardError('INTERNAL', 'What is wrong.'));
  const service = await startService({
    jobs: { get: fail, list: fail, events: fail, metrics: fail, outcomes: fail, checkpoints: fail },
  });
  await service.http.get('/v1/jobs').expect(500);
  expect(await requests(service)).toEqual({ 'GET /v1/jobs 500': 1 });
});
