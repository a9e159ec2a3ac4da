/**
 * Which URLs a job may have called. This refuses at submission what can be told from the text alone, so that the client
 * learns of it; where a name leads is known only when the connection is made, and send.ts refuses there.
 */
import { BlockList, isIP } from 'node:net';
import { TrainyardError } from '../../errors.js';

const maxUrlLength = 2048;

/** Of special purpose in IANA's registries, and the few more that the agent of send.ts does not connect to. */
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

/** All that is allocated for the public; loopback, link-local, unique-local and IPv4-mapped addresses lie outside. */
const globalIPv6 = blockList('ipv6', ['2000::/3']);
const specialIPv6 = blockList('ipv6', [
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
]);

/** @throws TrainyardError WEBHOOK_REFUSED, saying what to change */
export function checkTarget(text: string, { allowPrivate }: { allowPrivate: boolean }): void {
  if (text.length > maxUrlLength) refuse(`must have at most ${maxUrlLength} characters.`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    refuse('must be a whole URL that begins with http:// or https://.');
  }
  if (url.username !== '' || url.password !== '') {
    refuse('must hold no user name and no password; the receiver knows the service by its signature.');
  }
  if (text.includes('#')) refuse('must have no fragment: what follows the # would never be sent.');
  if (!allowPrivate && isPrivate(url.hostname)) {
    refuse(
      `leads to ${url.hostname}, which is not a public address. ` +
        'Name a public one, or set WEBHOOK_ALLOW_PRIVATE=1 on the service.',
    );
  }
}

function refuse(reason: string): never {
  throw new TrainyardError('WEBHOOK_REFUSED', `webhook.url ${reason}`, { pointer: '/webhook/url' });
}

/** Of a host name as URL leaves it: IPv4 in four decimal parts, IPv6 in brackets, names in lower case. */
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
