/** What a path answers beyond the methods of its routes: HEAD, OPTIONS, other methods, and a slash at its end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildOpenApiDocument } from '../../../src/api/openapi-document.js';
import { startKeyedService } from '../access/keyed-service.js';
import { openService, startService, type TestService } from '../service.js';

const { paths } = (await buildOpenApiDocument()) as { paths: Record<string, Record<string, object>> };

function leadsTo(described: string, path: string): boolean {
  const parts = described.split(/\{\w+\}/).map((text) => text.replaceAll(/[.:/]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/:]+')}$`).test(path);
}

/** Each path of the API's description, with things that are there. */
const described = Object.keys(paths).map((described) => {
  const path = described
    .replace('{id}', 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG')
    .replace('{name}', 'mnist-mlp')
    .replace('{version}', '1')
    .replace('{label}', 'latest')
    .replace('{step}', 'latest')
    .replace('{alias}', 'production');
  // To a path without parameters, such as /v1/keys/current, those of /v1/keys/{id} apply too.
  const methods = Object.entries(paths).flatMap(([other, methods]) =>
    leadsTo(other, path) ? Object.keys(methods) : [],
  );
  return { path, methods: [...new Set(methods)].map((method) => method.toUpperCase()) };
});
const gets = described.filter(({ methods }) => methods.includes('GET'));

let service: TestService;
beforeAll(async () => {
  service = await openService();
  await service.publishDigits();
});
afterAll(() => service.stop());

function ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(service.url + path, { method, redirect: 'manual', ...init });
}

describe.each(described)('$path', ({ path, methods }) => {
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].toSorted();
  const allowedBy = (answer: Response): string[] =>
    (answer.headers.get('allow') ?? '').split(', ').toSorted();

  test('says what it takes when asked with OPTIONS', async () => {
    const answer = await ask('OPTIONS', path);
    expect(answer.status).toBe(204);
    expect(allowedBy(answer)).toEqual(allowed);
  });

  test('refuses another method before it looks at the body, and says what it takes', async () => {
    const body = { body: Buffer.alloc(2 ** 21), headers: { 'content-type': 'application/x-nonsense' } };
    const method = allowed.includes('PATCH') ? 'PUT' : 'PATCH';
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(405);
    expect(allowedBy(answer)).toEqual(allowed);
    const text = await answer.text();
    expect(text).toContain(`${path} does not take ${method}; send `);
    if (!path.startsWith('/v2')) expect(JSON.parse(text)).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
    else expect(answer.headers.get('x-error-code')).toBe('METHOD_NOT_ALLOWED');
  });
});

describe.each(gets)('GET $path', ({ path }) => {
  test('answers HEAD as it answers GET, without the body', async () => {
    const [got, head] = [await ask('GET', path), await ask('HEAD', path)];
    expect(head.status).toBe(got.status);
    expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'));
    expect(await head.text()).toBe('');
  });

  test('is found with a slash at its end, also before a query string', async () => {
    const { status } = await ask('GET', path);
    expect((await ask('GET', `${path}/`)).status).toBe(status);
    const { status: asked } = await ask('GET', `${path}?limit=1`);
    expect((await ask('GET', `${path}/?limit=1`)).status).toBe(asked);
  });
});

test('a slash at the end of a prediction’s path changes nothing', async () => {
  const instances = [Array<number>(784).fill(0)];
  for (const path of ['/predict/', '/v1/models/mnist-mlp:predict/']) {
    const answer = await service.http.post(path).send({ instances }).expect(200);
    expect(answer.headers).toHaveProperty('server-timing');
  }
});

test('a page of the documentation and its files answer HEAD and OPTIONS too', async () => {
  for (const path of ['/', '/docs', '/docs/', '/docs/static/swagger-ui.css', '/openapi.json']) {
    expect((await ask('HEAD', path)).status, path).toBe((await ask('GET', path)).status);
    expect((await ask('OPTIONS', path)).headers.get('allow'), path).toBe('GET, HEAD, OPTIONS');
  }
});

test('a verb of TensorFlow Serving that is not there is no route, although its path could be a model’s', async () => {
  const absent = await ask('POST', '/v1/models/mnist-mlp:forecast');
  expect([absent.status, absent.headers.get('allow')]).toEqual([404, null]);
});

test('OPTIONS and wrong methods are answered without a key', async () => {
  const keyed = await startKeyedService();
  await keyed.make();
  for (const [method, status] of [
    ['OPTIONS', 204],
    ['PATCH', 405],
    ['GET', 401],
  ] as const) {
    expect((await fetch(`${keyed.url}/v1/jobs`, { method })).status, method).toBe(status);
  }
});

test('with CORS a preflight has its headers beside Allow, also for what is not there', async () => {
  const { url } = await startService({ corsOrigins: ['https://app.example'] });
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
  const preflight = await fetch(`${url}/v1/jobs`, { method: 'OPTIONS', headers });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect(preflight.headers.get('allow')?.split(', ').toSorted()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
  expect((await fetch(`${url}/nope`, { method: 'OPTIONS', headers })).status).toBe(204);
  const refused = await fetch(`${url}/v1/jobs`, { method: 'PATCH', headers });
  expect(refused.status).toBe(405);
  expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example');
});
