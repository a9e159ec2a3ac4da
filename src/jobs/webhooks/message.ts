/**
 * One signed message, as the Standard Webhooks specification has it. Its id, type, timestamp and event are those of the
 * event and the same whenever it is sent; `data` is the job as it is then.
 */
import { Webhook } from 'standardwebhooks';
import type { SentEvent } from './events.js';
import type { WebhookEvent } from '../runs/documents.js';
import type { WebhookSecret } from './secret.js';

export interface Message {
  headers: Record<string, string>;
  body: string;
}

export function signedMessage(options: {
  runId: string;
  type: WebhookEvent;
  event: SentEvent;
  /** The job as the API shows it. */
  job: object;
  secret: WebhookSecret;
  sentAt: Date;
}): Message {
  const { runId, type, event, job, secret, sentAt } = options;
  const id = messageId(runId, event.seq);
  const body = JSON.stringify({ type, timestamp: event.time, event, data: job });
  return {
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Trainyard',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret, { format: 'raw' }).sign(id, sentAt, body),
    },
    body,
  };
}

/** Without a full stop: that is what separates the id from the rest of what is signed. */
function messageId(runId: string, seq: number): string {
  return `${runId}_${seq}`;
}
