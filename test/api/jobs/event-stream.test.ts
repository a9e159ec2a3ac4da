/** One client's stream, without HTTP: what it holds, what it shares with others and when it gives up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openEventStream, type EventStream } from '../../../src/api/jobs/event-stream.js';
import { TrainyardError } from '../../../src/errors.js';
import type { RunEvent } from '../../../src/jobs/runs/run-events.js';

type Tell = (events: readonly RunEvent[]) => void;

function eventsOf(count: number, sizeBytes = 10): RunEvent[] {
  const message = 'x'.repeat(sizeBytes);
  const time = '2026-01-02T03:04:05.678Z';
  return Array.from({ length: count }, (_, i) => ({ seq: i + 1, time, type: 'log', level: 'warn', message }));
}

/** On a feed that has told `history` and tells more through `tell`. */
async function open(history: RunEvent[] = [], heartbeatMs = 60_000) {
  let tell: Tell = () => undefined;
  const stopListening = vi.fn();
  const feed = {
    follow(_runId: string, _after: number, listener: Tell) {
      tell = listener;
      if (history.length > 0) tell(history);
      return Promise.resolve(stopListening);
    },
  };
  const stream = await openEventStream(feed, 'job_1', { after: 0, heartbeatMs });
  onTestFinished(() => void stream.body.destroy());
  return { stream, stopListening, tell: (...events: RunEvent[]) => tell(events) };
}

/** Everything that it holds now. */
function taken({ body }: EventStream): string {
  return String(body.read() ?? '');
}

test('an event is its seq, its type and its JSON', async () => {
  const [event] = eventsOf(1);
  const { stream } = await open([event]);
  expect(taken(stream)).toBe(`retry: 2000\nid: 1\nevent: log\ndata: ${JSON.stringify(event)}\n\n`);
});

test('the text of events that several streams get at once is made once for all of them', async () => {
  const history = eventsOf(3);
  const [first, second] = [await open(history), await open(history)].map(({ stream: { body } }) => {
    const chunks: unknown[] = [];
    body.on('data', (chunk) => chunks.push(chunk));
    return chunks;
  });
  await vi.waitFor(() => expect([first, second]).toMatchObject([{ length: 2 }, { length: 2 }]));
  expect(first[1]).toBe(second[1]);
});

test('a long history may stay unread, and 1 MiB of what follows it', async () => {
  const [big] = eventsOf(1, 2 ** 18);
  const { stream, tell, stopListening } = await open(eventsOf(20, 2 ** 18));
  const failed = vi.fn();
  stream.body.on('error', failed);
  tell(big, big, big);
  expect(stream.body.destroyed).toBe(false);
  tell(big);
  await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce());
  expect(stopListening).toHaveBeenCalledOnce();
});

test('a client that reads may get any amount', async () => {
  const [big] = eventsOf(1, 2 ** 19);
  const { stream, tell } = await open();
  for (let count = 0; count < 20; count++) {
    tell(big);
    expect(taken(stream)).toContain('event: log');
  }
  expect(stream.body.destroyed).toBe(false);
});

test('a heartbeat is sent only while nothing waits', async () => {
  const { stream } = await open([], 10);
  await sleep(100);
  expect(taken(stream)).toBe(':\n');
  await vi.waitFor(() => expect(taken(stream)).toBe(':\n'));
});

test('the stream begins before its first event, so that the client knows', async () => {
  const { stream, tell } = await open();
  expect(taken(stream)).toBe(':\n');
  const [first, second] = eventsOf(2);
  tell(first);
  expect(taken(stream)).toMatch(/^retry: 2000\nid: 1\n/);
  tell(second);
  expect(taken(stream)).toMatch(/^id: 2\n/);
});

test('a stream that is ended early says why in a comment', async () => {
  const { stream } = await open(eventsOf(1));
  stream.end('The service is stopping.');
  expect(taken(stream)).toMatch(/\n\n: The service is stopping\.\n$/);
});

test('a stream that has ended takes no more events', async () => {
  const { stream, tell, stopListening } = await open(eventsOf(1), 5);
  stream.end();
  tell(...eventsOf(1));
  await sleep(50);
  expect(taken(stream).match(/event:/g)).toHaveLength(1);
  await vi.waitFor(() => expect(stopListening).toHaveBeenCalledOnce());
});

test('an error of the feed is passed on', async () => {
  const follow = () => Promise.reject(new TrainyardError('JOB_NOT_FOUND', 'There is no job "job_1".'));
  const opened = openEventStream({ follow }, 'job_1', { after: 0, heartbeatMs: 5 });
  await expect(opened).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});
