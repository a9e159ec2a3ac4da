/**
 * The webhook that a client requests for a job, and the checks on it. A URL that is visibly wrong or private is refused
 * when the job is submitted, so that the client learns of it. The address behind a host name is known only when the
 * connection is made; send.ts checks it then.
 */
import { BlockList, isIP } from 'node:net';
import { TrainyardError } from '../../errors.js';
import { defaultWebhookEvents, type WebhookRequest } from '../runs/job-request.js';
import { webhookEvents, type WebhookSpec } from '../runs/run-spec.js';
import type { WebhookSecret } from './signed-message.js';

const maxUrlLength = 2048;

/** IANA's special-purpose addresses, and a few more to which the agent in send.ts does not connect. */
const specialIPv4 = blockList('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]);

/** All public addresses. Loopback, link-local, unique-local and IPv4-mapped addresses lie outside. */
const globalIPv6 = blockList('ipv6', ['2000::/3']);
const specialIPv6 = blockList('ipv6', [
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
]);

/**
 * The webhook as the run's spec keeps it.
 * @throws TrainyardError WEBHOOKS_NOT_CONFIGURED, WEBHOOK_REFUSED
 */
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
  checkWebhookUrl(url, service);
  return { url, events: webhookEvents.filter((event) => events.includes(event)) };
}

/** @throws TrainyardError WEBHOOK_REFUSED, with what to change */
export function checkWebhookUrl(text: string, { allowPrivate }: { allowPrivate: boolean }): void {
  if (text.length > maxUrlLength) refuse(`must have at most ${maxUrlLength} characters.`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    refuse('must be a whole URL that begins with http:// or https://.');
  }
  if (url.username !== '' || url.password !== '') {
    refuse('must have no user name and no password. The receiver recognises the service by its signature.');
  }
  if (text.includes('#')) refuse('must have no fragment: the part after # is never sent.');
  if (!allowPrivate && isPrivate(url.hostname)) {
    refuse(
      `leads to ${url.hostname}, which is not a public address. ` +
        'Use a public address, or set WEBHOOK_ALLOW_PRIVATE=1 on the service.',
    );
  }
}

function refuse(reason: string): never {
  throw new TrainyardError('WEBHOOK_REFUSED', `webhook.url ${reason}`, { pointer: '/webhook/url' });
}

/** `hostname` as URL normalises it: IPv4 as four decimal parts, IPv6 in brackets, names in lower case. */
function isPrivate(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  switch (isIP(address)) {
    case 4:
      return specialIPv4.check(address, 'ipv4');
    case 6:
      return !globalIPv6.check(address, 'ipv6') || specialIPv6.check(address, 'ipv6');
    default:
      return /(^|\.)localhost\.?$/.test(hostname);
  }
}

function blockList(family: 'ipv4' | 'ipv6', subnets: string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits] = subnet.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
