/**
 * Stops pages of other sites from using the service through their reader's browser. A key in a header is safe, because
 * only CORS lets a page send one. But a service without keys, or one whose password the browser sends on its own,
 * cannot tell such a request from its owner's.
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
  /** The host names that requests to such a service may use, besides addresses and the names of this machine. */
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
          `A page of ${origin} may not use ${host}. Add the origin to CORS_ORIGINS, and send keys as Bearer.`,
        ),
      );
    } else if (anonymous && !mayBeAskedAs(host)) {
      // Another site's name may resolve to this service, so that its pages and this service have one origin (DNS
      // rebinding).
      done(
        refusal(
          `A service without keys must be reached as localhost or by address, not as ${host}. Use one of these, ` +
            'add the name to ALLOWED_HOSTS, or make keys.',
        ),
      );
    } else {
      done();
    }
  });
}

/** With the port, as in `Host`. The origin `null` has no host. */
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
