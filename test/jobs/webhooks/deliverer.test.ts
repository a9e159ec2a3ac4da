import type { ServerResponse } from 'node:http';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { createDeliverer } from '../../../src/jobs/webhooks/deliverer.js';
import { createDeliveryLog } from '../../../src/jobs/webhooks/delivery-log.js';
import type { SentEvent } from '../../../src/jobs/webhooks/events.js';
import type { WebhookSpec } from '../../../src/jobs/runs/run-spec.js';
import { retrySchedule } from '../../../src/jobs/webhooks/retry-schedule.js';
import { createSender, type Send, type SendResult } from '../../../src/jobs/webhooks/send.js';
import { createRecordingLog } from '../../model/serving/recording-log.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { secret, startAnswering, startReceiver, verified } from './receiver.js';

const runId = `job_${'0'.repeat(26)}`;
const never = new AbortController().signal;
const time = '2026-01-02T03:04:05.678Z';
const events: SentEvent[] = [
  { seq: 1, time, type: 'status', status: 'queued' },
  { seq: 2, time, type: 'status', status: 'running' },
  { seq: 3, time, type: 'progress' },
  { seq: 4, time, type: 'status', status: 'queued' },
  { seq: 5, time, type: 'status', status: 'succeeded' },
];
const done = { outcome: 'done' };

/**
 * A clock that stands still until the test moves it. It starts at the real time, because signatures are checked against
 * it.
 */
function createClock() {
  let ms = Date.now();
  return { now: () => new Date(ms), advance: (byMs: number) => (ms += byMs) };
}

type Options = Parameters<typeof createDeliverer>[0];

/** A run with these events; `webhook` null: it has no webhook. */
async function scene({ webhook, ...options }: Partial<Options> & { webhook: Partial<WebhookSpec> | null }) {
  const storage = await temporaryStorage();
  const clock = createClock();
  const deliveryLog = createDeliveryLog(storage, pino({ level: 'silent' }));
  const spec = webhook && { url: 'http://receiver.example/', events: ['job.succeeded' as const], ...webhook };
  const usual: Options = {
    readWebhook: () => Promise.resolve(spec),
    readEvents: () => Promise.resolve(events),
    readJob: () => Promise.resolve({ id: runId, status: 'succeeded' }),
    deliveryLog,
    send: createSender({ allowPrivate: true }),
    secret,
    log: pino({ level: 'silent' }),
    now: clock.now,
    random: () => 0.5,
    schedule: [1_000, 2_000],
  };
  const build = (more: Partial<Options> = {}) => createDeliverer({ ...usual, ...options, ...more });
  return { storage, clock, deliveryLog, build, deliverer: build() };
}

/** Gives these answers in turn, without a network, and then repeats the last one. */
function answering(...results: Partial<SendResult>[]) {
  return vi.fn<Send>(() => {
    const result = results.length > 1 ? results.shift() : results[0];
    return Promise.resolve({ retryAfter: undefined, error: null, durationMs: 1, ...result } as SendResult);
  });
}

