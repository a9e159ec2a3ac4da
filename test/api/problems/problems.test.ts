/** What every route does when it cannot answer: the shape, the status of each code, ids, logs, and the end. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { statusOf } from '../../../src/api/problems/problem.js';
import { errorCodes, TrainyardError, type ErrorCode } from '../../../src/errors.js';
import type { JobList } from '../../../src/jobs/views/job.js';
import type { JobQueries } from '../../../src/jobs/views/job-queries.js';
import { openConnection, requestHead } from '../raw-http.js';
import { startService, type TestService } from '../service.js';

/** A service that fails to look at a job in this way. */
function failingWith(error: unknown): Promise<TestService> {
  // eslint-disable-next-line @typescript-eslint/require-await -- whatever is thrown
  const fail = async (): Promise<never> => {
    throw error;
  };
  return startService({
    jobs: { get: fail, list: fail, events: fail, metrics: fail, outcomes: fail, checkpoints: fail },
  });
}

const statuses: Partial<Record<ErrorCode, number>> = {
  INVALID_REQUEST: 400,
  MALFORMED_JSON: 400,
  IMAGE_INVALID: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  ORIGIN_REFUSED: 403,
  ROUTE_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  CHECKPOINT_NOT_FOUND: 404,
  MODEL_NOT_FOUND: 404,
  VERSION_NOT_FOUND: 404,
  EVALUATION_NOT_FOUND: 404,
  ALIAS_NOT_FOUND: 404,
  KEY_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_SLOW: 408,
  RUN_CORRUPT: 409,
  JOB_ENDED: 409,
  JOB_FINISHING: 409,
  JOB_NOT_ENDED: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  VERSION_IN_USE: 409,
  LAST_ADMIN_KEY: 409,
  BATCH_NOT_FOUND: 404,
  SWEEP_NOT_FOUND: 404,
  BATCH_ENDED: 409,
  BATCH_FINISHING: 409,
  BATCH_NOT_ENDED: 409,
  BATCH_WITHOUT_RESULT: 409,
  BATCH_CORRUPT: 409,
  SWEEP_ENDED: 409,
  SWEEP_NOT_ENDED: 409,
  SWEEP_CORRUPT: 409,
  DATASET_NAME_TAKEN: 409,
  DATASET_NOT_READY: 409,
  DATASET_IN_USE: 409,
  DATASET_CHANGED: 409,
  INIT_FROM_CHANGED: 409,
  BODY_TOO_LARGE: 413,
  DATASET_TOO_LARGE: 413,
  IMAGE_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RANGE_NOT_SATISFIABLE: 416,
  DATASET_NOT_FOUND: 422,
  DATASET_VERSION_NOT_FOUND: 422,
  DATASET_INVALID: 422,
  DATASET_NOT_A_TABLE: 422,
  MODEL_FILE_INVALID: 422,
  NETWORK_TOO_LARGE: 422,
  ENGINE_UNAVAILABLE: 422,
  WEBHOOK_REFUSED: 422,
  WEBHOOKS_NOT_CONFIGURED: 422,
  INPUT_UNSUPPORTED: 422,
  QUEUE_FULL: 429,
  OVERLOADED: 429,
  RATE_LIMITED: 429,
  CLIENT_GONE: 499,
  MODEL_NOT_READY: 503,
  NOT_READY: 503,
  QUEUE_UNAVAILABLE: 503,
  STORAGE_UNAVAILABLE: 503,
  SHUTTING_DOWN: 503,
  DEADLINE_EXCEEDED: 504,
  STORAGE_FULL: 507,
  MODEL_TOO_LARGE: 507,
};

/** For codes whose errors do not say what to do. */
const advice: Partial<Record<ErrorCode, RegExp>> = {
  RUN_CORRUPT: /^What is wrong\. Repair/,
  SWEEP_CORRUPT: /^What is wrong\. Repair/,
  BATCH_CORRUPT: /^What is wrong\. Repair/,
  DATASET_CORRUPT: /^What is wrong\. `npm run -s check-data`/,
};

const retryAfter: Partial<Record<number | string, string>> = { 429: '10', 503: '5', OVERLOADED: '1' };

