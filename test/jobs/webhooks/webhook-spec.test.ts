import { expect, test } from 'vitest';
import { resolveWebhook } from '../../../src/jobs/webhooks/webhook-spec.js';
import { secret } from './receiver.js';

const service = { secret, allowPrivate: false };
const url = 'https://example.com/hook';

test('a webhook is told of the end of its job unless it asks for more', () => {
  expect(resolveWebhook({ url }, service)).toEqual({
    url,
    events: ['job.succeeded', 'job.failed', 'job.cancelled'],
  });
});

test('events come in one order and once, however they were asked for', () => {
  expect(
    resolveWebhook({ url, events: ['job.failed', 'job.running', 'job.failed'] }, service).events,
  ).toEqual(['job.running', 'job.failed']);
});

test('a service without a secret refuses webhooks, and says what to set', () => {
  expect(() => resolveWebhook({ url }, { ...service, secret: undefined })).toThrow(
    expect.objectContaining({
      code: 'WEBHOOKS_NOT_CONFIGURED',
      pointer: '/webhook',
      message: expect.stringContaining('WEBHOOK_SECRET') as string,
    }) as Error,
  );
});

test('a target that the service does not call is refused', () => {
  expect(() => resolveWebhook({ url: 'http://127.0.0.1/' }, service)).toThrow(
    expect.objectContaining({ code: 'WEBHOOK_REFUSED' }) as Error,
  );
});
