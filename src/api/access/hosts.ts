/**
 * Refuses requests with an invalid Host, or more than one (RFC 9112, section 3.2): Node keeps the first, but a proxy
 * may have used the second.
 */
import type { FastifyInstance } from 'fastify';
import { TrainyardError } from '../../errors.js';

/** A name, an IPv4 address or an IPv6 address in brackets, with an optional port. Empty if the client knows none. */
const hostPattern = /^(?:[\w.~-]*|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

export function refuseDoubtfulHosts(app: FastifyInstance): void {
  app.addHook('onRequest', ({ headers: { host = '' }, raw: { rawHeaders } }, _reply, done) => {
    if (countOfHosts(rawHeaders) > 1) done(refusal('The request has more than one Host header; send one.'));
    else if (!hostPattern.test(host))
      done(refusal('The Host header is not a name or an address with a port.'));
    else done();
  });
}

/** `rawHeaders` alternates names and values. */
function countOfHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

function refusal(message: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message);
}
