/** Where a request may carry its key: `X-API-Key`, `Authorization: Bearer`, or the password of HTTP Basic. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** What was sent as a key; undefined: nothing was. */
export function credentialOf(headers: IncomingHttpHeaders): string | undefined {
  // First, as `Authorization` may be meant for a proxy in front.
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  const [scheme, value = ''] = split(headers.authorization ?? '', ' ');
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return value.trim();
    case 'basic':
      return split(Buffer.from(value, 'base64').toString(), ':')[1] ?? '';
    default:
      return undefined;
  }
}

/** Who shares with others what there is of something: the key. Undefined where nobody needs one. */
export function holderOf({ key, headers }: FastifyRequest): string | undefined {
  return key === null ? undefined : credentialOf(headers);
}

/** A browser sends this by itself once its user has typed it in, whichever page makes the request. */
export function hasBasicCredential({ authorization }: IncomingHttpHeaders): boolean {
  return authorization !== undefined && /^basic /i.test(authorization);
}

/** At the first separator; undefined, where there is none, for what comes after it. */
function split(text: string, separator: string): [before: string, after?: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
