/** Which events of a run are sent to its webhook, and under which name. */
import { webhookEvents, type WebhookEvent, type WebhookSpec } from '../runs/run-spec.js';

/** The fields of a run's event that decide whether it is sent. The message contains the whole event. */
export interface SentEvent {
  /** Counts from 1 without gaps within a run. */
  seq: number;
  time: string;
  type: string;
  status?: string | null;
}

/** The name under which the event is sent to this webhook; null: the webhook did not ask for it. */
export function requestedAs(webhook: WebhookSpec, event: SentEvent): WebhookEvent | null {
  const name = webhookEventOf(event);
  return name !== null && webhook.events.includes(name) ? name : null;
}

/**
 * null: the event is never sent. The first `queued` of a job is not sent, because the client that created the job has
 * had its answer.
 */
export function webhookEventOf({ seq, type, status }: SentEvent): WebhookEvent | null {
  switch (type) {
    case 'metrics':
      return 'job.metrics';
    case 'checkpoint':
      return 'job.checkpoint';
    case 'status':
      if (seq === 1 && status === 'queued') return null;
      return webhookEvents.find((event) => event === `job.${status}`) ?? null;
    default:
      return null;
  }
}
