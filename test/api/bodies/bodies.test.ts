/** Bodies as clients send them: large, nested, compressed, slow, many at once. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { openConnection, requestHead, sendRequest, type RawConnection } from '../raw-http.js';
import { openService, startService, type TestService } from '../service.js';

const megabyte = 2 ** 20;
const predict = JSON.stringify({ inputs: [[...exampleDigit]] });
const infer = JSON.stringify({
  inputs: [{ name: 'input', shape: [1, 784], datatype: 'FP32', data: [...exampleDigit] }],
});
const instances = JSON.stringify({ instances: [[...exampleDigit]] });

/** The picture of `numbers` in its own shape, with channels of one number each if wanted. */
function picture(numbers: readonly number[], channels = false): unknown[] {
  return Array.from({ length: 28 }, (_, row) =>
    numbers.slice(28 * row, 28 * row + 28).map((pixel) => (channels ? [pixel] : pixel)),
  );
}

let service: TestService;

beforeAll(async () => {
  service = await openService();
  await service.publishDigits();
});

afterAll(() => service.stop());

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: { detail?: string; error?: string; code?: string; pointer?: string; [member: string]: unknown };
}

async function post(
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const sent = { headers: { 'content-type': 'application/json', ...headers }, body };
  const { text, ...answer } = await sendRequest(service.url, 'POST', path, sent);
  return { ...answer, body: JSON.parse(text) as Answer['body'] };
}

async function probabilitiesOf(path: string, body: string): Promise<unknown> {
  const { status, body: answer } = await post(path, body);
  expect(status).toBe(200);
  return answer.predictions ?? answer.outputs;
}

/** Padding makes any body a large one. */
function large(text: string): string {
  return text.padEnd(text.length + 2 ** 16);
}

describe('a sample in its own shape', () => {
  const many = (item: unknown): unknown[] => [item, item, item];

  test.each<[path: string, flat: object, nested: (channels: boolean) => object]>([
    [
      '/predict',
      { inputs: many([...exampleDigit]) },
      (channels) => ({ inputs: many(picture(exampleDigit, channels)) }),
    ],
    [
      '/v1/models/mnist-mlp:predict',
      { instances: many([...exampleDigit]) },
      (channels) => ({ instances: many(picture(exampleDigit, channels)) }),
    ],
    [
      '/v1/models/mnist-mlp:predict',
      { instances: many({ input: [...exampleDigit] }) },
      (channels) => ({ instances: many({ input: picture(exampleDigit, channels) }) }),
    ],
    [
      '/v1/models/mnist-mlp:predict',
      { inputs: { input: many([...exampleDigit]) } },
      (channels) => ({ inputs: { input: many(picture(exampleDigit, channels)) } }),
    ],
    [
      '/v2/models/mnist-mlp/infer',
      { inputs: [{ name: 'input', shape: [3, 784], datatype: 'FP32', data: many([...exampleDigit]) }] },
      (channels) => ({
        inputs: [
          {
            name: 'input',
            shape: channels ? [3, 28, 28, 1] : [3, 28, 28],
            datatype: 'FP32',
            data: many(picture(exampleDigit, channels)),
          },
        ],
      }),
    ],
  ])('is answered as the flat one, in a small body and in a large one: %s %j', async (path, flat, nested) => {
    const expected = await probabilitiesOf(path, JSON.stringify(flat));
    for (const body of [nested(false), nested(true)]) {
      expect(await probabilitiesOf(path, JSON.stringify(body))).toEqual(expected);
      expect(await probabilitiesOf(path, large(JSON.stringify(body)))).toEqual(expected);
    }
    expect(await probabilitiesOf(path, large(JSON.stringify(flat)))).toEqual(expected);
  });

  const crooked = picture(exampleDigit).with(3, exampleDigit.slice(1, 28));
  const withText = picture(exampleDigit).with(3, [...exampleDigit.slice(1, 28), '7']);

  test.each<[message: string, pointer: string, inputs: unknown]>([
    [
      'inputs[0] has 28 numbers; the model takes 784. If inputs is one sample of the shape [28, 28], put it into a list: [1, 28, 28]',
      '/inputs/0',
      picture(exampleDigit),
    ],
    [
      'inputs[1] has the shape [28, 27], which is 756 numbers; the model takes 784',
      '/inputs/1',
      [picture(exampleDigit), picture(exampleDigit).map((row) => (row as number[]).slice(1))],
    ],
    ['inputs[0][3] has 27 items, and those before it have 28', '/inputs/0/3', [crooked]],
    [
      'inputs[0][3] is not a list of 28, as those before it are',
      '/inputs/0/3',
      [picture(exampleDigit).with(3, 5)],
    ],
    ['inputs[0][3][27] is not a finite float32 number', '/inputs/0/3/27', [withText]],
  ])('of another shape is refused with what was seen: %s', async (message, pointer, inputs) => {
    const text = JSON.stringify({ inputs });
    for (const body of [text, large(text)]) {
      expect(await post('/predict', body)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_REQUEST', detail: message, pointer },
      });
    }
  });
});

