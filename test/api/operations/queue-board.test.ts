import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openQueue, type QueueTarget } from '../../../src/jobs/queue/open-queue.js';
import type { Queues } from '../../../src/jobs/queue/queues.js';
import { optionalEngineNames } from '../../../src/model/engines/select.js';
import { describeWithService } from '../../services.js';
import { basic, startKeyedService } from '../access/keyed-service.js';
import { openService, startService, type TestService } from '../service.js';

const path = '/admin/queues';
const run = `job_${'7'.repeat(26)}`;

interface Shown {
  queues: {
    name: string;
    counts: Record<string, number>;
    isPaused: boolean;
    jobs: { id: string; data: object }[];
  }[];
}

describe('on the embedded queue', () => describeBoard(() => ({ kind: 'embedded' })));
for (const kind of ['redis', 'postgres'] as const) {
  describeWithService(kind, `on a real ${kind}`, (service) =>
    describeBoard(() => ({ kind, url: service().url })),
  );
}

function describeBoard(target: () => QueueTarget): void {
  let folder: string;
  let queues: Queues;
  let service: TestService;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainyard-board-'));
    queues = await openQueue(target(), {
      dataDir: folder,
      engines: optionalEngineNames,
      log: pino({ level: 'silent' }),
    });
    service = await openService({ showQueues: (page) => queues.showOn(page) });
    await queues.training.add(run, { first: true });
    await queues.webhooks.add({ run_id: run, seq: 4 }, { delayMs: 60_000 });
  });
  afterAll(async () => {
    await service.stop();
    await queues.close();
    await rm(folder, { recursive: true });
  });

  async function shown(): Promise<Shown['queues']> {
    const query = { activeQueue: 'webhooks', page: '1', jobsPerPage: '10' };
    const { body } = await service.http.get(`${path}/api/queues`).query(query).expect(200);
    return (body as Shown).queues;
  }

  test('the board shows what waits in each queue', async () => {
    const queues = await shown();
    const [training, webhooks] = ['training', 'webhooks'].map((name) => {
      return queues.find((queue) => queue.name === name);
    });
    expect(training).toMatchObject({ counts: { waiting: 1, delayed: 0 } });
    expect(webhooks).toMatchObject({ counts: { waiting: 0, delayed: 1 } });
    expect(webhooks?.jobs).toEqual([
      expect.objectContaining({ id: `${run}.4`, data: { run_id: run, seq: 4 } }),
    ]);
    for (const part of [`queues/training/${run}`, `queues/training/${run}/flow`, 'redis/stats']) {
      await service.http.get(`${path}/api/${part}`).expect(200);
    }
  });

  test('the board only looks', async () => {
    const before = await shown();
    const ask = async (method: string, part: string, body: object = {}): Promise<number> => {
      const response = await fetch(`${service.url}${path}/api/queues/${part}`, {
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      return response.status;
    };
    expect(await ask('PUT', 'training/pause')).toBe(405);
    expect(await ask('PUT', 'training/empty')).toBe(405);
    expect(await ask('PUT', 'training/obliterate', { force: true })).toBe(405);
    expect(await ask('POST', 'training/add', { name: 'training', data: {} })).toBe(405);
    expect(await ask('PUT', `training/${run}/clean`)).toBe(405);
    expect(await ask('PUT', `webhooks/${run}.4/promote`)).toBe(405);
    // It pauses each queue that it may, which is none.
    expect(await ask('PUT', 'pause')).toBe(200);
    expect(await shown()).toEqual(before);
  });

  test.each(['', '/', '/queue/training', `/queue/training/${run}`])(
    'the page %o comes with its parts, and asks no other host for any',
    async (route) => {
      const { headers, text } = await service.http.get(path + route).expect(200);
      expect(headers['content-type']).toContain('text/html');
      expect(headers['content-security-policy']).toContain("default-src 'self'");
      const parts = [...text.matchAll(/(?:src|href)="(static\/[^"]+\.(?:js|css))"/g)];
      expect(parts.length).toBeGreaterThan(1);
      for (const [, part] of parts) await service.http.get(`${path}/${part}`).expect(200);
    },
  );

  test('behind a proxy under a path of its own, the page looks for its parts there', async () => {
    const asked = service.http.get(path).set('x-forwarded-prefix', '/ml');
    expect((await asked.expect(200)).text).toContain(`<base href="/ml${path}/"`);
    expect((await service.http.get(path).expect(200)).text).toContain(`<base href="${path}/"`);
  });

  test('what is not there and what goes wrong is answered with a problem document', async () => {
    const absent = await service.http.get(`${path}/absent`).expect(404);
    expect(absent.body).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    const failing = await service.http.get(`${path}/api/queues`).query({ activeQueue: '%' }).expect(500);
    expect(failing.body).toMatchObject({ code: 'INTERNAL' });
    expect(service.logLines).toContainEqual(expect.objectContaining({ level: 50, code: 'INTERNAL' }));
  });

  test('where there are keys, the board and all its parts take an admin key, as the password of a browser too', async () => {
    const keyed = await startKeyedService({ showQueues: (page) => queues.showOn(page) });
    const [admin, train] = [await keyed.make(['admin']), await keyed.make(['train', 'predict'])];
    const text = (await service.http.get(path)).text;
    const [, part] = /(?:src|href)="(static\/[^"]+\.js)"/.exec(text) ?? [];
    for (const asked of [
      path,
      `${path}/`,
      `${path}/queue/training`,
      `${path}/api/queues`,
      `${path}/${part}`,
    ]) {
      const refused = await keyed.http.get(asked).set('accept', 'text/html').expect(401);
      expect(refused.headers['www-authenticate']).toContain('Basic realm="Trainyard"');
      expect(refused.body).toMatchObject({ code: 'UNAUTHORIZED' });
      await keyed.http.get(asked).set('authorization', basic(train)).expect(403);
      await keyed.http.get(asked).set('authorization', basic(admin)).expect(200);
    }
  });

  test('the API’s description knows nothing of the board', async () => {
    const without = await startService();
    const described = await service.http.get('/openapi.json');
    expect(described.text).toBe((await without.http.get('/openapi.json')).text);
  });
}

test('without the board its path is like any that is not there', async () => {
  const service = await startService();
  const { body, headers } = await service.http.get(path).expect(404);
  expect(headers['content-type']).toContain('application/problem+json');
  expect(body).toMatchObject({ code: 'ROUTE_NOT_FOUND', instance: path });
});
