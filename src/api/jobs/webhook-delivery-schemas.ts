/** What was sent to a job's webhook, and what came of it. */
import Type, { type Static } from 'typebox';
import { webhookEvents } from '../../jobs/runs/documents.js';
import { component, listOf, nullable } from '../../lib/named-schema.js';
import { Time } from './training-schemas.js';

export const WebhookDelivery = component(
  'WebhookDelivery',
  Type.Object(
    {
      event_seq: Type.Integer({ description: 'The event of the job that was told.' }),
      type: Type.Enum([...webhookEvents], { type: 'string' }),
      attempt: Type.Integer({ description: 'From 1.' }),
      sent_at: Time('When the request was sent.'),
      status_code: nullable(Type.Integer({ description: 'Of the answer; null when there was none.' })),
      error: nullable(Type.String({ description: 'Why there was no answer; null when there was one.' })),
      duration_ms: Type.Number({ description: 'From the request to the answer.' }),
      outcome: Type.Enum(['delivered', 'failed', 'gave_up'], {
        type: 'string',
        description: '`failed` is tried again; `gave_up` was the last attempt.',
      }),
      next_attempt_at: nullable(Time('When it is tried again; null when it is not.')),
    },
    { description: 'One attempt to tell the webhook of an event.' },
  ),
);

export type WebhookDelivery = Static<typeof WebhookDelivery.schema>;

export const WebhookDeliveryList = component(
  'WebhookDeliveryList',
  listOf(WebhookDelivery, 'The attempts, in the order in which they were made.', {
    event_seq: 42,
    type: 'job.succeeded',
    attempt: 1,
    sent_at: '2026-01-02T03:04:16.402Z',
    status_code: 503,
    error: null,
    duration_ms: 38,
    outcome: 'failed',
    next_attempt_at: '2026-01-02T03:04:21.440Z',
  }),
);
