import { describe, expect, test } from 'vitest';
import { requestedAs, webhookEventOf } from '../../../src/jobs/webhooks/events.js';
import { defaultWebhookEvents } from '../../../src/jobs/runs/job-request.js';
import { webhookEvents } from '../../../src/jobs/runs/run-spec.js';

const time = '2026-01-02T03:04:05.678Z';

describe('the webhook event for an event', () => {
  test.each(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'])(
    'that says that the job is %s is named for the status',
    (status) => expect(webhookEventOf({ seq: 2, time, type: 'status', status })).toBe(`job.${status}`),
  );

  test.each(['metrics', 'checkpoint'])('of type %s is named for the type', (type) =>
    expect(webhookEventOf({ seq: 2, time, type })).toBe(`job.${type}`),
  );

  test('covers every name in the list', () => {
    const statuses = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];
    const events = [
      ...statuses.map((status) => ({ seq: 2, time, type: 'status', status })),
      ...['metrics', 'checkpoint'].map((type) => ({ seq: 2, time, type })),
    ];
    expect(events.map(webhookEventOf).sort()).toEqual([...webhookEvents].sort());
  });

  test.each([
    [
      'the first one, which the answer to the request has told already',
      { seq: 1, type: 'status', status: 'queued' },
    ],
    ['any other type', { seq: 2, type: 'progress' }],
    ['a status of another type', { seq: 2, type: 'log', status: 'failed' }],
    ['a status that is no status of a job', { seq: 2, type: 'status', status: 'metrics_lost' }],
    ['no status at all', { seq: 2, type: 'status' }],
  ])('is null for %s', (_, event) => expect(webhookEventOf({ time, ...event })).toBeNull());
});

test('a webhook gets only the events that it names', () => {
  const webhook = { url: 'https://example.com/', events: [...defaultWebhookEvents] };
  expect(requestedAs(webhook, { seq: 9, time, type: 'status', status: 'failed' })).toBe('job.failed');
  expect(requestedAs(webhook, { seq: 9, time, type: 'metrics' })).toBeNull();
  expect(requestedAs(webhook, { seq: 9, time, type: 'progress' })).toBeNull();
});
