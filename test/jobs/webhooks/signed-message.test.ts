import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { parseWebhookSecret, signedMessage } from '../../../src/jobs/webhooks/signed-message.js';
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

test('a message has the event, its time, and the job', () => {
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

test('only the job and the sending time change when a message is sent again', () => {
  const first = signedMessage({ ...options, sentAt: new Date('2026-01-02T03:04:06Z') });
  const again = signedMessage({ ...options, job: { epoch: 3 }, sentAt: new Date('2026-01-02T03:09:06Z') });
  expect(again.headers['webhook-id']).toBe(first.headers['webhook-id']);
  const withoutData = (body: string): unknown => ({ ...(JSON.parse(body) as object), data: null });
  expect(withoutData(again.body)).toEqual(withoutData(first.body));
});

test('a signature is valid only for its body, id, time and secret', () => {
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
  const otherKey = parseWebhookSecret(`whsec_${Buffer.alloc(32, 8).toString('base64')}`);
  const foreign = signedMessage({ ...options, secret: otherKey, sentAt: new Date() });
  expect(() => verified(received(foreign))).toThrow('No matching signature');
});

describe('a secret', () => {
  const base64 = (bytes: number, fill = 0xfe): string => Buffer.alloc(bytes, fill).toString('base64');

  test.each([24, 32, 33, 64])('of %i bytes is accepted, and receivers can verify its signatures', (bytes) => {
    const text = `whsec_${base64(bytes)}`;
    const sentAt = new Date();
    const signature = new Webhook(parseWebhookSecret(text), { format: 'raw' }).sign('id', sentAt, '{}');
    expect(signature).toBe(new Webhook(text).sign('id', sentAt, '{}'));
  });

  test.each([
    ['that is empty', ''],
    ['without its prefix', base64(32)],
    ['of another kind', `whsk_${base64(32)}`],
    ['that is only a prefix', 'whsec_'],
    ['that is too short', `whsec_${base64(23)}`],
    ['that is too long', `whsec_${base64(65)}`],
    ['in the URL alphabet', `whsec_${Buffer.alloc(32, 0xfe).toString('base64url')}`],
    ['without its padding', `whsec_${base64(32).replace('=', '')}`],
    ['followed by a line end', `whsec_${base64(32)}\n`],
    ['that is not base64', `whsec_${'correct horse battery staple!'.repeat(2)}`],
  ])('%s is refused, and the message does not contain it', (_, text) => {
    const refusal = refusalOf(text);
    expect(refusal.code).toBe('CONFIG_INVALID');
    expect(refusal.message).toContain('WEBHOOK_SECRET must be whsec_');
    if (text.length > 10) expect(refusal.message).not.toContain(text.slice(6, 20));
  });

  test('is refused with the command that makes one', () => {
    expect(refusalOf('').message).toContain('echo "whsec_$(openssl rand -base64 32)"');
  });
});

function refusalOf(text: string): TrainyardError {
  try {
    parseWebhookSecret(text);
  } catch (error) {
    if (error instanceof TrainyardError) return error;
  }
  throw new Error('The secret was accepted.');
}
