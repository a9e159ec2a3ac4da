/** What POST /v1/jobs and the lists refuse. After each refusal nothing is stored and nothing is enqueued. */
import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { errorCodes } from '../../../src/errors.js';
import type { Problem } from '../../../src/api/problems/problem-schema.js';
import { openService, type TestService } from '../service.js';

/** One for all: none of the requests here may leave anything in it. */
let service: TestService;
beforeAll(async () => {
  service = await openService();
  return service.stop;
});

async function expectNothingKept(): Promise<void> {
  const { store, queue } = service;
  expect(await store.ids()).toEqual([]);
  expect(queue.size).toBe(0);
}

async function refused(body: string | object): Promise<Problem> {
  const answer = await service.http.post('/v1/jobs').type('json').send(body);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = answer.body as Problem;
  expect(problem).toMatchObject({
    type: `urn:trainyard:problem:${problem.code.toLowerCase().replaceAll('_', '-')}`,
    title: errorCodes[problem.code],
    status: answer.status,
    instance: '/v1/jobs',
    request_id: answer.headers['x-request-id'],
  });
  await expectNothingKept();
  return problem;
}

const tooManyLayers = Array.from({ length: 65 }, () => ({ units: 1 }));
const manyKeys = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`key${index}`, '']));

/** Body, pointer, detail. */
const badFields: [body: string | object, pointer: string, detail: RegExp | string][] = [
  [{ epochs: 0 }, '/epochs', 'epochs must be at least 1.'],
  [{ epochs: -1 }, '/epochs', 'epochs must be at least 1.'],
  [{ epochs: 10_001 }, '/epochs', 'epochs must be at most 10000.'],
  [{ epochs: 1.5 }, '/epochs', 'epochs must be an integer.'],
  [{ epochs: '5' }, '/epochs', 'epochs must be an integer.'],
  [{ epochs: null }, '/epochs', 'epochs must be an integer.'],
  [{ epochs: [5] }, '/epochs', 'epochs must be an integer.'],
  [{ epochs: true }, '/epochs', 'epochs must be an integer.'],
  ['{"epochs": 1e999}', '/epochs', 'epochs must be an integer.'],
  [{ batch_size: 0 }, '/batch_size', 'batch_size must be at least 1.'],
  [{ batch_size: 65_537 }, '/batch_size', 'batch_size must be at most 65536.'],
  [{ seed: -1 }, '/seed', 'seed must be at least 0.'],
  ['{"seed": 9007199254740992}', '/seed', 'seed must be at most 9007199254740991.'],
  [
    { optimizer: { learning_rate: -0.1 } },
    '/optimizer/learning_rate',
    'optimizer.learning_rate must be greater than 0.',
  ],
  [
    { optimizer: { learning_rate: 0 } },
    '/optimizer/learning_rate',
    'optimizer.learning_rate must be greater than 0.',
  ],
  [
    { optimizer: { learning_rate: 11 } },
    '/optimizer/learning_rate',
    'optimizer.learning_rate must be at most 10.',
  ],
  [
    '{"optimizer": {"learning_rate": 1e999}}',
    '/optimizer/learning_rate',
    'optimizer.learning_rate must be a finite number.',
  ],
  [{ optimizer: { beta1: 1 } }, '/optimizer/beta1', 'optimizer.beta1 must be less than 1.'],
  [
    { optimizer: { type: 'lion', beta3: 1 } },
    '/optimizer/type',
    'optimizer.type must be one of: adam, adamw, sgd, rmsprop.',
  ],
  [{ optimizer: { type: null } }, '/optimizer/type', 'optimizer.type must be a string.'],
  [
    { optimizer: { lr: 1 } },
    '/optimizer/lr',
    'optimizer.lr is unknown to adam; there are: type, learning_rate, beta1, beta2, epsilon, weight_decay, schedule, clip_norm, ema.',
  ],
  [
    { optimizer: { momentum: 0.9 } },
    '/optimizer/momentum',
    'optimizer.momentum is unknown to adam; there are: type, learning_rate, beta1, beta2, epsilon, weight_decay, schedule, clip_norm, ema.',
  ],
  [
    { optimizer: { type: 'sgd', learning_rate: 0.1, beta1: 0.9 } },
    '/optimizer/beta1',
    'optimizer.beta1 is unknown to sgd; there are: type, learning_rate, momentum, nesterov, weight_decay, schedule, clip_norm, ema.',
  ],
  [
    { optimizer: { type: 'rmsprop', momentum: 0.9 } },
    '/optimizer/momentum',
    'optimizer.momentum is unknown to rmsprop; there are: type, learning_rate, alpha, epsilon, weight_decay, schedule, clip_norm, ema.',
  ],
  [
    { optimizer: { type: 'sgd', momentum: 1 } },
    '/optimizer/momentum',
    'optimizer.momentum must be less than 1.',
  ],
  [
    { optimizer: { type: 'sgd', nesterov: 1 } },
    '/optimizer/nesterov',
    'optimizer.nesterov must be true or false.',
  ],
  [
    { optimizer: { type: 'sgd', nesterov: true } },
    '/optimizer/nesterov',
    'optimizer.nesterov needs an optimizer.momentum above 0.',
  ],
  [{ optimizer: { type: 'rmsprop', alpha: -1 } }, '/optimizer/alpha', 'optimizer.alpha must be at least 0.'],
  [
    { optimizer: { type: 'adamw', weight_decay: 2 } },
    '/optimizer/weight_decay',
    'optimizer.weight_decay must be at most 1.',
  ],
  [{ optimizer: [] }, '/optimizer', 'optimizer must be an object.'],
  [
    { network: { hidden: [{ units: 0 }] } },
    '/network/hidden/0/units',
    'network.hidden[0].units must be at least 1.',
  ],
  [
    { network: { hidden: [{ units: 8 }, {}] } },
    '/network/hidden/1/units',
    'network.hidden[1].units is missing.',
  ],
  [
    { network: { hidden: [{ units: 8, activation: 'swish' }] } },
    '/network/hidden/0/activation',
    'network.hidden[0].activation must be one of: identity, relu, leaky_relu, sigmoid, tanh, gelu, silu, mish, selu.',
  ],
  [
    { network: { hidden: [{ units: 8, dropout: 0.96 }] } },
    '/network/hidden/0/dropout',
    'network.hidden[0].dropout must be at most 0.95.',
  ],
  [
    { network: { hidden: [{ units: 8, dropout: -0.1 }] } },
    '/network/hidden/0/dropout',
    'network.hidden[0].dropout must be at least 0.',
  ],
  [{ network: { hidden: tooManyLayers } }, '/network/hidden', 'network.hidden must have at most 64 items.'],
  [{ network: { inputs: 784 } }, '/network/inputs', 'network.inputs is unknown here; there are: hidden.'],
  [{ epoch: 3 }, '/epoch', /^epoch is unknown here; there are: model, dataset, target,/],
  [{ 'a/b~c': 3 }, '/a~1b~0c', /^a\/b~c is unknown here/],
  [
    { model: 'My Model' },
    '/model',
    /^"My Model" is not a valid model name: use 1 to 64 of a-z, .* The nearest valid name is "my-model"\.$/,
  ],
  [{ model: '../etc' }, '/model', /Slashes are refused .* The nearest valid name is "etc"\.$/],
  [{ model: '' }, '/model', /^"" is not a valid model name: use [^.]*'\.'[^.]*\.$/],
  [{ loss: 'hinge' }, '/loss', 'loss must be one of: auto, cross_entropy, one_hot_mse, mse, mae, huber.'],
  [{ publish: 'never' }, '/publish', 'publish must be one of: final, best, every_checkpoint, none.'],
  [{ checkpoint: 5 }, '/checkpoint', 'checkpoint must be an object.'],
  [
    { checkpoint: { every_steps: 0 } },
    '/checkpoint/every_steps',
    'checkpoint.every_steps must be at least 1.',
  ],
  [
    { checkpoint: { every_steps: 1_000_000_001 } },
    '/checkpoint/every_steps',
    'checkpoint.every_steps must be at most 1000000000.',
  ],
  [
    { checkpoint: { every_steps: 1.5 } },
    '/checkpoint/every_steps',
    'checkpoint.every_steps must be an integer.',
  ],
  [
    { checkpoint: { every_seconds: 0.05 } },
    '/checkpoint/every_seconds',
    'checkpoint.every_seconds must be at least 0.1.',
  ],
  [
    { checkpoint: { every_seconds: 86_401 } },
    '/checkpoint/every_seconds',
    'checkpoint.every_seconds must be at most 86400.',
  ],
  [
    { checkpoint: { every_steps: 10, every_seconds: 10 } },
    '/checkpoint',
    'checkpoint takes every_steps or every_seconds, not both.',
  ],
  [{ checkpoint: { keep: 0 } }, '/checkpoint/keep', 'checkpoint.keep must be at least 1.'],
  [{ checkpoint: { keep: 101 } }, '/checkpoint/keep', 'checkpoint.keep must be at most 100.'],
  [
    { checkpoint: { every_epochs: 1 } },
    '/checkpoint/every_epochs',
    'checkpoint.every_epochs is unknown here; there are: every_steps, every_seconds, keep.',
  ],
  [{ priority: 101 }, '/priority', 'priority must be at most 100.'],
  [{ priority: -101 }, '/priority', 'priority must be at least -100.'],
  [{ priority: 0.5 }, '/priority', 'priority must be an integer.'],
  [{ priority: 'high' }, '/priority', 'priority must be an integer.'],
  [{ time_limit_seconds: 0 }, '/time_limit_seconds', 'time_limit_seconds must be at least 1.'],
  [{ time_limit_seconds: 31_536_001 }, '/time_limit_seconds', 'time_limit_seconds must be at most 31536000.'],
  [{ time_limit_seconds: null }, '/time_limit_seconds', 'time_limit_seconds must be an integer.'],
  [{ webhook: 'https://example.com/' }, '/webhook', 'webhook must be an object.'],
  [{ webhook: {} }, '/webhook/url', 'webhook.url is missing.'],
  [{ webhook: { url: 7 } }, '/webhook/url', 'webhook.url must be a string.'],
  [
    { webhook: { url: `https://example.com/${'x'.repeat(2048)}` } },
    '/webhook/url',
    'webhook.url must have at most 2048 characters.',
  ],
  [
    { webhook: { url: 'https://example.com/', events: [] } },
    '/webhook/events',
    'webhook.events must have at least 1 item.',
  ],
  [
    { webhook: { url: 'https://example.com/', events: ['job.failed', 'job.failed'] } },
    '/webhook/events',
    'webhook.events must not have the same item twice.',
  ],
  [
    { webhook: { url: 'https://example.com/', events: ['job.failed', 'job.done'] } },
    '/webhook/events/1',
    /^webhook\.events\[1\] must be one of: job\.queued, job\.running, .*job\.cancelled\.$/,
  ],
  [
    { webhook: { url: 'https://example.com/', secret: 'x' } },
    '/webhook/secret',
    'webhook.secret is unknown here; there are: url, events.',
  ],
  [{ metadata: { a: 1 } }, '/metadata/a', 'metadata.a must be a string.'],
  [{ metadata: { a: 'x'.repeat(513) } }, '/metadata/a', 'metadata.a must have at most 512 characters.'],
  [{ metadata: { ['k'.repeat(65)]: '' } }, '/metadata', 'A key of metadata must have at most 64 characters.'],
  [{ metadata: { '': 'x' } }, '/metadata', 'A key of metadata must have at least 1 character.'],
  [{ metadata: manyKeys }, '/metadata', 'metadata must have at most 16 keys.'],
  [[], '', 'The body must be an object.'],
  ['null', '', 'The body must be an object.'],
  ['"text"', '', 'The body must be an object.'],
];

