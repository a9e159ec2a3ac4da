/**
 * A page of another site must not use the service through its reader's browser. Where a key comes in a header of its own,
 * it cannot: only CORS lets a page send one. But a service that asks for no key takes whatever the browser sends for its
 * owner's; and so does one to which the browser sends a password by itself.
 */
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { TrainyardError } from '../../errors.js';
import { isLoopback } from '../../lib/loopback.js';
import { hasBasicCredential } from './credentials.js';
import type { CorsOrigins } from './cross-origin.js';

export interface ForeignPages {
  /** Whether nobody needs a key. */
  isAnonymous: () => boolean;
  /** By which names such a service may be asked, besides addresses and those of its own machine. */
  anonymousHosts: '*' | readonly string[];
  corsOrigins: CorsOrigins;
}

export function refuseForeignPages(
  app: FastifyInstance,
  { isAnonymous, anonymousHosts, corsOrigins }: ForeignPages,
): void {
  const mayAsk = (origin: string): boolean => corsOrigins === '*' || corsOrigins.includes(origin);

  const mayBeAskedAs = (host: string): boolean => {
    if (anonymousHosts === '*' || host === '') return true;
    const name = withoutPort(host).toLowerCase();
    return isLoopback(name) || isAddress(name) || anonymousHosts.includes(name);
  };

  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const { origin, host = '' } = headers;
    const anonymous = isAnonymous();
    const isForeign = origin !== undefined && hostOf(origin) !== host.toLowerCase();
    if (isForeign && (anonymous ? !mayAsk(origin) : hasBasicCredential(headers))) {
      done(
        refusal(
          `A page of ${origin} may not ask ${host}: add the origin to CORS_ORIGINS, and send keys as Bearer.`,
        ),
      );
    } else if (anonymous && !mayBeAskedAs(host)) {
      // The name of a site whose owner lets it lead here, so that its pages are of one origin with this service.
      done(
        refusal(
          `Without keys this service is asked as localhost or by its address, not as ${host}: ` +
            'ask so, add the name to ALLOWED_HOSTS, or make keys.',
        ),
      );
    } else {
      done();
    }
  });
}

/** With the port, as in `Host`; `null`, an origin that is nobody's, is no host. */
function hostOf(origin: string): string {
  return origin.replace(/^https?:\/\//i, '').toLowerCase();
}

function withoutPort(host: string): string {
  return host.replace(/:\d*$/, '');
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function refusal(message: string): TrainyardError {
  return new TrainyardError('ORIGIN_REFUSED', message);
}
