/**
 * A webhook's message, signed as the Standard Webhooks specification requires, and the secret that signs it. The id,
 * type, timestamp and event of a message describe the run's event and are the same in each attempt. `data` is the job
 * at the time of the attempt.
 */
import { Webhook } from 'standardwebhooks';
import { TrainyardError } from '../../errors.js';
import type { WebhookEvent } from '../runs/run-spec.js';
import type { SentEvent } from './events.js';

export interface SignedMessage {
  headers: Record<string, string>;
  body: string;
}

/** The bytes that WEBHOOK_SECRET holds in base64. */
export type WebhookSecret = Uint8Array;

const secretPrefix = 'whsec_';
/** From the Standard Webhooks specification, "Signature scheme". */
const minSecretBytes = 24;
const maxSecretBytes = 64;

/** @throws TrainyardError CONFIG_INVALID; its message contains no part of the text */
export function parseWebhookSecret(text: string): WebhookSecret {
  const encoded = text.slice(secretPrefix.length);
  const secret = Buffer.from(encoded, 'base64');
  // Buffer skips characters that are not base64. Encoding the bytes again shows whether it skipped any.
  const isBase64 = secret.toString('base64') === encoded;
  const hasGoodLength = secret.length >= minSecretBytes && secret.length <= maxSecretBytes;
  if (!text.startsWith(secretPrefix) || !isBase64 || !hasGoodLength) {
    throw new TrainyardError(
      'CONFIG_INVALID',
      `WEBHOOK_SECRET must be ${secretPrefix} and the base64 of ${minSecretBytes} to ${maxSecretBytes} random bytes. ` +
        `Make one with: echo "${secretPrefix}$(openssl rand -base64 32)"`,
    );
  }
  return secret;
}

export function signedMessage(options: {
  runId: string;
  type: WebhookEvent;
  event: SentEvent;
  /** The job as the API shows it. */
  job: object;
  secret: WebhookSecret;
  sentAt: Date;
}): SignedMessage {
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

/** Contains no full stop, because full stops separate the parts of what is signed. */
function messageId(runId: string, seq: number): string {
  return `${runId}_${seq}`;
}
