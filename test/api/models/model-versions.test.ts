/** The versions of a model: shown, downloaded, named by aliases, rolled back and removed. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { flipBit } from '../../storage/temporary-storage.js';
import { openService, startService, type TestService } from '../service.js';

const versions = '/v1/models/mnist-mlp/versions';
const aliases = '/v1/models/mnist-mlp/aliases';

async function startWithVersions(count: number): Promise<TestService> {
  const service = await startService();
  for (let seed = 1; seed <= count; seed++) await service.publishDigits('mnist-mlp', seed);
  return service;
}

async function answeredBy({ http }: TestService, choice: object = {}): Promise<object> {
  const { body } = await http.post('/predict').send({ inputs: [[...exampleDigit]], ...choice });
  return body as object;
}

describe('a version', () => {
  test('is shown with its properties and its aliases', async () => {
    const { http, registry } = await startWithVersions(2);
    const { file } = await registry.manifest('mnist-mlp', 1);
    await http.put(`${aliases}/production`).send({ version: 1 }).expect(200);
    expect((await http.get(`${versions}/1`).expect(200)).body).toMatchObject({
      object: 'model_version',
      model: 'mnist-mlp',
      version: 1,
      aliases: ['production'],
      job_id: 'job_1',
      spec: null,
      metrics: { test_accuracy: 0.1 },
      file: { size_bytes: file.size_bytes, sha256: file.sha256 },
    });
    expect((await http.get(`${versions}/2`)).body).toMatchObject({ aliases: ['latest'] });
  });

  test('is listed newest first, in pages', async () => {
    const { http } = await startWithVersions(5);
    const page = async (query: object) => {
      const { body } = await http.get(versions).query(query).expect(200);
      const { data, has_more } = body as { data: { version: number }[]; has_more: boolean };
      return [data.map(({ version }) => version), has_more];
    };
    expect(await page({})).toEqual([[5, 4, 3, 2, 1], false]);
    expect(await page({ limit: 2 })).toEqual([[5, 4], true]);
    expect(await page({ limit: 2, after: 4 })).toEqual([[3, 2], true]);
    expect(await page({ after: 2 })).toEqual([[1], false]);
  });

  test.each([
    ['get', `${versions}/9`, 404, 'VERSION_NOT_FOUND'],
    ['get', '/v1/models/nope/versions/1', 404, 'MODEL_NOT_FOUND'],
    ['get', '/v1/models/nope/versions', 404, 'MODEL_NOT_FOUND'],
    ['get', `${versions}/1/model.safetensors/x`, 404, 'ROUTE_NOT_FOUND'],
    ['get', `${versions}/01`, 400, 'INVALID_REQUEST'],
    ['get', `${versions}/-1`, 400, 'INVALID_REQUEST'],
    ['get', `${versions}/latest`, 400, 'INVALID_REQUEST'],
    ['get', `${versions}/9/model.safetensors`, 404, 'VERSION_NOT_FOUND'],
    ['delete', `${versions}/9`, 404, 'VERSION_NOT_FOUND'],
    ['delete', '/v1/models/nope/versions/1', 404, 'MODEL_NOT_FOUND'],
  ] as const)('%s %s: %s %s', async (method, path, status, code) => {
    const { http } = await startWithVersions(1);
    expect((await http[method](path)).body).toMatchObject({ status, code });
  });

  test('can be removed, and is gone from every answer', async () => {
    const service = await startWithVersions(2);
    const { http } = service;
    expect(await answeredBy(service, { version: 1 })).toMatchObject({ version: 1 });
    await http.delete(`${versions}/1`).expect(204);
    await http.get(`${versions}/1`).expect(404);
    expect(await answeredBy(service, { version: 1 })).toMatchObject({ code: 'VERSION_NOT_FOUND' });
    expect((await http.get('/v1/models/mnist-mlp')).body).toMatchObject({ version_count: 1 });
  });

  test('cannot be removed while an alias points to it', async () => {
    const { http } = await startWithVersions(3);
    await http.put(`${aliases}/canary`).send({ version: 1 });
    for (const [version, name] of [
      [1, 'canary'],
      [3, 'latest'],
    ] as const) {
      const { status, body } = await http.delete(`${versions}/${version}`);
      expect(status).toBe(409);
      expect(body).toMatchObject({ code: 'VERSION_IN_USE', detail: expect.stringContaining(name) as string });
    }
  });
});

describe('a download', () => {
  async function setUp() {
    const service = await startWithVersions(1);
    const { file } = await service.registry.manifest('mnist-mlp', 1);
    const content = (await service.storage.read(file.key)) ?? Buffer.alloc(0);
    const get = async (headers: Record<string, string> = {}, method = 'GET') => {
      const answer = await fetch(`${service.url}${versions}/1/model.safetensors`, { method, headers });
      return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
    };
    return { ...service, file, content, get };
  }

  test('is the file, under a name of its own, with its digest', async () => {
    const { get, file } = await setUp();
    const { answer, bytes } = await get();
    expect(answer.status).toBe(200);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(file.size_bytes),
      'content-disposition': 'attachment; filename="mnist-mlp-v1.safetensors"',
      etag: `"${file.sha256}"`,
      'accept-ranges': 'bytes',
      'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
    });
  });

  test('can be asked for without its content', async () => {
    const { get, file } = await setUp();
    const { answer, bytes } = await get({}, 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe(String(file.size_bytes));
    expect(bytes).toHaveLength(0);
  });

  // Ends below 0 count from the end of the file.
  test.each([
    ['bytes=0-9', 0, 9],
    ['bytes=100-100', 100, 100],
    ['bytes=31000-', 31_000, -1],
    ['bytes=31000-99999999', 31_000, -1],
    ['bytes=-24', -24, -1],
    ['bytes=-99999999', 0, -1],
  ])('of %s is that range', async (range, start, end) => {
    const { get, content, file } = await setUp();
    const { answer, bytes } = await get({ range });
    const [first, last] = [start, end].map((at) => (at < 0 ? file.size_bytes + at : at)) as [number, number];
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${first}-${last}/${file.size_bytes}`);
    expect(bytes).toEqual(content.subarray(first, last + 1));
  });

  test.each([(size: number) => `bytes=${size}-`, () => 'bytes=99999999999999999999-', () => 'bytes=-0'])(
    'of a range outside the file is refused, with the size: %s',
    async (rangeOf) => {
      const { get, file } = await setUp();
      const { answer, bytes } = await get({ range: rangeOf(file.size_bytes) });
      expect(answer.status).toBe(416);
      expect(answer.headers.get('content-range')).toBe(`bytes */${file.size_bytes}`);
      expect(JSON.parse(bytes.toString())).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE' });
    },
  );

  test.each(['lines=1-2', 'bytes=9-1', 'bytes=-', 'bytes=0-1,4-5', 'bytes=a-b', ''])(
    'of %j, which is no single range, is the whole file',
    async (range) => {
      const { get } = await setUp();
      expect((await get({ range })).answer.status).toBe(200);
    },
  );

  test('that the client has already has no body', async () => {
    const { get, file } = await setUp();
    for (const tag of [`"${file.sha256}"`, `W/"${file.sha256}"`, `"x", "${file.sha256}"`, '*']) {
      const { answer, bytes } = await get({ 'if-none-match': tag });
      expect(answer.status, tag).toBe(304);
      expect(bytes).toHaveLength(0);
    }
    expect((await get({ 'if-none-match': '"other"' })).answer.status).toBe(200);
  });

  test('resumes with a range only if the file is the same', async () => {
    const { get, file } = await setUp();
    const range = 'bytes=10-19';
    expect((await get({ range, 'if-range': `"${file.sha256}"` })).answer.status).toBe(206);
    expect((await get({ range, 'if-range': '"other"' })).answer.status).toBe(200);
  });
});

describe('an alias', () => {
  test('can be used for predictions as soon as it is set', async () => {
    const service = await startWithVersions(2);
    const { http } = service;
    const { body } = await http.put(`${aliases}/production`).send({ version: 1 }).expect(200);
    expect(body).toMatchObject({
      object: 'model_alias',
      model: 'mnist-mlp',
      alias: 'production',
      version: 1,
    });
    expect(await answeredBy(service, { alias: 'production' })).toMatchObject({ version: 1 });
    await http.put(`${aliases}/production`).send({ version: 2 }).expect(200);
    expect(await answeredBy(service, { alias: 'production' })).toMatchObject({ version: 2 });
    expect((await http.get('/v1/models/mnist-mlp')).body).toMatchObject({ aliases: { production: 2 } });
    await http.delete(`${aliases}/production`).expect(204);
    expect(await answeredBy(service, { alias: 'production' })).toMatchObject({
      status: 404,
      code: 'ALIAS_NOT_FOUND',
      pointer: '/alias',
    });
  });

  test('latest pins the model until it is removed', async () => {
    const service = await startWithVersions(2);
    const { http } = service;
    await http.put(`${aliases}/latest`).send({ version: 1 }).expect(200);
    await service.publishDigits('mnist-mlp', 3);
    expect(await answeredBy(service)).toMatchObject({ version: 1 });
    expect((await http.get('/v1/models/mnist-mlp')).body).toMatchObject({ latest_version: 1, pinned: true });
    await http.delete(`${aliases}/latest`).expect(204);
    expect(await answeredBy(service)).toMatchObject({ version: 3 });
  });

  test.each([
    ['put', `${aliases}/canary`, { version: 9 }, 404, 'VERSION_NOT_FOUND'],
    ['put', '/v1/models/nope/aliases/canary', { version: 1 }, 404, 'MODEL_NOT_FOUND'],
    ['put', `${aliases}/canary`, {}, 400, 'INVALID_REQUEST'],
    ['put', `${aliases}/canary`, { version: 0 }, 400, 'INVALID_REQUEST'],
    ['put', `${aliases}/canary`, { version: '1' }, 400, 'INVALID_REQUEST'],
    ['put', `${aliases}/7`, { version: 1 }, 400, 'INVALID_REQUEST'],
    ['put', `${aliases}/..%2f..%2fx`, { version: 1 }, 400, 'INVALID_REQUEST'],
    ['delete', `${aliases}/canary`, undefined, 404, 'ALIAS_NOT_FOUND'],
    ['delete', '/v1/models/nope/aliases/canary', undefined, 404, 'ALIAS_NOT_FOUND'],
    ['post', '/v1/models/nope/rollback', undefined, 404, 'MODEL_NOT_FOUND'],
    ['post', '/v1/models/mnist-mlp/rollback', undefined, 404, 'VERSION_NOT_FOUND'],
  ] as const)('%s %s %j: %s %s', async (method, path, body, status, code) => {
    const { http } = await startWithVersions(1);
    const request = http[method](path);
    expect((await (body ? request.send(body) : request)).body).toMatchObject({ status, code });
  });

  test('of a damaged version is refused', async () => {
    const { http, registry, storage } = await startWithVersions(2);
    await flipBit(storage, (await registry.manifest('mnist-mlp', 1)).file.key, 90_000);
    const { status, body } = await http.put(`${aliases}/canary`).send({ version: 1 });
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
  });
});

test('rolling back answers from the version before, and stays there', async () => {
  const service = await startWithVersions(3);
  const { http } = service;
  expect((await http.post('/v1/models/mnist-mlp/rollback').expect(200)).body).toMatchObject({
    alias: 'latest',
    version: 2,
  });
  expect(await answeredBy(service)).toMatchObject({ version: 2 });
  await service.publishDigits('mnist-mlp', 4);
  expect(await answeredBy(service)).toMatchObject({ version: 2 });
});

test('another process of the service follows', async () => {
  const one = await startWithVersions(2);
  const other = await openService({}, one);
  try {
    await other.modelServer.start();
    await one.http.post('/v1/models/mnist-mlp/rollback').expect(200);
    await expect.poll(() => answeredBy(other)).toMatchObject({ version: 1 });
  } finally {
    await other.stop();
  }
});
