/** POST /predict with numbers as they lie in memory. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { startService, type TestService } from '../service.js';

const digit = Float32Array.from(exampleDigit);

async function served(): Promise<TestService> {
  const service = await startService();
  await service.publishDigits();
  return service;
}

function littleEndian(numbers: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  Array.from(numbers).forEach((number, i) => bytes.writeFloatLE(number, 4 * i));
  return bytes;
}

function send({ http }: TestService, bytes: Buffer, query = ''): ReturnType<TestService['http']['post']> {
  return http.post(`/predict${query}`).type('application/octet-stream').send(bytes);
}

test('float32 numbers are answered as in JSON', async () => {
  const service = await served();
  const inputs = [[...digit], [...digit].map((pixel) => pixel / 3 - 7)];
  const { body } = await send(service, littleEndian(inputs.flat()), '?top_k=3').expect(200);
  expect(body).toEqual((await service.http.post('/predict').send({ inputs, top_k: 3 })).body);
});

test('bytes are answered as in JSON, up to 1024 samples of them', async () => {
  const service = await served();
  const bytes = Buffer.from(exampleDigit);
  const one = await send(service, bytes, '?dtype=uint8&probabilities=false').expect(200);
  const inJson = await service.http.post('/predict').send({ inputs: [[...digit]], probabilities: false });
  expect(one.body).toEqual(inJson.body);
  const many = await send(service, Buffer.concat(new Array<Buffer>(1024).fill(bytes)), '?dtype=uint8');
  expect((many.body as { predictions: unknown[] }).predictions).toHaveLength(1024);
});

describe('without dtype', () => {
  /** What the answer has been made of: the type that the same bytes must be named for the same answer. */
  async function toldOf(bytes: Buffer): Promise<string> {
    const service = await served();
    const { status, body } = await send(service, bytes);
    if (status !== 200) {
      expect(body).toMatchObject({ code: 'INVALID_REQUEST', detail: untold(bytes.length) });
      return 'refused';
    }
    for (const dtype of ['float32', 'float64', 'uint8']) {
      const named = await send(service, bytes, `?dtype=${dtype}`);
      if (isDeepStrictEqual(named.body, body)) return dtype;
    }
    return 'none';
  }

  const untold = (bytes: number): string =>
    `The type of the numbers in these ${bytes} bytes is ambiguous. State it with dtype, one of float32, float64, uint8.`;

  const noise = Array.from({ length: 784 }, (_, i) => Math.sin(i * i + 1));
  const bytesOf = (numbers: ArrayBufferView): Buffer => Buffer.from(numbers.buffer as ArrayBuffer);

  test.each<[name: string, bytes: Buffer, told: string]>([
    ['a picture of float32', littleEndian([...digit]), 'float32'],
    ['two pictures of float32', littleEndian([...digit, ...digit]), 'float32'],
    ['four samples of float32 without a zero', littleEndian([noise, noise, noise, noise].flat()), 'float32'],
    ['a picture of bytes', Buffer.from(exampleDigit), 'uint8'],
    ['a picture of float64', bytesOf(Float64Array.from(digit)), 'refused'],
    ['a sample of float64 with fractions', bytesOf(Float64Array.from(noise)), 'refused'],
    ['a picture of float64 from 0 to 1', bytesOf(Float64Array.from(digit, (x) => x / 255)), 'refused'],
    [
      'a picture of float64 that was float32',
      bytesOf(Float64Array.from(Float32Array.from(digit, (x) => x / 255))),
      'refused',
    ],
    ['two blank pictures of float32, or one of float64', Buffer.alloc(2 * 3136), 'refused'],
    ['a picture of int32', bytesOf(Int32Array.from(digit)), 'refused'],
    ['a picture of int64', bytesOf(BigInt64Array.from(digit, BigInt)), 'refused'],
    [
      'four pictures of bytes',
      Buffer.concat(new Array<Buffer>(4).fill(Buffer.from(exampleDigit))),
      'refused',
    ],
    ['a picture of float16', Buffer.alloc(2 * 784), 'refused'],
    [
      '513 pictures of float64, which would be too many of float32',
      Buffer.concat(new Array<Buffer>(513).fill(bytesOf(Float64Array.from(digit)))),
      'float64',
    ],
  ])('%s', async (_name, bytes, told) => {
    expect(await toldOf(bytes)).toBe(told);
  });
});

test('float64 numbers are answered as in JSON', async () => {
  const service = await served();
  const inputs = [[...digit].map((pixel) => pixel / 255)];
  const numbers = Float64Array.from(inputs.flat());
  const { body } = await send(service, Buffer.from(numbers.buffer), '?dtype=float64').expect(200);
  expect(body).toEqual((await service.http.post('/predict').send({ inputs })).body);
});

describe('refuses', () => {
  test.each<[detail: string, bytes: Buffer, query: string]>([
    [
      'The body has 783 bytes. A sample for this model is 784 float32 numbers, which are 3136 bytes.',
      Buffer.alloc(783),
      '',
    ],
    [
      'The body has 784 bytes. A sample for this model is 784 float32 numbers, which are 3136 bytes.',
      Buffer.alloc(784),
      '?dtype=float32',
    ],
    [
      'The body has 785 bytes. A sample for this model is 784 uint8 numbers, which are 784 bytes.',
      Buffer.alloc(785),
      '?dtype=uint8',
    ],
    ['The body is missing.', Buffer.alloc(0), ''],
    ['The body has 1025 samples; at most 1024 are allowed.', Buffer.alloc(1025 * 784), '?dtype=uint8'],
    [
      'samples[1][5] is not a finite float32 number',
      littleEndian([...digit, ...digit.with(5, NaN)]),
      '?dtype=float32',
    ],
    [
      'samples[0][0] is not a finite float32 number',
      littleEndian(digit.with(0, -Infinity)),
      '?dtype=float32',
    ],
    ['dtype must be one of: float32, float64, uint8.', Buffer.alloc(784), '?dtype=float16'],
    ['image_fit applies only to bodies of images.', Buffer.alloc(784), '?image_fit=digit'],
  ])('%s', async (detail, bytes, query) => {
    const answer = await send(await served(), bytes, query);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'INVALID_REQUEST', detail });
  });

  test('a body of more than 32 MB', async () => {
    const answer = await send(await served(), Buffer.alloc(32 * 2 ** 20 + 1));
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });
});
