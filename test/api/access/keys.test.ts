/** Which key may use which route, however it is sent. */
import { once } from 'node:events';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { useKeys } from '../../../src/api/access/keys.js';
import { useProblemDetails } from '../../../src/api/problems/error-handlers.js';
import { buildOpenApiDocument } from '../../../src/api/openapi-document.js';
import type { Problem } from '../../../src/api/problems/problem-schema.js';
import type { Scope } from '../../../src/keys/key.js';
import { formatKey, newKeyParts } from '../../../src/keys/key.js';
import { idOf, knows, temporaryKeys, withWrongSecret } from '../../keys/keys.js';
import { readStream } from '../jobs/event-reader.js';
import { basic, startKeyedService, type KeyedService } from './keyed-service.js';
import { openConnection, requestHead } from '../raw-http.js';
import { startService } from '../service.js';

interface Operation {
  security: { bearer?: string[] }[];
}

/** Of every operation: its method, a path that leads to it, and what it takes: `public`, `any` or a scope. */
async function operations(): Promise<{ method: string; path: string; access: string }[]> {
  const { paths } = (await buildOpenApiDocument()) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{[^}]+\}/g, 'absent'),
      access: security.length === 0 ? 'public' : (security[0].bearer?.[0] ?? 'any'),
    })),
  );
}

async function ask(
  { url }: KeyedService,
  { method, path, headers = {} }: { method: string; path: string; headers?: Record<string, string> },
): Promise<{ status: number; headers: Headers; problem: Awaited<ReturnType<typeof problemOf>> }> {
  const answer = await fetch(url + path, { method, headers });
  return { status: answer.status, headers: answer.headers, problem: await problemOf(answer) };
}

/** Also where a protocol has an error body of its own. */
async function problemOf(answer: Response): Promise<{ code?: string | null; detail?: string }> {
  const text = await answer.text();
  if (answer.ok || text === '') return {};
  const body = JSON.parse(text) as Partial<Problem> & { error?: string };
  return body.code === undefined && body.error !== undefined
    ? { code: answer.headers.get('x-error-code'), detail: body.error }
    : { ...body };
}

describe('with keys, each operation', () => {
  test('that is not public takes one', async () => {
    const service = await startKeyedService();
    await service.make();
    for (const { method, path, access } of await operations()) {
      const { status, headers, problem } = await ask(service, { method, path });
      if (access === 'public') {
        expect(status, path).toBe(200);
      } else {
        expect(status, path).toBe(401);
        expect(problem).toMatchObject({
          code: 'UNAUTHORIZED',
          detail: expect.stringContaining('Bearer') as string,
        });
        expect(headers.get('www-authenticate')).toBe('Bearer realm="Trainyard"');
      }
    }
  });

  test.each<Scope[][]>([[['predict']], [['train']], [['predict', 'train']], [['admin']]])(
    'lets a key for %j do what it is for',
    async (scopes) => {
      const service = await startKeyedService();
      const text = await service.make(scopes);
      for (const { method, path, access } of await operations()) {
        const headers = { authorization: `Bearer ${text}` };
        const { status, problem } = await ask(service, { method, path, headers });
        const isEnough = ['public', 'any', ...scopes].includes(access) || scopes.includes('admin');
        if (isEnough) {
          expect([401, 403], `${method} ${path}`).not.toContain(status);
        } else {
          expect(status, `${method} ${path}`).toBe(403);
          expect(problem).toMatchObject({
            code: 'FORBIDDEN',
            detail: `This requires a key with the scope ${access}; the key ${idOf(text)} has ${scopes.join(', ')}.`,
          });
        }
      }
    },
  );
});

