/** What of a run is worth a webhook. */
import { webhookEvents, type WebhookEvent, type WebhookSpec } from '../runs/documents.js';

/** As much of a run's event as webhooks look at; the whole of it is sent. */
export interface SentEvent {
  /** Counts from 1 without gaps within a run. */
  seq: number;
  time: string;
  type: string;
  status?: string | null;
}

/** As what the job's webhook is told of the event; null when it is not. */
export function wantedAs(webhook: WebhookSpec, event: SentEvent): WebhookEvent | null {
  const name = webhookEventOf(event);
  return name !== null && webhook.events.includes(name) ? name : null;
}

/** null for what no webhook is about. That a new job is queued is none: it answers the request that made the job. */
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
