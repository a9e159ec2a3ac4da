/** Reads the key of a request: from `X-API-Key`, `Authorization: Bearer`, or the password of HTTP Basic. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** Undefined when no key was sent. */
export function credentialOf(headers: IncomingHttpHeaders): string | undefined {
  // Checked first, because `Authorization` may be meant for a proxy.
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

/** The key, to divide limited resources among holders; undefined when nobody needs a key. */
export function holderOf({ key, headers }: FastifyRequest): string | undefined {
  return key === null ? undefined : credentialOf(headers);
}

/** Once its user has typed in a password, a browser sends it on its own, whichever page makes the request. */
export function hasBasicCredential({ authorization }: IncomingHttpHeaders): boolean {
  return authorization !== undefined && /^basic /i.test(authorization);
}

/** Splits at the first separator. Without one, the second part is missing. */
function split(text: string, separator: string): [before: string, after?: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