describe('a compressed body', () => {
  const encoders = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: brotliCompressSync };
  const routes: [path: string, body: string | Buffer, type: string][] = [
    ['/predict', predict, 'application/json'],
    ['/predict', Buffer.from(Float32Array.from(exampleDigit).buffer), 'application/octet-stream'],
    ['/v1/models/mnist-mlp:predict', instances, 'application/json'],
    ['/v2/models/mnist-mlp/infer', infer, 'application/json'],
    ['/v1/jobs', '{"epochs": 2}', 'application/json'],
  ];

  test.each(Object.entries(encoders))('is read on every route: %s', async (encoding, encode) => {
    for (const [path, body, type] of routes) {
      const headers = { 'content-type': type, 'content-encoding': encoding.toUpperCase() };
      expect((await post(path, encode(body), headers)).status).toBeLessThan(300);
    }
  });

  test('may be a form', async () => {
    const form = [
      '--x',
      'Content-Disposition: form-data; name="image"; filename="a.png"',
      '',
      'no picture',
      '--x--',
      '',
    ];
    const answer = await post('/predict', gzipSync(form.join('\r\n')), {
      'content-type': 'multipart/form-data; boundary=x',
      'content-encoding': 'gzip',
    });
    expect(answer.body).toMatchObject({ code: 'IMAGE_INVALID' });
  });

  test('has its tensors after the JSON, by its inflated length', async () => {
    const tensor = Buffer.from(Float32Array.from(exampleDigit).buffer);
    const json = JSON.stringify({
      inputs: [
        {
          name: 'input',
          shape: [1, 784],
          datatype: 'FP32',
          parameters: { binary_data_size: tensor.length },
        },
      ],
    });
    const { status } = await post(
      '/v2/models/mnist-mlp/infer',
      gzipSync(Buffer.concat([Buffer.from(json), tensor])),
      { 'content-encoding': 'gzip', 'inference-header-content-length': String(json.length) },
    );
    expect(status).toBe(200);
  });

  test.each([
    ['gzip, br', /Use one of gzip, deflate, br/],
    ['compress', /Use one of gzip, deflate, br/],
  ])('of the encoding %j is refused with those that are taken', async (encoding, detail) => {
    const { status, headers, body } = await post('/predict', predict, { 'content-encoding': encoding });
    expect(status).toBe(415);
    expect(headers['accept-encoding']).toMatch(/^gzip, deflate, br/);
    expect(body).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      detail: expect.stringMatching(detail) as string,
    });
  });

  test.each([
    ['gzip', Buffer.from(predict)],
    ['gzip', gzipSync(predict).subarray(0, 100)],
    ['deflate', gzipSync(predict)],
    ['br', gzipSync(predict)],
  ])('that is no %s is refused as such', async (encoding, bytes) => {
    expect(await post('/predict', bytes, { 'content-encoding': encoding })).toMatchObject({
      status: 400,
      body: {
        code: 'INVALID_REQUEST',
        detail: expect.stringMatching(`^The body cannot be inflated as ${encoding}: `) as string,
      },
    });
  });

  test('is stopped where it inflates to more than the route reads', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * megabyte));
    expect(bomb.length).toBeLessThan(megabyte);
    expect(await post('/predict', bomb, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
    const small = gzipSync(Buffer.alloc(megabyte));
    expect(await post('/v1/jobs', small, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
  });
});