describe('a key', () => {
  test.each([
    ['Authorization: Bearer', (text: string) => ({ authorization: `Bearer ${text}` })],
    ['the same, written otherwise', (text: string) => ({ authorization: `bearer  ${text}` })],
    ['X-API-Key', (text: string) => ({ 'x-api-key': text })],
    [
      'X-API-Key beside what is meant for a proxy',
      (text: string) => ({ 'x-api-key': text, authorization: basic('x') }),
    ],
    ['the password of HTTP Basic', (text: string) => ({ authorization: basic(text) })],
    ['the password of nobody', (text: string) => ({ authorization: basic(text, '') })],
  ])('may come as %s', async (_name, headersWith) => {
    const service = await startKeyedService();
    const text = await service.make(['train']);
    const right = { method: 'GET', path: '/v1/jobs', headers: headersWith(text) };
    expect((await ask(service, right)).status).toBe(200);
    expect((await ask(service, { ...right, headers: headersWith(withWrongSecret(text)) })).status).toBe(401);
  });

  test.each([
    ['with a wrong secret', withWrongSecret, 'There is no such key.'],
    ['that does not exist', () => formatKey(newKeyParts()), 'There is no such key.'],
    ['that is none', () => 'hunter2', 'This is not a key of this service. A key begins with ty_.'],
    ['that is empty', () => '', 'This is not a key of this service. A key begins with ty_.'],
  ])('%s is refused', async (_name, wrong, detail) => {
    const service = await startKeyedService();
    const headers = { authorization: `Bearer ${wrong(await service.make())}` };
    const {
      status,
      problem,
      headers: answered,
    } = await ask(service, { method: 'GET', path: '/v1/models', headers });
    expect(status).toBe(401);
    expect(problem).toMatchObject({ code: 'UNAUTHORIZED', detail });
    expect(answered.get('www-authenticate')).toBe('Bearer realm="Trainyard", error="invalid_token"');
  });

  test('that was revoked or has expired is refused with the reason', async () => {
    const service = await startKeyedService();
    const expired = await service.keys.make(['admin'], { expiresAt: new Date(0) });
    const revoked = await service.make(['admin']);
    await service.keys.store.revoke(idOf(revoked), new Date());
    await knows(service.ring, revoked, false);
    for (const [text, reason] of [
      [expired, 'has expired'],
      [revoked, 'has been revoked'],
    ]) {
      const headers = { 'x-api-key': text };
      const { status, problem } = await ask(service, { method: 'GET', path: '/v1/models', headers });
      expect(status).toBe(401);
      expect(problem.detail).toBe(`The key ${idOf(text)} ${reason}.`);
    }
  });

  test('is asked for before the body is read', async () => {
    const service = await startKeyedService();
    await service.make();
    // The body is never sent.
    const head = requestHead('POST /predict', 'Content-Type: application/json', 'Content-Length: 1000000');
    const { socket, received } = openConnection(service.url, head);
    await once(socket, 'data');
    socket.destroy();
    expect(received()).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('appears in the log only with its id', async () => {
    const service = await startKeyedService();
    const text = await service.make(['train']);
    const secret = text.slice(-43);
    await service.http.get('/v1/jobs').set('authorization', `Bearer ${text}`).expect(200);
    await service.http.get('/v1/jobs').set('x-api-key', withWrongSecret(text)).expect(401);
    await service.http.post('/predict').set('x-api-key', text).expect(403);
    await service.http.get('/v1/jobs').expect(401);
    const requests = service.logLines.filter(({ msg }) => msg === 'request');
    expect(requests.map(({ status, key }) => [status, key])).toEqual([
      [200, idOf(text)],
      [401, undefined],
      [403, idOf(text)],
      [401, undefined],
    ]);
    expect(JSON.stringify(service.logLines)).not.toContain(secret.slice(0, 20));
  });
});

test('a key in a URL reaches neither the log nor the answer, but for its id', async () => {
  const service = await startKeyedService();
  const text = await service.make(['train', 'predict']);
  const secret = text.slice(-43);
  for (const path of [`/v1/jobs?api_key=${text}`, `/${text}`, `/v2/${text}`, `/v1/jobs/${text}`]) {
    const answer = await fetch(service.url + path, { headers: { 'x-api-key': text } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.text(), path).not.toContain(secret);
  }
  const logged = JSON.stringify(service.logLines);
  expect(logged).not.toContain(secret);
  expect(logged).toContain(`/v1/jobs?api_key=ty_${idOf(text)}_[redacted]`);
});

describe('a stream of events', () => {
  async function openStream({ url: service }: { url: string }, headers: Record<string, string>) {
    const answer = await fetch(`${service}/v1/jobs`, { method: 'POST', headers });
    const url = `${service}${answer.headers.get('location')}/events`;
    const reader = await readStream(url, headers);
    onTestFinished(() => reader.leave());
    await reader.until(1);
    return { url, reader };
  }

  const whyItEnded = 'The key no longer allows this.';

  test('ends when its key is revoked, and is not opened again', async () => {
    const service = await startKeyedService();
    const [revoked, kept] = [await service.make(['train']), await service.make(['train'])];
    const ended = await openStream(service, { 'x-api-key': revoked });
    const open = await openStream(service, { 'x-api-key': kept });
    await service.keys.store.revoke(idOf(revoked), new Date());
    await ended.reader.ended;
    expect(ended.reader.comments).toContain(whyItEnded);
    expect(ended.reader.events().map(({ type }) => type)).not.toContain('done');
    const again = await readStream(ended.url, { 'x-api-key': revoked });
    expect(again.response.statusCode).toBe(401);
    expect(open.reader.response.complete).toBe(false);
  });

  test('ends when its key expires', async () => {
    const keys = await temporaryKeys();
    let time = Date.now();
    const ring = await keys.openRing({ now: () => time });
    const service = await startService({ keys: ring }, { ...keys, queue: new Map() });
    const text = await keys.make(['train'], { expiresAt: new Date(time + 60_000) });
    await knows(ring, text);
    const { reader } = await openStream(service, { 'x-api-key': text });
    time += 60_000;
    await reader.ended;
    expect(reader.comments).toContain(whyItEnded);
  });

  test('that was opened without a key ends when the first one is made', async () => {
    const service = await startKeyedService();
    const { reader } = await openStream(service, {});
    await service.make();
    await reader.ended;
    expect(reader.comments).toContain(whyItEnded);
  });
});

describe('a browser', () => {
  const page = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  test('that opens a page asks its user for a password', async () => {
    const service = await startKeyedService();
    await service.make();
    const { status, headers } = await ask(service, { method: 'GET', path: '/v1/jobs', headers: page });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe(
      'Bearer realm="Trainyard", Basic realm="Trainyard", charset="UTF-8"',
    );
  });

  test('reads the documentation without one', async () => {
    const service = await startKeyedService();
    await service.make();
    for (const path of ['/', '/docs', '/docs/static/swagger-ui.css', '/openapi.json']) {
      expect((await ask(service, { method: 'GET', path, headers: page })).status, path).toBe(200);
    }
    expect((await ask(service, { method: 'GET', path: '/absent' })).status).toBe(404);
  });
});

describe('a service without keys', () => {
  test('lets everyone do everything, until the first key is made', async () => {
    const service = await startKeyedService();
    for (const { method, path } of await operations()) {
      expect([401, 403]).not.toContain((await ask(service, { method, path })).status);
    }
    const text = await service.make(['train']);
    await service.http.get('/v1/jobs').expect(401);
    await service.http.get('/v1/jobs').set('x-api-key', text).expect(200);
  });

  test('does not become one again when its only key is revoked', async () => {
    const service = await startKeyedService();
    const text = await service.make(['train']);
    await service.keys.store.revoke(idOf(text), new Date());
    await knows(service.ring, text, false);
    await service.http.get('/v1/jobs').expect(401);
    const next = await startKeyedService({}, service);
    await next.http.get('/v1/jobs').expect(401);
  });
});

test('two services on one storage follow what is made and revoked', async () => {
  const first = await startKeyedService();
  const second = await startKeyedService({}, first);
  const text = await first.keys.make(['train']);
  const statusAt = async (service: KeyedService): Promise<number> =>
    (await service.http.get('/v1/jobs').set('x-api-key', text)).status;
  for (const service of [first, second]) {
    await expect.poll(() => service.ring.isConfigured).toBe(true);
    await expect.poll(() => statusAt(service)).toBe(200);
  }
  await first.keys.store.revoke(idOf(text), new Date());
  for (const service of [first, second]) await expect.poll(() => statusAt(service)).toBe(401);
});

describe('a route that does not say who may use it', () => {
  test('cannot be one of the API', () => {
    const app = fastify();
    useKeys(app, undefined);
    const schema: object = { operationId: 'listSecrets' };
    expect(() => app.get('/v1/secrets', { schema }, () => [])).toThrow(
      'GET /v1/secrets does not say in config.access who may use it',
    );
  });

  test('is for admin', async () => {
    const { ring, make } = await startKeyedService();
    const app = fastify();
    useProblemDetails(app);
    useKeys(app, ring);
    app.get('/forgotten', () => 'open');
    const [predict, admin] = [await make(['predict', 'train']), await make(['admin'])];
    const statusWith = async (text: string): Promise<number> =>
      (await app.inject({ url: '/forgotten', headers: { 'x-api-key': text } })).statusCode;
    expect(await statusWith(predict)).toBe(403);
    expect(await statusWith(admin)).toBe(200);
  });
});
