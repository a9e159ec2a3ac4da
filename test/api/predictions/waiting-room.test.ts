/** Predictions when more arrive than can be answered, when time is short, and when clients have disconnected. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { createModelServer } from '../../../src/model/serving/model-server.js';
import type { ApiDeps } from '../../../src/api/app.js';
import { knows, temporaryKeys } from '../../keys/keys.js';
import { openConnection, requestHead } from '../raw-http.js';
import { startService, type TestService } from '../service.js';

const body = JSON.stringify({ inputs: [[...exampleDigit]] });

interface Gated extends TestService {
  /** Lets the predictions continue. */
  open: () => void;
  /** The samples of each call of the engine. */
  calls: number[];
  ask: (headers?: Record<string, string>, signal?: AbortSignal) => Promise<Response>;
}

/** A service that holds its predictions back until it is told to make them. */
async function startGated(maxWaitingPredictions = 512, more: Partial<ApiDeps> = {}): Promise<Gated> {
  const storageOf = await startService();
  await storageOf.publishDigits();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const calls: number[] = [];
  const reference = createReferenceEngine();
  const { registry, aliases } = storageOf;
  const modelServer = createModelServer({
    registry,
    aliases,
    engine: {
      ...reference,
      async predictor(...model) {
        const predictor = await reference.predictor(...model);
        return {
          ...predictor,
          async predict(inputs, count) {
            calls.push(count);
            await gate;
            return predictor.predict(inputs, count);
          },
        };
      },
    },
    log: { info: () => undefined, warn: () => undefined },
  });
  await modelServer.start();
  const service = await startService({ modelServer, maxWaitingPredictions, ...more }, storageOf);
  const ask = (headers: Record<string, string> = {}, signal: AbortSignal | null = null) =>
    fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal,
    });
  return { ...service, open, calls, ask };
}

describe('more predictions than there is room for', () => {
  test('are refused at once, and the accepted ones are answered', async () => {
    const { ask, open, calls } = await startGated(3);
    const first = ask();
    await vi.waitFor(() => expect(calls).toEqual([1]));
    const taken = [first, ask(), ask()];
    await sleep(100);
    for (let more = 0; more < 5; more++) {
      const answer = await ask();
      expect(answer.status).toBe(429);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await answer.json()).toMatchObject({ code: 'OVERLOADED', status: 429 });
    }
    open();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask()).status).toBe(200);
  });

  test('leave room for other requests', async () => {
    const { ask, open, http, calls } = await startGated(1);
    const taken = ask();
    await vi.waitFor(() => expect(calls).toEqual([1]));
    await http.get('/health/live').expect(200);
    await http.post('/v1/jobs').expect(202);
    open();
    expect((await taken).status).toBe(200);
  });

  test('and bodies that are too large together are refused before they are read', async () => {
    const { ask, open, url, calls } = await startGated();
    const taken = ask();
    await vi.waitFor(() => expect(calls).toEqual([1]));
    const length = `Content-Length: ${2 ** 29}`;
    const head = requestHead('POST /predict', 'Content-Type: application/json', length);
    const { socket, received } = openConnection(url, head);
    await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1\.1 429 [^]*OVERLOADED/));
    socket.destroy();
    open();
    expect((await taken).status).toBe(200);
  });

  test('of a key are as many as there are places free, so that each further key gets some', async () => {
    const keys = await temporaryKeys();
    const ring = await keys.openRing();
    const headersOf = async (): Promise<Record<string, string>> => {
      const text = await keys.make(['predict']);
      await knows(ring, text);
      return { authorization: `Bearer ${text}` };
    };
    const { ask, open } = await startGated(12, { keys: ring });
    const taken: Promise<Response>[] = [];
    for (const [headers, places] of [
      [await headersOf(), 6],
      [await headersOf(), 3],
      [await headersOf(), 2],
    ] as const) {
      // More at once than there is room for: those that are refused are answered, and the others wait.
      const asked = Array.from({ length: 7 }, () => ask(headers));
      const refused: Response[] = [];
      for (const each of asked) void each.then((answer) => refused.push(answer));
      await vi.waitFor(() => expect(refused).toHaveLength(7 - places));
      for (const answer of refused) {
        expect(answer.status).toBe(429);
        expect(await answer.json()).toMatchObject({
          code: 'OVERLOADED',
          detail: expect.stringContaining('as the service has places free') as string,
        });
      }
      taken.push(...asked);
    }
    open();
    const statuses = (await Promise.all(taken)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(11);
  });

  test('that are not urgent leave half of the room to the others', async () => {
    const { ask, open, calls } = await startGated(4);
    const taken = [ask({ priority: 'u=5' })];
    await vi.waitFor(() => expect(calls).toEqual([1]));
    taken.push(ask({ priority: 'u=7, i' }));
    await sleep(100);
    const refused = await ask({ priority: 'u=4' });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('more urgent') as string });
    // What is no urgency is ignored.
    taken.push(ask({ priority: 'u=3' }), ask({ priority: 'u=seven' }));
    open();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test('are reported to pages of allowed origins', async () => {
    const origin = 'https://app.example.com';
    const { http } = await startService({ maxWaitingPredictions: 0, corsOrigins: [origin] });
    const { status, headers } = await http.post('/predict').set('origin', origin).type('json').send(body);
    expect(status).toBe(429);
    expect(headers['access-control-allow-origin']).toBe(origin);
    expect(headers['access-control-expose-headers']).toContain('retry-after');
  });

  test('have room again when a waiting client disconnects', async () => {
    const { ask, open } = await startGated(1);
    const leaving = new AbortController();
    const left = ask({}, leaving.signal);
    expect((await ask()).status).toBe(429);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await sleep(50);
    const next = ask();
    await sleep(50);
    open();
    expect((await next).status).toBe(200);
  });
});

describe('a prediction that takes longer than its client allows', () => {
  test('is refused when its turn comes too late, without work', async () => {
    const { ask, open, calls } = await startGated();
    const first = ask();
    await vi.waitFor(() => expect(calls).toEqual([1]));
    const hasty = ask({ 'x-timeout-ms': '20' });
    await sleep(100);
    open();
    expect((await first).status).toBe(200);
    const answer = await hasty;
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(calls).toEqual([1]);
  });

  test.each(['0', '-1', '1.5', 'soon', '1000000'])('cannot be said with %j', async (timeout) => {
    const { ask, open } = await startGated();
    open();
    const answer = await ask({ 'x-timeout-ms': timeout });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: expect.stringContaining('x-timeout-ms') as string,
    });
  });
});

test('a prediction is not made when its client has disconnected', async () => {
  const { ask, open, calls, logLines } = await startGated();
  const first = ask();
  await vi.waitFor(() => expect(calls).toEqual([1]));
  const leaving = new AbortController();
  const left = ask({}, leaving.signal);
  await sleep(100);
  leaving.abort();
  await expect(left).rejects.toThrow();
  await sleep(50);
  open();
  expect((await first).status).toBe(200);
  await sleep(50);
  expect(calls).toEqual([1]);
  expect(logLines.filter(({ level }) => level >= 50)).toEqual([]);
});

test('an answer has its times in a header', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  const { headers } = await http.post('/predict').type('json').send(body).expect(200);
  expect(headers['server-timing']).toMatch(/^queue;dur=\d+\.\d{3}, inference;dur=\d+\.\d{3}$/);
});