describe('a large body', () => {
  const repeated = (item: string): string =>
    `{"inputs":[${`${item},`.repeat((30 * megabyte) / (item.length + 1))}${item}]}`;

  test.each<[name: string, body: () => string, status: number, detail: string]>([
    ['empty lists', () => repeated('[]'), 400, 'inputs must have at most 1024 items.'],
    ['lists of one', () => repeated('[0.1]'), 400, 'inputs must have at most 1024 items.'],
    ['numbers', () => repeated('1'), 400, 'inputs must have at most 1024 items.'],
    ['objects', () => repeated('{}'), 413, 'more than 262,144 values'],
    ['texts', () => repeated('"a"'), 413, 'more than 262,144 values'],
    ['levels', () => '['.repeat(2 ** 20) + ']'.repeat(2 ** 20), 400, 'nested more than 16 deep'],
    ['one long text', () => `{"model":"${'a'.repeat(9 * megabyte)}"}`, 413, 'characters in its strings'],
    ['lists of two lengths', () => repeated('[],[],[1]'), 413, 'more than 262,144 values'],
    [
      'one null among numbers',
      () => repeated('1').replace(/1\]\}$/, 'null]}'),
      400,
      'is null, but the items before it are numbers.',
    ],
  ])('of %s is refused, and nothing else has to wait', async (_, body, status, detail) => {
    const answer = post('/predict', body());
    let answered = false;
    void answer.then(() => (answered = true));
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    expect(answered).toBe(false);
    expect(await answer).toMatchObject({
      status,
      body: { detail: expect.stringContaining(detail) as string },
    });
  });

  test('that is no JSON says where', async () => {
    const text =
      large(predict)
        .trimEnd()
        .slice(0, -1)
        .padEnd(2 ** 17) + '}}';
    const { status, body } = await post('/predict', text);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'MALFORMED_JSON' });
    expect(body.detail).toMatch(/Unexpected "\}" at position 131073\./);
  });

  test('of a route that needs none is refused', async () => {
    expect(await post('/v1/jobs', large('{}'))).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
  });
});

/** A prediction whose body is sent by hand. */
function open(url: string, header: string): RawConnection {
  return openConnection(url, requestHead('POST /predict', 'Content-Type: application/json', header));
}

describe('bodies that do not arrive', () => {
  test('hold no place in the waiting room', async () => {
    const small = await startService({ maxWaitingPredictions: 2 });
    await small.publishDigits();
    const slow = Array.from({ length: 5 }, () => open(small.url, `Content-Length: ${predict.length}`));
    for (const { write } of slow) write('{');
    await small.http.post('/predict').type('json').send(predict).expect(200);
    slow[0]?.write(predict.slice(1));
    await vi.waitFor(() => expect(slow[0]?.received()).toMatch(/^HTTP\/1\.1 200 /));
  });

  test('are refused when they arrive too slowly', async () => {
    const { url } = await startService({ slowBodies: { graceMs: 100, bytesPerSecond: 1024 } });
    for (const path of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
      const { received } = open(url, path);
      await vi.waitFor(
        () => expect(received()).toMatch(/^HTTP\/1\.1 408 [^]*connection: close[^]*BODY_TOO_SLOW/),
        5_000,
      );
    }
  });
});

describe('bodies that are too large together', () => {
  test('are refused when the memory is used up, chunked or not', async () => {
    const { url } = await startService({ bodyMemoryBytes: 2 * megabyte });
    const bodies = Array.from({ length: 3 }, () => {
      const outgoing = httpRequest(`${url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      });
      const status = new Promise<number>((resolve, reject) => {
        outgoing.on('error', reject).on('response', (incoming) => {
          incoming.resume();
          resolve(incoming.statusCode ?? 0);
        });
      });
      outgoing.write(' '.repeat(megabyte));
      return { outgoing, status };
    });
    // The others are not complete yet.
    expect(await Promise.race(bodies.map(({ status }) => status))).toBe(429);
    for (const { outgoing } of bodies) outgoing.end();
    expect(await Promise.all(bodies.map(({ status }) => status))).toContain(400);
  });
});
