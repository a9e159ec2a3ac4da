import { expect, test } from 'vitest';
import { signedMessage } from '../../../src/jobs/webhooks/message.js';
import { parseSecret } from '../../../src/jobs/webhooks/secret.js';
import { secret, verified } from './receiver.js';

const event = { seq: 7, time: '2026-01-02T03:04:05.678Z', type: 'metrics', metrics: { epoch: 2 } };
const options = {
  runId: 'job_1',
  type: 'job.metrics',
  event,
  job: { id: 'job_1', epoch: 2 },
  secret,
} as const;

const received = (message: { headers: Record<string, string>; body: string }) => ({
  method: 'POST',
  ...message,
});

test('a message says what happened, when, and how the job stands', () => {
  const { headers, body } = signedMessage({ ...options, sentAt: new Date('2026-01-02T03:04:06.999Z') });
  expect(JSON.parse(body)).toEqual({
    type: 'job.metrics',
    timestamp: '2026-01-02T03:04:05.678Z',
    event,
    data: { id: 'job_1', epoch: 2 },
  });
  expect(headers).toEqual({
    'content-type': 'application/json',
    'user-agent': 'Trainyard',
    'webhook-id': 'job_1_7',
    'webhook-timestamp': String(Date.parse('2026-01-02T03:04:06Z') / 1_000),
    'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/) as string,
  });
});

test('only the job and the time of sending change when it is sent again', () => {
  const first = signedMessage({ ...options, sentAt: new Date('2026-01-02T03:04:06Z') });
  const again = signedMessage({ ...options, job: { epoch: 3 }, sentAt: new Date('2026-01-02T03:09:06Z') });
  expect(again.headers['webhook-id']).toBe(first.headers['webhook-id']);
  const withoutData = (body: string): unknown => ({ ...(JSON.parse(body) as object), data: null });
  expect(withoutData(again.body)).toEqual(withoutData(first.body));
});

test('its signature is good for this body, id, time and secret alone', () => {
  const { headers, body } = signedMessage({ ...options, job: { name: 'Zürich ✓' }, sentAt: new Date() });
  const message = received({ headers, body });
  expect(verified(message)).toEqual(JSON.parse(body));
  const seconds = Number(headers['webhook-timestamp']);
  for (const forged of [
    { ...message, body: `${body} ` },
    { ...message, headers: { ...headers, 'webhook-id': 'job_1_8' } },
    { ...message, headers: { ...headers, 'webhook-timestamp': String(seconds + 1) } },
  ]) {
    expect(() => verified(forged)).toThrow('No matching signature');
  }
  const otherKey = parseSecret(`whsec_${Buffer.alloc(32, 8).toString('base64')}`);
  const foreign = signedMessage({ ...options, secret: otherKey, sentAt: new Date() });
  expect(() => verified(received(foreign))).toThrow('No matching signature');
});
