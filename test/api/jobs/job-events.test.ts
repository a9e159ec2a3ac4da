/** The events of a job, in pages and as a stream. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { EventList } from '../../../src/jobs/views/job.js';
import type { RunEvent, RunEventBody } from '../../../src/jobs/runs/run-events.js';
import type { TermWriter } from '../../../src/jobs/runs/run-log.js';
import { readStream, type EventReader } from './event-reader.js';
import { end, submit, takeUp } from '../runs.js';
import { startService, type TestService } from '../service.js';

const progress = {
  epoch: 1,
  epochs: 5,
  step: 100,
  steps: 4690,
  fraction: 0.0213,
  samples_per_second: null,
  eta_seconds: null,
  train_loss: 1e-7,
  train_accuracy: 0.5,
};

const metrics = {
  epoch: 1,
  step: 938,
  train_loss: 0.3,
  train_accuracy: 0.9,
  test_loss: 0.0712345678901,
  test_accuracy: 0.95,
};

/** One of each kind that is told while a job is trained. */
const bodies: RunEventBody[] = [
  {
    type: 'started',
    engine: { name: 'reference', device: 'cpu', reason: 'asked for by name' },
    resumed_from_step: null,
  },
  { type: 'progress', progress },
  { type: 'metrics', metrics },
  { type: 'checkpoint', step: 938 },
  { type: 'published', version: 1, step: 938 },
  { type: 'log', level: 'warn', message: 'a "damaged"\ncheckpoint\u2028\r\n\ndata: was left out' },
  {
    type: 'status',
    status: 'queued',
    error: { code: 'TRAINING_CRASHED', message: 'The training process died.' },
  },
  { type: 'status', status: 'running', attempt: 2 },
  { type: 'status', status: 'paused' },
  { type: 'status', status: 'queued', error: null },
];

async function runningJob(service: TestService): Promise<{ id: string; path: string; log: TermWriter }> {
  const { id } = await submit(service);
  return { id, path: `/v1/jobs/${id}/events`, log: await takeUp(service, id) };
}

/** That has been through all of it: 14 events. */
async function endedJob(service: TestService, status: 'succeeded' | 'failed' = 'failed') {
  const job = await runningJob(service);
  await job.log.append(...bodies);
  await end(service, job.id, status);
  return job;
}

async function follow(
  service: TestService,
  path: string,
  headers?: Record<string, string>,
): Promise<EventReader> {
  const reader = await readStream(service.url + path, headers);
  onTestFinished(() => reader.leave());
  return reader;
}

