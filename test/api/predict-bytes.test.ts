/** POST /predict with numbers as they lie in memory. */
import { describe, expect, test } from 'vitest';
import { exampleDigit } from '../../src/api/schemas/example-digit.js';
import { startService, type TestService } from './service.js';

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

describe('refuses', () => {
  test.each<[detail: string, bytes: Buffer, query: string]>([
    [
      'The body has 784 bytes; samples of the model’s 784 float32 numbers have 3136 each.',
      Buffer.alloc(784),
      '',
    ],
    [
      'The body has 785 bytes; samples of the model’s 784 uint8 numbers have 784 each.',
      Buffer.alloc(785),
      '?dtype=uint8',
    ],
    ['The body is missing.', Buffer.alloc(0), ''],
    ['The body has 1025 samples, and there may be at most 1024.', Buffer.alloc(1025 * 784), '?dtype=uint8'],
    ['samples[1][5] is not a finite float32 number', littleEndian([...digit, ...digit.with(5, NaN)]), ''],
    ['samples[0][0] is not a finite float32 number', littleEndian(digit.with(0, -Infinity)), ''],
    ['dtype must be one of: float32, uint8.', Buffer.alloc(784), '?dtype=float64'],
    ['image_fit is for bodies of images, and this is none.', Buffer.alloc(784), '?image_fit=digit'],
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