test.each(Object.keys(errorCodes) as ErrorCode[])('%s has its status', async (code) => {
  const expected = statuses[code] ?? 500;
  const advised = advice[code];
  expect(statusOf(code)).toBe(expected);
  const { http } = await failingWith(new TrainyardError(code, 'What is wrong.', { pointer: '/field' }));
  const { status, body, headers } = await http.get('/v1/jobs/job_1');
  expect(status).toBe(expected);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(headers['retry-after']).toBe(retryAfter[code] ?? retryAfter[expected]);
  expect(body).toEqual({
    type: `urn:trainyard:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: errorCodes[code],
    status: expected,
    detail: advised === undefined ? 'What is wrong.' : (expect.stringMatching(advised) as string),
    code,
    pointer: '/field',
    instance: '/v1/jobs/job_1',
    request_id: headers['x-request-id'],
  });
});

describe('an error that is not meant for clients', () => {
  test('is logged with its stack, and not told', async () => {
    const { http, logLines } = await failingWith(new Error('password=hunter2'));
    const { status, body, text, headers } = await http.get('/v1/jobs');
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'INTERNAL' });
    expect(text).not.toContain('hunter2');
    const line = logLines.find(({ level }) => level === 50);
    expect(line).toMatchObject({
      request_id: headers['x-request-id'],
      err: { message: 'password=hunter2', stack: expect.stringContaining('problems.test') as string },
    });
  });

  test.each([undefined, null, 'text', 42])('may be no error at all: %s', async (thrown) => {
    const { http } = await failingWith(thrown);
    const { status, body } = await http.get('/v1/jobs');
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'INTERNAL' });
  });

  test('is told apart from one that says that the client is to blame', async () => {
    const { http } = await failingWith(Object.assign(new Error('cut short'), { statusCode: 400 }));
    expect((await http.get('/v1/jobs')).body).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });
});

test.each(['QUEUE_UNAVAILABLE', 'STORAGE_UNAVAILABLE', 'STORAGE_FULL'] as const)(
  '%s is logged as a warning',
  async (code) => {
    const { http, logLines } = await failingWith(new TrainyardError(code, 'What is wrong.'));
    await http.get('/v1/jobs');
    expect(logLines).toContainEqual(expect.objectContaining({ level: 40, code, msg: 'What is wrong.' }));
  },
);

test('a refusal is logged at info, with its code', async () => {
  const { http, logLines } = await startService();
  await http.post('/v1/jobs').send({ epochs: 0 });
  expect(logLines).toContainEqual(
    expect.objectContaining({
      level: 30,
      code: 'INVALID_REQUEST',
      pointer: '/epochs',
      msg: 'epochs must be at least 1.',
    }),
  );
  expect(logLines.filter(({ level }) => level > 30)).toEqual([]);
});

test.each([
  ['GET', '/nope?a=b'],
  ['POST', '/nope'],
  ['OPTIONS', '/nope'],
  ['GET', '/docs/static/nope.js'],
])('there is no %s %s', async (method, path) => {
  const { url } = await startService();
  const answer = await fetch(url + path, { method });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await answer.json()).toMatchObject({
    code: 'ROUTE_NOT_FOUND',
    instance: path,
    detail: expect.stringContaining('/docs') as string,
  });
});

test.each(['/v1/jobs/%zz', `/v1/jobs/${'a'.repeat(500)}`])('a path that cannot be read: %s', async (path) => {
  const { url } = await startService();
  const answer = await fetch(url + path, { headers: { 'x-request-id': 'mine' } });
  expect(answer.status).toBe(400);
  expect(answer.headers.get('x-request-id')).toBe('mine');
  expect(await answer.json()).toMatchObject({ code: 'INVALID_REQUEST', request_id: 'mine' });
});

describe('request ids', () => {
  test('a sane one is taken over, into the answer and the log', async () => {
    const { http, logLines } = await startService();
    const { headers } = await http.get('/v1/jobs').set('x-request-id', 'trace:1.2_3-x');
    expect(headers['x-request-id']).toBe('trace:1.2_3-x');
    expect(logLines.find(({ msg }) => msg === 'request')).toMatchObject({
      request_id: 'trace:1.2_3-x',
      method: 'GET',
      url: '/v1/jobs',
      status: 200,
    });
  });

  test.each(['', 'a b', 'x'.repeat(129), '{"a":1}', 'ü'])('%j is replaced by a new one', async (id) => {
    const { http } = await startService();
    const { headers } = await http.get('/nope').set('x-request-id', encodeURI(id) === id ? id : 'a"b');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('the log of a job that was taken in names the job', async () => {
    const { http, logLines } = await startService();
    const { body, headers } = await http.post('/v1/jobs');
    expect(logLines).toContainEqual(
      expect.objectContaining({ job: (body as { id: string }).id, request_id: headers['x-request-id'] }),
    );
  });
});

test('while the app closes, requests under way are answered and new ones are refused', async () => {
  let release = (): void => undefined;
  let started = (): void => undefined;
  const underWay = new Promise<void>((resolve) => (started = resolve));
  const notAsked = (): Promise<never> => Promise.reject(new Error('Not asked for here'));
  const jobs: JobQueries = {
    get: notAsked,
    events: notAsked,
    metrics: notAsked,
    outcomes: notAsked,
    checkpoints: notAsked,
    list: async () => {
      started();
      await new Promise<void>((resolve) => (release = resolve));
      return { object: 'list', data: [], has_more: false } satisfies JobList;
    },
  };
  const { url, app } = await startService({ jobs });
  const { socket, write, received } = openConnection(url, requestHead('GET /v1/jobs'));
  await underWay;
  const closed = app.close();
  await sleep(50);
  write(requestHead('GET /v1/models', 'X-Request-Id: late'));
  await sleep(50);
  release();
  await once(socket, 'close');
  await closed;

  const [first = '', second = ''] = received().split(/(?=HTTP\/1\.1)/);
  expect(first).toMatch(/^HTTP\/1\.1 200 [^]*"has_more":false/);
  expect(second).toMatch(/^HTTP\/1\.1 503 [^]*connection: close/i);
  expect(second).toMatch(/x-request-id: late/i);
  expect(second).toMatch(/retry-after: 5/i);
  expect(JSON.parse(second.slice(second.indexOf('\r\n\r\n')))).toMatchObject({
    code: 'SHUTTING_DOWN',
    status: 503,
  });
});

test('the app closes although a client keeps a connection on which it never asked anything', async () => {
  const { url, app } = await startService();
  const { socket } = openConnection(url);
  await once(socket, 'connect');
  const left = once(socket, 'close');
  await app.close();
  await left;
});