function seqs(events: RunEvent[]): number[] {
  return events.map(({ seq }) => seq);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

async function pageOf(service: TestService, path: string, query: object = {}): Promise<EventList> {
  return (await service.http.get(path).query(query).expect(200)).body as EventList;
}

describe('a page of events', () => {
  test('holds each event completely, whatever its type', async () => {
    const service = await startService();
    const { path } = await endedJob(service);
    const { object, data, has_more } = await pageOf(service, path);
    expect({ object, has_more }).toEqual({ object: 'list', has_more: false });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    const error = { code: 'TRAINING_DIVERGED', message: 'The loss is NaN.' };
    const expected = [
      { type: 'status', status: 'queued', error: null },
      { type: 'status', status: 'running', attempt: 1 },
      ...bodies,
      { type: 'status', status: 'failed', error },
      { type: 'done', status: 'failed', version: 1, error },
    ];
    expect(data).toEqual(expected.map((body, index) => ({ seq: index + 1, time, ...body })));
  });

  test('follows the one before', async () => {
    const service = await startService();
    const { path } = await endedJob(service);
    const first = await pageOf(service, path, { limit: 5 });
    expect([seqs(first.data), first.has_more]).toEqual([range(1, 5), true]);
    const second = await pageOf(service, path, { limit: 9, after: 5 });
    expect([seqs(second.data), second.has_more]).toEqual([range(6, 14), false]);
    expect(await pageOf(service, path, { after: 14 })).toEqual({
      object: 'list',
      data: [],
      has_more: false,
    });
  });

  test('is the answer to clients that do not prefer a stream', async () => {
    const service = await startService();
    const { path } = await endedJob(service);
    const answered = async (accept: string): Promise<string> =>
      (await service.http.get(path).set('accept', accept)).headers['content-type'].split(';')[0];
    for (const accept of [
      '*/*',
      'application/json',
      'text/html, */*',
      'application/json, text/event-stream',
    ]) {
      expect(await answered(accept), accept).toBe('application/json');
    }
    for (const accept of [
      'text/event-stream',
      'Text/Event-Stream; charset=utf-8',
      'text/*',
      'application/json;q=0.5, text/event-stream;q=0.9',
      'text/event-stream, */*;q=0.1',
    ]) {
      expect(await answered(accept), accept).toBe('text/event-stream');
    }
  });
});

describe('a stream', () => {
  test('has all events from the start and ends after done', async () => {
    const service = await startService();
    const { path } = await endedJob(service, 'succeeded');
    const reader = await follow(service, path);
    await reader.ended;
    const { data } = await pageOf(service, path);
    expect(reader.events()).toEqual(data);
    expect(reader.messages.map(({ id }) => id)).toEqual(range(1, 14).map(String));
    expect(reader.messages.map(({ event }) => event)).toEqual(data.map(({ type }) => type));
    expect(reader.retryMs).toEqual([2000]);
    expect(reader.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      'x-request-id': expect.any(String) as string,
      vary: 'accept, origin',
    });
  });

  test('has each event as it happens', async () => {
    const service = await startService();
    const { id, path, log } = await runningJob(service);
    const reader = await follow(service, path);
    await reader.until(2);
    for (const [index, body] of bodies.entries()) {
      await log.append(body);
      await reader.until(3 + index);
      expect(reader.events().at(-1)).toMatchObject(body);
    }
    await end(service, id, 'succeeded');
    await reader.ended;
    expect(seqs(reader.events())).toEqual(range(1, 14));
  });

  test('that a client leaves and rejoins at every event misses and repeats none', async () => {
    const service = await startService();
    const { id, path, log } = await runningJob(service);
    const received: RunEvent[] = [];
    const writing = (async () => {
      for (const body of bodies) {
        await log.append(body);
        await sleep(10);
      }
      await end(service, id, 'succeeded');
    })();
    while (received.at(-1)?.type !== 'done') {
      const last = received.at(-1);
      const reader = await follow(service, path, last && { 'last-event-id': String(last.seq) });
      await reader.until(1);
      reader.leave();
      received.push(...reader.events());
    }
    await writing;
    expect(received).toEqual((await pageOf(service, path)).data);
  });

  test('begins after `after`, and Last-Event-ID takes precedence', async () => {
    const service = await startService();
    const { path } = await endedJob(service);
    const reader = await follow(service, `${path}?after=11`);
    await reader.ended;
    expect(seqs(reader.events())).toEqual(range(12, 14));
    const resumed = await follow(service, `${path}?after=3`, { 'last-event-id': '12' });
    await resumed.ended;
    expect(seqs(resumed.events())).toEqual([13, 14]);
  });

  test('tells a client not to reconnect after its last event', async () => {
    const service = await startService();
    const { path } = await endedJob(service);
    for (const seq of ['14', '99']) {
      const { response } = await follow(service, path, { 'last-event-id': seq });
      expect(response.statusCode).toBe(204);
    }
  });

  test('is the same from every process, and for any number of clients', async () => {
    const service = await startService();
    const other = await startService({}, service);
    const { id, path, log } = await runningJob(service);
    const readers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => follow(i % 2 === 0 ? service : other, path)),
    );
    await log.append(...bodies);
    await end(service, id, 'succeeded');
    await Promise.all(readers.map((reader) => reader.ended));
    const { data } = await pageOf(other, path);
    expect(data).toHaveLength(14);
    for (const reader of readers) expect(reader.events()).toEqual(data);
  });

  test('shows signs of life while nothing happens', async () => {
    const service = await startService({ heartbeatMs: 20 });
    const { path } = await runningJob(service);
    const reader = await follow(service, path);
    await vi.waitFor(() => expect(reader.comments.length).toBeGreaterThan(3));
    expect(reader.messages).toHaveLength(2);
  });

  test.each([
    ['/v1/jobs/job_00000000000000000000000000/events', {}, 404, 'JOB_NOT_FOUND'],
    ['/v1/jobs/nonsense/events', {}, 404, 'JOB_NOT_FOUND'],
    ['/v1/jobs/nonsense/events?after=-1', {}, 400, 'INVALID_REQUEST'],
    ['/v1/jobs/nonsense/events', { 'last-event-id': 'seven' }, 400, 'INVALID_REQUEST'],
  ])('that cannot begin is a problem: %s %o', async (path, headers, status, code) => {
    const service = await startService();
    const answer = await fetch(service.url + path, { headers: { accept: 'text/event-stream', ...headers } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await answer.json()).toMatchObject({ code });
  });

  test('is not opened for HEAD, which is answered at once', async () => {
    const follow = vi.fn();
    const service = await startService({ feed: { follow } });
    const { path } = await runningJob(service);
    const answer = await service.http.head(path).set('accept', 'text/event-stream').expect(200);
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(follow).not.toHaveBeenCalled();
  });
});