describe('a body that is not what it should be', () => {
  test.each(badFields.map(([body, pointer, detail]) => ({ body, pointer, detail })))(
    '$detail',
    async ({ body, pointer, detail }) => {
      const problem = await refused(body);
      expect(problem).toMatchObject({ status: 400, code: 'INVALID_REQUEST', pointer });
      if (typeof detail === 'string') expect(problem.detail).toBe(detail);
      else expect(problem.detail).toMatch(detail);
    },
  );

  test('every field that is wrong is named, the first of them in detail', async () => {
    const { detail, pointer, errors } = await refused({
      epoch: 3,
      batch_size: 0,
      seed: 'x',
      optimizer: { learning_rate: -1, beta3: 1 },
      network: { hidden: [{ units: 8, activation: 'ReLU' }, {}] },
      publish: 'Best',
      metadata: { a: 1, b: 'x' },
    });
    const found = errors?.map(({ pointer: at, detail: what }) => [at, what]);
    expect(found?.toSorted(([a = ''], [b = '']) => a.localeCompare(b))).toEqual([
      ['/batch_size', 'batch_size must be at least 1.'],
      ['/epoch', expect.stringMatching(/^epoch is unknown here; .* Did you mean epochs\?$/)],
      ['/metadata/a', 'metadata.a must be a string.'],
      ['/network/hidden/0/activation', expect.stringMatching(/ Did you mean relu\?$/)],
      ['/network/hidden/1/units', 'network.hidden[1].units is missing.'],
      [
        '/optimizer/beta3',
        expect.stringMatching(/^optimizer\.beta3 is unknown to adam; .* Did you mean beta1\?$/),
      ],
      ['/optimizer/learning_rate', 'optimizer.learning_rate must be greater than 0.'],
      ['/publish', 'publish must be one of: final, best, every_checkpoint, none. Did you mean best?'],
      ['/seed', 'seed must be an integer.'],
    ]);
    expect(errors?.[0]).toEqual({ detail, pointer });
  });

  test('of many mistakes 20 are named, and of a large body one', async () => {
    const names = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 0]));
    expect((await refused(names(100))).errors).toHaveLength(20);
    expect((await refused(names(6_000))).errors).toHaveLength(1);
    const layers = Array.from({ length: 20_000 }, () => ({}));
    expect((await refused({ network: { hidden: layers }, epochs: 0 })).errors).toHaveLength(1);
  });

  test('a long unknown name is not echoed', async () => {
    const problem = await refused({ ['x'.repeat(10_000)]: 1 });
    expect(problem.pointer).toBe('');
    expect(problem.detail.length).toBeLessThan(400);
  });

  test.each([
    ['{"epochs": NaN}', /send finite numbers/],
    ['{"optimizer": {"learning_rate": -Infinity}}', /send finite numbers/],
    ['{"epochs": 1', /JSON/],
    ['epochs=1', /JSON/],
    ['{"__proto__": {"epochs": 1}}', /__proto__/],
    ['{"metadata": {"__proto__": "x"}}', /__proto__/],
  ])('%s is not JSON', async (text, detail) => {
    const problem = await refused(text);
    expect(problem).toMatchObject({ status: 400, code: 'MALFORMED_JSON' });
    expect(problem.detail).toMatch(detail);
    expect(problem).not.toHaveProperty('pointer');
  });

  test('an unknown dataset', async () => {
    const problem = await refused({ dataset: 'imagenet' });
    expect(problem).toMatchObject({ status: 422, code: 'DATASET_NOT_FOUND', pointer: '/dataset' });
    expect(problem.detail).toContain('mnist');
  });

  test('an unknown engine', async () => {
    const problem = await refused({ engine: 'quantum' });
    expect(problem).toMatchObject({ status: 422, code: 'ENGINE_UNAVAILABLE', pointer: '/engine' });
    expect(problem.detail).toContain('auto');
  });

  test('10 layers of a million units, with what they would take', async () => {
    const hidden = Array.from({ length: 10 }, () => ({ units: 1_000_000 }));
    const problem = await refused({ network: { hidden } });
    expect(problem).toMatchObject({ status: 422, code: 'NETWORK_TOO_LARGE', pointer: '/network/hidden' });
    expect(problem.detail).toMatch(/9,000,804,000,010 parameters.* [\d,]+ MB; the limit here is 1,024 MB/);
  });

  test.each([
    ['text/plain', '{}'],
    ['application/x-www-form-urlencoded', 'epochs=1'],
    ['nonsense', '{}'],
  ])('a body of type %s', async (type, body) => {
    const answer = await service.http.post('/v1/jobs').set('content-type', type).send(body);
    expect(answer.status).toBe(415);
    expect(answer.body).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    expect((answer.body as Problem).detail).toContain(type);
    await expectNothingKept();
  });

  test('parameters where there are none', async () => {
    const answer = await service.http.post('/v1/jobs?epochs=3').send({});
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'INVALID_REQUEST', parameter: 'epochs' });
    expect((answer.body as Problem).detail).toBe('epochs is unknown here; there is nothing to set.');
    await expectNothingKept();
  });
});

