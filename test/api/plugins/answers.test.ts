/** How answers are sent: their Content-Type, and compressed for clients that accept it. */
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { sendRequest, type RawAnswer } from '../raw-http.js';
import { openService, type TestService } from '../service.js';

let service: TestService;

beforeAll(async () => {
  service = await openService();
  await service.publishDigits();
});

afterAll(() => service.stop());

function ask(method: string, path: string, encoding?: string, body?: string): Promise<RawAnswer> {
  const headers = {
    ...(encoding !== undefined && { 'accept-encoding': encoding }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  return sendRequest(service.url, method, path, { headers, body });
}

const digits = (count: number): string => JSON.stringify({ inputs: new Array(count).fill(exampleDigit) });

test.each([
  ['GET', '/v1/models', undefined, 'application/json'],
  ['POST', '/predict', digits(1), 'application/json'],
  ['POST', '/v1/models/mnist-mlp:predict', JSON.stringify({ instances: [exampleDigit] }), 'application/json'],
  ['GET', '/v2/models/mnist-mlp', undefined, 'application/json'],
  ['GET', '/v2/nope', undefined, 'application/json'],
  ['GET', '/health/live', undefined, 'application/json'],
  ['GET', '/openapi.json', undefined, 'application/json'],
  ['GET', '/nope', undefined, 'application/problem+json'],
  ['POST', '/predict', '{', 'application/problem+json'],
])('JSON has no charset: %s %s', async (method, path, body, type) => {
  expect((await ask(method, path, undefined, body)).headers['content-type']).toBe(type);
});

describe('an answer', () => {
  test.each([
    ['gzip', 'gzip', gunzipSync],
    ['deflate', 'deflate', inflateSync],
    ['br', 'br', brotliDecompressSync],
    ['gzip;q=0.5, br;q=0.8', 'br', brotliDecompressSync],
    ['br;q=0, gzip', 'gzip', gunzipSync],
  ])('is compressed for Accept-Encoding: %s', async (accepted, encoding, decode) => {
    for (const count of [20, 500]) {
      const plain = await ask('POST', '/predict', undefined, digits(count));
      const { headers, bytes } = await ask('POST', '/predict', accepted, digits(count));
      expect(headers['content-encoding']).toBe(encoding);
      expect(headers.vary).toMatch(/accept-encoding/i);
      expect(bytes.length).toBeLessThan(plain.bytes.length / 2);
      expect(decode(bytes).equals(plain.bytes)).toBe(true);
    }
  });

  test.each([undefined, 'identity', 'gzip;q=0', 'unheard-of'])(
    'is sent as it is for Accept-Encoding: %s',
    async (accepted) => {
      const { headers, bytes } = await ask('POST', '/predict', accepted, digits(20));
      expect(headers['content-encoding']).toBeUndefined();
      expect(headers['content-length']).toBe(String(bytes.length));
    },
  );

  test('that is short is sent as it is', async () => {
    const { headers } = await ask('POST', '/predict', 'gzip', digits(1));
    expect(headers['content-encoding']).toBeUndefined();
  });

  test('that is a model’s file is sent as it is, with its digest and its length', async () => {
    const path = '/v1/models/mnist-mlp/versions/1/model.safetensors';
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await ask(method, path, 'gzip, br');
      expect(headers['content-encoding']).toBeUndefined();
      expect(headers.etag).toMatch(/^"/);
      expect(Number(headers['content-length'])).toBeGreaterThan(1024);
    }
  });
});