/** A feed that the test speaks through. */
function openFeed() {
  const listeners = new Set<(events: readonly RunEvent[]) => void>();
  let seq = 0;
  return {
    listeners,
    follow(_runId: string, _after: number, tell: (events: readonly RunEvent[]) => void) {
      listeners.add(tell);
      return Promise.resolve(() => void listeners.delete(tell));
    },
    tell(message: string) {
      const event: RunEvent = {
        seq: ++seq,
        time: '2026-01-02T03:04:05.678Z',
        type: 'log',
        level: 'warn',
        message,
      };
      for (const listener of listeners) listener([event]);
    },
  };
}

/** A client that sends the request and reads nothing of the answer. */
async function silentClient(service: TestService, path: string): Promise<Socket> {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAccept: text/event-stream\r\n\r\n`);
  await once(socket, 'connect');
  return socket;
}

describe('the feed is no longer followed', () => {
  test('when the client leaves, which is one line of the log and no error', async () => {
    const feed = openFeed();
    const service = await startService({ feed });
    const { path } = await runningJob(service);
    const reader = await follow(service, path);
    expect(feed.listeners.size).toBe(1);
    reader.leave();
    await vi.waitFor(() => expect(feed.listeners.size).toBe(0));
    await vi.waitFor(() => {
      const lines = service.logLines.filter(({ url }) => url === path);
      expect(lines).toMatchObject([{ level: 30, msg: 'request', status: 200 }]);
    });
    expect(service.logLines.filter(({ level }) => level > 30)).toEqual([]);
  });

  test('when the client does not read, which is cut off; others are not', async () => {
    const feed = openFeed();
    const service = await startService({ feed });
    const { path } = await runningJob(service);
    const reader = await follow(service, path);
    const silent = await silentClient(service, path);
    await vi.waitFor(() => expect(feed.listeners.size).toBe(2));

    // More than the sockets' own buffers hold, too.
    let told = 0;
    const message = 'x'.repeat(100_000);
    while (feed.listeners.size > 1 && told < 1000) {
      feed.tell(message);
      await reader.until(++told);
    }
    expect(feed.listeners.size).toBe(1);
    expect(reader.messages).toHaveLength(told);
    expect(service.logLines).toContainEqual(
      expect.objectContaining({ level: 40, url: path, msg: 'the answer could not be sent' }),
    );
    silent.resume();
    await once(silent, 'close');
  });

  test('when the app closes, whose streams end', async () => {
    const feed = openFeed();
    const service = await startService({ feed });
    const { path } = await runningJob(service);
    const readers = await Promise.all([follow(service, path), follow(service, path)]);
    await service.app.close();
    await Promise.all(readers.map((reader) => reader.ended));
    expect(feed.listeners.size).toBe(0);
    expect(service.logLines.filter(({ level }) => level > 30)).toEqual([]);
  });

  test('when the app closes, which waits for no silent client', async () => {
    const feed = openFeed();
    const service = await startService({ feed });
    const { path } = await runningJob(service);
    const connected = once(service.app.server, 'connection') as Promise<[Socket]>;
    const silent = await silentClient(service, path);
    const [socket] = await connected;
    await vi.waitFor(() => expect(feed.listeners.size).toBe(1));
    // Until the system takes no more of it.
    while (socket.writableLength === 0) {
      feed.tell('x'.repeat(50_000));
      await sleep(1);
    }
    expect(feed.listeners.size).toBe(1);
    await service.app.close();
    expect(feed.listeners.size).toBe(0);
    silent.resume();
    await once(silent, 'close');
  });

  test('when the app begins to close while a stream is opened', async () => {
    const feed = openFeed();
    let go = (): void => undefined;
    const opened = new Promise<void>((resolve) => (go = resolve));
    const listen = vi.fn(async (...listening: Parameters<typeof feed.follow>) => {
      await opened;
      return feed.follow(...listening);
    });
    const service = await startService({ feed: { follow: listen } });
    const { path } = await runningJob(service);
    const reader = readStream(service.url + path);
    await vi.waitFor(() => expect(listen).toHaveBeenCalled());
    const closed = service.app.close();
    await sleep(50);
    go();
    await (
      await reader
    ).ended;
    await closed;
    expect(feed.listeners.size).toBe(0);
  });
});
