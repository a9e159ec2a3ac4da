/**
 * A page of another site must not use the service through its reader's browser. Where a key comes in a header of its own,
 * it cannot: only CORS lets a page send one. But a service that asks for no key takes whatever the browser sends for its
 * owner's; and so does one to which the browser sends a password by itself.
 */
import type { FastifyInstance } from 'fastify';
import { TrainyardError } from '../../errors.js';
import { isLoopback } from '../../loopback.js';
import { hasBasicCredential } from '../credentials.js';
import type { CorsOrigins } from './cross-origin.js';

export interface ForeignPages {
  /** Whether nobody needs a key. */
  isAnonymous: () => boolean;
  /** Whether such a service is for its own machine only. */
  loopbackOnly: boolean;
  corsOrigins: CorsOrigins;
}

export function refuseForeignPages(
  app: FastifyInstance,
  { isAnonymous, loopbackOnly, corsOrigins }: ForeignPages,
): void {
  const mayAsk = (origin: string): boolean => corsOrigins === '*' || corsOrigins.includes(origin);

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
    } else if (anonymous && loopbackOnly && host !== '' && !isLoopback(withoutPort(host))) {
      // The name of a site whose owner lets it lead here, so that its pages are of one origin with this service.
      done(refusal(`Without keys this service is asked as localhost or 127.0.0.1, not as ${host}.`));
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

function refusal(message: string): TrainyardError {
  return new TrainyardError('ORIGIN_REFUSED', message);
}