describe('an event that the webhook asked for', () => {
  test('is delivered and signed, with the current job', async () => {
    const { url, received } = await startAnswering(200);
    const { deliverer, deliveryLog, clock } = await scene({ webhook: { url } });
    expect(await deliverer.deliver(runId, 5, never)).toEqual(done);
    expect(received.map((message) => verified(message))).toEqual([
      { type: 'job.succeeded', timestamp: time, event: events[4], data: { id: runId, status: 'succeeded' } },
    ]);
    expect(await deliveryLog.list(runId)).toEqual([
      {
        format_version: 1,
        event_seq: 5,
        type: 'job.succeeded',
        attempt: 1,
        sent_at: clock.now().toISOString(),
        status_code: 200,
        error: null,
        duration_ms: expect.any(Number) as number,
        outcome: 'delivered',
        next_attempt_at: null,
      },
    ]);
  });

  test('is sent again with the same id until the receiver accepts it, and then not again', async () => {
    const { url, received } = await startAnswering(500, 404, 201);
    const { deliverer, deliveryLog, clock } = await scene({ webhook: { url } });
    expect(await deliverer.deliver(runId, 5, never)).toEqual({ outcome: 'retry', delayMs: 1_000 });
    clock.advance(1_000);
    expect(await deliverer.deliver(runId, 5, never)).toEqual({ outcome: 'retry', delayMs: 2_000 });
    clock.advance(2_000);
    expect(await deliverer.deliver(runId, 5, never)).toEqual(done);
    expect(await deliverer.deliver(runId, 5, never)).toEqual(done);

    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(`${runId}_5`));
    expect(new Set(received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(3);
    received.forEach((message) => verified(message));
    const attempts = await deliveryLog.attemptsOf(runId, 5);
    expect(attempts.map(({ attempt, status_code, outcome }) => [attempt, status_code, outcome])).toEqual([
      [1, 500, 'failed'],
      [2, 404, 'failed'],
      [3, 201, 'delivered'],
    ]);
    expect(attempts[1].next_attempt_at).toBe(clock.now().toISOString());
  });

  test('contains the job as it is when the message is sent', async () => {
    const { url, received } = await startAnswering(500, 200);
    let fraction = 0.5;
    const readJob = () => Promise.resolve({ fraction });
    const { deliverer, clock } = await scene({ webhook: { url }, readJob });
    await deliverer.deliver(runId, 5, never);
    fraction = 1;
    clock.advance(1_000);
    await deliverer.deliver(runId, 5, never);
    expect(received.map((message) => verified(message))).toMatchObject([
      { event: events[4], data: { fraction: 0.5 } },
      { event: events[4], data: { fraction: 1 } },
    ]);
  });

  test('is given up after ten attempts over three days, with a warning in the log', async () => {
    const { log, warnings } = createRecordingLog();
    const send = answering({ statusCode: null, error: 'ECONNREFUSED' });
    const { deliverer, deliveryLog, clock } = await scene({
      webhook: {},
      send,
      log,
      schedule: retrySchedule,
    });
    for (const delayMs of retrySchedule) {
      expect(await deliverer.deliver(runId, 5, never)).toEqual({ outcome: 'retry', delayMs });
      clock.advance(delayMs);
    }
    expect(warnings).toEqual([]);
    expect(await deliverer.deliver(runId, 5, never)).toEqual(done);
    expect(await deliverer.deliver(runId, 5, never)).toEqual(done);
    expect(send).toHaveBeenCalledTimes(10);
    expect((await deliveryLog.attemptsOf(runId, 5)).at(-1)).toMatchObject({
      attempt: 10,
      status_code: null,
      error: 'ECONNREFUSED',
      outcome: 'gave_up',
      next_attempt_at: null,
    });
    expect(warnings).toMatchObject([{ msg: 'webhook sent', job: runId, error: 'ECONNREFUSED' }]);
  });

  test('is not sent before it is due, even when the queue was filled again', async () => {
    const send = answering({ statusCode: 500 }, { statusCode: 200 });
    const { build, clock } = await scene({ webhook: {}, send });
    await build().deliver(runId, 5, never);
    clock.advance(400);
    expect(await build().deliver(runId, 5, never)).toEqual({ outcome: 'retry', delayMs: 600 });
    expect(send).toHaveBeenCalledTimes(1);
    clock.advance(600);
    expect(await build().deliver(runId, 5, never)).toEqual(done);
  });

  test.each([429, 503])('waits as long as the receiver asks with status %i', async (statusCode) => {
    const send = answering({ statusCode, retryAfter: '60' });
    const { deliverer } = await scene({ webhook: {}, send });
    expect(await deliverer.deliver(runId, 5, never)).toEqual({ outcome: 'retry', delayMs: 60_000 });
  });

  test('ignores Retry-After with another status', async () => {
    const send = answering({ statusCode: 500, retryAfter: '60' });
    const { deliverer } = await scene({ webhook: {}, send });
    expect(await deliverer.deliver(runId, 5, never)).toEqual({ outcome: 'retry', delayMs: 1_000 });
  });

  test('is not sent to a name with a private address, and the log says why', async () => {
    const { port, received } = await startAnswering(200);
    const send = createSender({ allowPrivate: false });
    const { deliverer, deliveryLog } = await scene({ webhook: { url: `http://localhost:${port}/` }, send });
    expect(await deliverer.deliver(runId, 5, never)).toMatchObject({ outcome: 'retry' });
    expect(received).toEqual([]);
    expect(await deliveryLog.list(runId)).toMatchObject([{ error: 'PRIVATE_ADDRESS', outcome: 'failed' }]);
  });

  test('may be delivered by two workers at once', async () => {
    const waiting: ServerResponse[] = [];
    const { url, received } = await startReceiver((response) => {
      if (waiting.push(response) < 2) return;
      waiting[0].writeHead(200).end();
      waiting[1].writeHead(500).end();
    });
    const { build, deliveryLog } = await scene({ webhook: { url } });
    const outcomes = await Promise.all([build().deliver(runId, 5, never), build().deliver(runId, 5, never)]);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['done', 'retry']);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect((await deliveryLog.attemptsOf(runId, 5)).map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  test('is settled once the receiver accepted it, even if another worker records a failure later', async () => {
    const send = answering({ statusCode: 200 });
    const { deliverer, deliveryLog } = await scene({ webhook: {}, send });
    await deliverer.deliver(runId, 5, never);
    const [delivered] = await deliveryLog.attemptsOf(runId, 5);
    await deliveryLog.append(runId, { ...delivered, status_code: 500, outcome: 'failed' });
    expect(await deliverer.deliver(runId, 5, never)).toEqual(done);
    expect(await deliverer.outstanding(runId)).toEqual([]);
    expect(send).toHaveBeenCalledTimes(1);
  });

  test('is sent again with the same id when the process died before recording the attempt', async () => {
    const { url, received } = await startAnswering(200);
    const { build, deliveryLog } = await scene({ webhook: { url } });
    const append = () => Promise.reject(new Error('killed'));
    await build({ deliveryLog: { ...deliveryLog, append } }).deliver(runId, 5, never);
    expect(await build().outstanding(runId)).toEqual([5]);
    expect(await build().deliver(runId, 5, never)).toEqual(done);
    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(2).fill(`${runId}_5`));
    expect(received[1].body).toBe(received[0].body);
  });

  test('goes back to the queue at once, without a record, when the service stops', async () => {
    const stop = new AbortController();
    const { url } = await startReceiver(() => stop.abort());
    const { deliverer, deliveryLog } = await scene({ webhook: { url } });
    expect(await deliverer.deliver(runId, 5, stop.signal)).toEqual({ outcome: 'retry', delayMs: 0 });
    expect(await deliveryLog.list(runId)).toEqual([]);
  });
});

describe('a receiver that is gone', () => {
  test('gets no more messages about this run', async () => {
    const { url, received } = await startAnswering(410);
    const { deliverer, deliveryLog } = await scene({
      webhook: { url, events: ['job.running', 'job.succeeded'] },
    });
    expect(await deliverer.deliver(runId, 2, never)).toEqual(done);
    expect(await deliverer.deliver(runId, 5, never)).toEqual(done);
    expect(await deliverer.outstanding(runId)).toEqual([]);
    expect(received).toHaveLength(1);
    expect(await deliveryLog.list(runId)).toMatchObject([{ status_code: 410, outcome: 'gave_up' }]);
  });
});

test('an unreadable attempt does not count: its event is sent again and then settled', async () => {
  const send = answering({ statusCode: 200 });
  const { deliverer, storage } = await scene({ webhook: {}, send });
  await storage.put(`runs/${runId}/webhooks/00000005/0001.json`, Buffer.from('{'));
  expect(await deliverer.outstanding(runId)).toEqual([5]);
  expect(await deliverer.deliver(runId, 5, never)).toEqual(done);
  expect(send).toHaveBeenCalledTimes(1);
  expect(await deliverer.outstanding(runId)).toEqual([]);
});

describe('nothing is sent', () => {
  test.each([
    ['when the run has no webhook', { webhook: null }, 5],
    ['when its job no longer exists', { webhook: {}, readJob: () => Promise.resolve(null) }, 5],
    ['for an event that the webhook did not ask for', { webhook: {} }, 2],
    ['for an event that is never sent', { webhook: {} }, 3],
    ['for an event that the run does not have', { webhook: {} }, 6],
  ])('%s', async (_, options, seq) => {
    const send = answering({ statusCode: 200 });
    const { deliverer, deliveryLog } = await scene({ ...options, send });
    expect(await deliverer.deliver(runId, seq, never)).toEqual(done);
    expect(send).toHaveBeenCalledTimes(0);
    expect(await deliveryLog.list(runId)).toEqual([]);
  });

  test('while the store does not answer, and the event is retried', async () => {
    const readEvents = () => Promise.reject(new Error('no answer'));
    const { deliverer } = await scene({ webhook: {}, readEvents });
    expect(await deliverer.deliver(runId, 5, never)).toEqual({ outcome: 'retry', delayMs: 1_000 });
  });
});

describe('the outstanding events', () => {
  test('are those that the webhook asked for and that are neither delivered nor given up', async () => {
    const send = answering({ statusCode: 200 }, { statusCode: 500 });
    const { deliverer, clock } = await scene({
      webhook: { events: ['job.queued', 'job.running', 'job.succeeded'] },
      send,
      schedule: [1_000],
    });
    expect(await deliverer.outstanding(runId)).toEqual([2, 4, 5]);
    await deliverer.deliver(runId, 2, never);
    await deliverer.deliver(runId, 5, never);
    expect(await deliverer.outstanding(runId)).toEqual([4, 5]);
    clock.advance(1_000);
    await deliverer.deliver(runId, 5, never);
    expect(await deliverer.outstanding(runId)).toEqual([4]);
  });

  test('are empty for a run without a webhook', async () => {
    const { deliverer } = await scene({ webhook: null });
    expect(await deliverer.outstanding(runId)).toEqual([]);
  });
});