describe('a query string that is not what it should be', () => {
  const jobs = '/v1/jobs';
  const events = '/v1/jobs/job_00000000000000000000000000/events';
  const metrics = '/v1/jobs/job_00000000000000000000000000/metrics';

  test.each([
    [jobs, 'limit=0', 'limit', 'limit must be at least 1.'],
    [jobs, 'limit=101', 'limit', 'limit must be at most 100.'],
    [jobs, 'limit=1.5', 'limit', 'limit must be an integer.'],
    [jobs, 'limit=', 'limit', 'limit must be an integer.'],
    [jobs, 'limit=ten', 'limit', 'limit must be an integer.'],
    [jobs, 'limit=0x10', 'limit', 'limit must be an integer.'],
    [jobs, 'limit=1e1', 'limit', 'limit must be an integer.'],
    [jobs, 'limit=1&limit=2', 'limit', 'limit is given more than once.'],
    [jobs, 'after=1', 'after', /^after is not of the form/],
    [
      jobs,
      'page=2',
      'page',
      'page is unknown here; there are: status, model, dataset, dataset_version, sweep_id, metadata, after, limit.',
    ],
    [jobs, `${'x'.repeat(1000)}=2`, '', /^A parameter is unknown here; there are: status/],
    [
      jobs,
      'status=done',
      'status',
      'status must be one of: queued, running, paused, succeeded, failed, cancelled.',
    ],
    [jobs, 'status=queued&status=failed', 'status', 'status is given more than once.'],
    [jobs, 'model=a&model=b', 'model', 'model is given more than once.'],
    [jobs, 'metadata=a', 'metadata', 'metadata must be written metadata[key]=value.'],
    [jobs, 'metadata=a&metadata=b', 'metadata', 'metadata is given more than once.'],
    [jobs, 'metadata[a]=1&metadata[a]=2', 'metadata[a]', 'metadata[a] is given more than once.'],
    [jobs, 'metadata[]=1', 'metadata', 'A key of metadata must have at least 1 character.'],
    [jobs, `metadata[${'k'.repeat(65)}]=1`, 'metadata', 'A key of metadata must have at most 64 characters.'],
    [jobs, 'metadata[a=1', 'metadata[a', /^metadata\[a is unknown here/],
    [jobs, 'labels[a]=1', 'labels[a]', /^labels\[a\] is unknown here/],
    [events, 'after=-1', 'after', 'after must be at least 0.'],
    [events, 'after=x', 'after', 'after must be an integer.'],
    [events, 'limit=1001', 'limit', 'limit must be at most 1000.'],
    [events, 'since=1', 'since', 'since is unknown here; there are: after, limit, only.'],
    [metrics, 'max_points=1', 'max_points', 'max_points must be at least 2.'],
    [metrics, 'max_points=10001', 'max_points', 'max_points must be at most 10000.'],
  ])('%s?%s', async (path, query, parameter, detail) => {
    const { status, body } = await service.http.get(`${path}?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'INVALID_REQUEST', parameter });
    expect(body).not.toHaveProperty('pointer');
    if (typeof detail === 'string') expect((body as Problem).detail).toBe(detail);
    else expect((body as Problem).detail).toMatch(detail);
  });
});

test('every parameter that is wrong is named', async () => {
  const { body } = await service.http.get('/v1/jobs?limit=0&statu=queued&after=x');
  expect((body as Problem).errors?.map(({ parameter }) => parameter).toSorted()).toEqual([
    'after',
    'limit',
    'statu',
  ]);
  expect(JSON.stringify(body)).toContain('Did you mean status?');
});

test.each(['', 'seven', '-1', '1.5', '9'.repeat(16)])('a Last-Event-ID that is no seq: %j', async (id) => {
  const path = '/v1/jobs/job_00000000000000000000000000/events';
  const { status, body } = await service.http.get(path).set('last-event-id', id);
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'INVALID_REQUEST', parameter: 'last-event-id' });
});

describe('a body of 100 MB', () => {
  const megabyte = Buffer.alloc(2 ** 20, ' ');
  const megabytes = 100;

  /** Sends the body as fast as it is taken; how much had been taken when the answer came. */
  function post(
    url: string,
    headers: Record<string, string>,
  ): Promise<{ status: number; body: string; sent: number }> {
    return new Promise((resolve, reject) => {
      let sent = 0;
      let answered = false;
      const outgoing = httpRequest(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
      });
      outgoing.on('error', (error) => {
        if (!answered) reject(error);
      });
      outgoing.on('response', (incoming) => {
        answered = true;
        const sentByThen = sent;
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          outgoing.destroy();
          resolve({
            status: incoming.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            sent: sentByThen,
          });
        });
      });
      const sendMore = (): void => {
        if (answered || sent === megabytes) return;
        sent++;
        outgoing.write(megabyte, sendMore);
      };
      sendMore();
    });
  }

  test.each([
    ['with its length', { 'content-length': String(megabytes * megabyte.length) }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('%s is refused without being read', async (_, headers) => {
    const { status, body, sent } = await post(`${service.url}/v1/jobs`, headers);
    expect(status).toBe(413);
    expect(sent).toBeLessThan(megabytes / 2);
    const problem = JSON.parse(body) as Problem;
    expect(problem.code).toBe('BODY_TOO_LARGE');
    expect(problem.detail).toContain('64 kB (65,536 bytes)');
    await expectNothingKept();
  });

  test('sent to the end all the same, it is answered', async () => {
    const answer = await service.http
      .post('/v1/jobs')
      .type('json')
      .send(Buffer.alloc(100 * 2 ** 20, ' ').toString());
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });
});
