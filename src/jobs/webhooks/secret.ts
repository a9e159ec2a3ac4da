/** The service's secret, with which it signs what it sends: read from the setting once, and never told. */
import { TrainyardError } from '../../errors.js';

/** The key that WEBHOOK_SECRET holds in base64. */
export type WebhookSecret = Uint8Array;

const prefix = 'whsec_';
/** From the Standard Webhooks specification, under "Signature scheme". */
const minBytes = 24;
const maxBytes = 64;

/** @throws TrainyardError CONFIG_INVALID, without a part of the text */
export function parseSecret(text: string): WebhookSecret {
  const encoded = text.slice(prefix.length);
  const key = Buffer.from(encoded, 'base64');
  // Buffer skips what is not base64; that the text comes back whole shows that there was nothing to skip.
  const isBase64 = key.toString('base64') === encoded;
  if (!text.startsWith(prefix) || !isBase64 || key.length < minBytes || key.length > maxBytes) {
    throw new TrainyardError(
      'CONFIG_INVALID',
      `WEBHOOK_SECRET must be ${prefix} and the base64 of ${minBytes} to ${maxBytes} random bytes; ` +
        `make one with: echo "${prefix}$(openssl rand -base64 32)"`,
    );
  }
  return key;
}
