/** Behind a proxy that has the service under a path of its own: what is found there, and where links lead. */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.js';
import { startService, type TestService } from '../service.js';

async function locationOf({ http }: TestService, path: string, headers: Record<string, string> = {}) {
  const asked = Object.entries(headers).reduce(
    (post, [name, value]) => post.set(name, value),
    http.post(path),
  );
  return (await asked.expect(202)).headers.location;
}

async function serversOf({ url }: TestService, headers: Record<string, string> = {}): Promise<unknown> {
  const answer = await fetch(`${url}/openapi.json`, { headers });
  expect(answer.headers.get('vary') ?? '').not.toContain('undefined');
  return ((await answer.json()) as { servers: unknown }).servers;
}

const at = (url: string): object[] => [{ url, description: 'This service.' }];

describe('BASE_PATH', () => {
  test('is taken with the requests and without it, and stands in every link', async () => {
    const service = await startService({ basePath: '/team/ml' });
    for (const prefix of ['', '/team/ml']) {
      expect(await locationOf(service, `${prefix}/v1/jobs`)).toMatch(/^\/team\/ml\/v1\/jobs\/job_/);
      await service.http.get(`${prefix}/v1/jobs?limit=1`).expect(200);
      expect((await service.http.get(`${prefix}/`).expect(200)).text).toContain('<base href="/team/ml/" />');
    }
    expect((await service.http.get('/team/ml').expect(200)).text).toContain('<base href="/team/ml/" />');
    await service.http.get('/team/mlx/v1/jobs').expect(404);
    expect(await serversOf(service)).toEqual(at('/team/ml'));
    expect(await serversOf(service, { 'x-forwarded-prefix': '/other' })).toEqual(at('/team/ml'));
  });

  test('does not lead a prediction past the waiting room', async () => {
    const { http } = await startService({ basePath: '/ml', maxWaitingPredictions: 0 });
    await http
      .post('/ml/predict')
      .send({ inputs: [[1]] })
      .expect(429);
  });

  test.each([
    ['/ml', '/ml'],
    ['/ml/', '/ml'],
    ['/team/ml-2', '/team/ml-2'],
    ['/', ''],
    ['', ''],
  ])('%s is %j', (BASE_PATH, basePath) => {
    expect(loadConfig({ BASE_PATH }).basePath).toBe(basePath);
  });

  test.each(['ml', '//evil.example', '/a/../b', '/a b', '/a?b', '/v1', '/docs/x', 'https://a.example/ml'])(
    '%s is refused',
    (BASE_PATH) => {
      expect(() => loadConfig({ BASE_PATH })).toThrow(/^BASE_PATH must be a path like \/ml/);
    },
  );
});

describe('X-Forwarded-Prefix', () => {
  test('stands in the links of the answer to its request, which a cache keeps apart', async () => {
    const service = await startService();
    const headers = { 'x-forwarded-prefix': '/ml/' };
    expect(await locationOf(service, '/v1/jobs', headers)).toMatch(/^\/ml\/v1\/jobs\/job_/);
    expect(await serversOf(service, headers)).toEqual(at('/ml'));
    expect(await serversOf(service)).toEqual(at('/'));
    const { headers: answered } = await service.http.get('/openapi.json');
    expect(answered.vary).toBe('x-forwarded-prefix, accept-encoding');
  });

  test.each([
    '//evil.example',
    'https://evil.example',
    '/a/../b',
    '/a"b',
    '/a b',
    `/${'x'.repeat(300)}`,
    'ml',
  ])('that is no plain path changes nothing: %s', async (prefix) => {
    const service = await startService();
    expect(await serversOf(service, { 'x-forwarded-prefix': prefix })).toEqual(at('/'));
  });
});
