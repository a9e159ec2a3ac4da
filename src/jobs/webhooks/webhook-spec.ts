/** From what a client asks for to what the run's spec keeps. */
import { TrainyardError } from '../../errors.js';
import {
  defaultWebhookEvents,
  webhookEvents,
  type WebhookRequest,
  type WebhookSpec,
} from '../runs/documents.js';
import type { WebhookSecret } from './secret.js';
import { checkTarget } from './target.js';

/** @throws TrainyardError WEBHOOKS_NOT_CONFIGURED, WEBHOOK_REFUSED */
export function resolveWebhook(
  { url, events = [...defaultWebhookEvents] }: WebhookRequest,
  service: { secret: WebhookSecret | undefined; allowPrivate: boolean },
): WebhookSpec {
  if (service.secret === undefined) {
    throw new TrainyardError(
      'WEBHOOKS_NOT_CONFIGURED',
      'This service has no secret to sign webhooks with. Leave webhook out, or set WEBHOOK_SECRET on the service.',
      { pointer: '/webhook' },
    );
  }
  checkTarget(url, service);
  return { url, events: webhookEvents.filter((event) => events.includes(event)) };
}
