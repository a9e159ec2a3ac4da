/** What a page of another site can do with the service through its reader's browser: nothing, unless CORS lets it. */
import { describe, expect, test } from 'vitest';
import type { ApiDeps } from '../../../src/api/app.js';
import { basic, startKeyedService } from './keyed-service.js';
import { sendRequest, type RawAnswer } from '../raw-http.js';
import { startService, type TestService } from '../service.js';

function ask(
  { url }: TestService,
  {
    method = 'GET',
    path = '/v1/jobs',
    headers = {},
  }: { method?: string; path?: string; headers?: Record<string, string> },
): Promise<RawAnswer> {
  return sendRequest(url, method, path, { headers });
}

const portOf = ({ url }: TestService): string => new URL(url).port;

describe('a service without keys', () => {
  test.each(['https://evil.example', 'http://127.0.0.1:1', 'http://127.0.0.1', 'null', 'file://', 'garbage'])(
    'refuses requests of a page of %s',
    async (origin) => {
      const service = await startService();
      for (const method of ['GET', 'POST', 'DELETE']) {
        const { status, text } = await ask(service, { method, headers: { origin } });
        expect(status).toBe(403);
        expect(JSON.parse(text)).toMatchObject({ code: 'ORIGIN_REFUSED' });
      }
      expect(service.queue.size).toBe(0);
      expect(await service.store.ids()).toEqual([]);
    },
  );

  test('answers its own pages, under whichever name they were asked for', async () => {
    const service = await startService({ anonymousHosts: [] });
    for (const name of ['127.0.0.1', 'localhost', 'LocalHost', 'trainyard.localhost', '[::1]']) {
      const host = `${name}:${portOf(service)}`;
      const { status } = await ask(service, { headers: { host, origin: `http://${host}` } });
      expect(status, host).toBe(200);
    }
  });

  test('answers clients that are not pages', async () => {
    const service = await startService({ anonymousHosts: [] });
    expect((await ask(service, {})).status).toBe(200);
  });

  test('for its own machine only, answers to no other name, such as one that was made to lead there', async () => {
    const service = await startService({ anonymousHosts: [] });
    for (const name of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1.example',
    ]) {
      const host = `${name}:${portOf(service)}`;
      for (const headers of [{ host }, { host, origin: `http://${host}` }]) {
        const { status, text } = await ask(service, { method: 'POST', headers });
        expect(status, host).toBe(403);
        expect(JSON.parse(text)).toMatchObject({
          code: 'ORIGIN_REFUSED',
          detail: expect.stringContaining('localhost') as string,
        });
      }
    }
    expect(service.queue.size).toBe(0);
  });

  test('answers to addresses, which nobody can make lead elsewhere, and to the names that it is given', async () => {
    const service = await startService({ anonymousHosts: ['trainyard.example', 'api'] });
    for (const name of ['10.0.0.1', '[::2]', 'Trainyard.Example', 'api']) {
      const host = `${name}:${portOf(service)}`;
      expect((await ask(service, { headers: { host, origin: `http://${host}` } })).status, host).toBe(200);
    }
    for (const host of ['evil.example', 'api.evil.example', 'example']) {
      expect((await ask(service, { headers: { host } })).status, host).toBe(403);
    }
  });

  test('for other machines too, answers to any name', async () => {
    const service = await startService({ anonymousHosts: '*' });
    const host = 'trainyard.example:8080';
    expect((await ask(service, { headers: { host, origin: `http://${host}` } })).status).toBe(200);
    expect((await ask(service, { headers: { host, origin: 'http://trainyard.example' } })).status).toBe(403);
  });
});

describe('a service with keys', () => {
  test('takes a key from a page of any site, which can only send it where CORS lets it', async () => {
    const service = await startKeyedService({ anonymousHosts: [] });
    const text = await service.make(['train']);
    const headers = { host: 'trainyard.example', origin: 'https://evil.example', 'x-api-key': text };
    expect((await ask(service, { headers })).status).toBe(200);
    expect((await ask(service, { headers: { ...headers, 'x-api-key': '' } })).status).toBe(401);
  });

  test.each<[string, Partial<ApiDeps>]>([
    ['no CORS', {}],
    ['CORS for all', { corsOrigins: '*' }],
  ])('refuses the password that a browser sends by itself, with %s', async (_name, deps) => {
    const service = await startKeyedService(deps);
    const authorization = basic(await service.make(['train']));
    const foreign = { authorization, origin: 'https://evil.example' };
    const { status, text } = await ask(service, { method: 'POST', headers: foreign });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ code: 'ORIGIN_REFUSED' });
    expect(service.queue.size).toBe(0);
    const own = { authorization, origin: service.url };
    expect((await ask(service, { headers: own })).status).toBe(200);
  });
});

describe('CORS', () => {
  const origin = 'https://app.example';
  const preflight = {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  };

  test('is off by default', async () => {
    const service = await startKeyedService();
    const text = await service.make(['train']);
    for (const asked of [preflight, { headers: { origin, 'x-api-key': text } }]) {
      const { headers } = await ask(service, asked);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('lets a preflight through without a key', async () => {
    const service = await startKeyedService({ corsOrigins: [origin] });
    await service.make();
    const { status, headers } = await ask(service, preflight);
    expect(status).toBe(204);
    expect(headers).toMatchObject({ 'access-control-allow-origin': origin, 'access-control-max-age': '600' });
    const allowed = String(headers['access-control-allow-headers']).split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'x-api-key', 'last-event-id', 'traceparent']),
    );
    expect(String(headers['access-control-allow-methods']).split(', ')).toEqual(
      expect.arrayContaining(['GET', 'POST', 'DELETE']),
    );
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test('lets the pages of the origins that were named read answers and refusals', async () => {
    const service = await startKeyedService({ corsOrigins: [origin, 'https://other.example'] });
    const text = await service.make(['train']);
    for (const [key, status] of [
      [text, 200],
      ['', 401],
    ] as const) {
      const answer = await ask(service, { headers: { origin, 'x-api-key': key } });
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
      expect(answer.headers['access-control-expose-headers']).toContain('retry-after');
    }
    const foreign = await ask(service, { headers: { origin: 'https://evil.example', 'x-api-key': text } });
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('lets them use a service without keys, and no others', async () => {
    const service = await startService({ corsOrigins: [origin], anonymousHosts: [] });
    expect((await ask(service, { headers: { origin } })).status).toBe(200);
    expect((await ask(service, { headers: { origin: `${origin}.evil.example` } })).status).toBe(403);
  });

  test('with * lets all pages use the service', async () => {
    const service = await startService({ corsOrigins: '*' });
    const { status, headers } = await ask(service, { headers: { origin: 'https://any.example' } });
    expect(status).toBe(200);
    expect(headers['access-control-allow-origin']).toBe('*');
  });
});
