/**
 * Which key may use which route. Each route says so in its `config.access`; a route that says nothing takes an `admin` key,
 * so that a forgotten one is closed. This is decided before the body is read. Without keys everyone may use everything.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Scope } from '../../keys/key.js';
import { TrainyardError } from '../../errors.js';
import type { Key, KeyRing } from '../../keys/key-ring.js';
import { credentialOf } from './credentials.js';

/** `public`: everyone who reaches the service. `any`: every key. Otherwise: keys with that scope. */
export type Access = 'public' | 'any' | Scope;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The key of the request; null when nobody needs one. */
    key: Key | null;
  }
}

export type Keys = Pick<KeyRing, 'isConfigured' | 'verify' | 'stillAdmits' | 'look' | 'lastUsed'>;

export function useKeys(app: FastifyInstance, keys: Keys | undefined): void {
  app.decorateRequest('key', null);

  app.addHook('onRoute', ({ method, url, schema, config }) => {
    if (schema?.operationId !== undefined && config?.access === undefined) {
      throw new Error(`${String(method)} ${url} does not say in config.access who may use it`);
    }
  });

  app.addHook('onRequest', (request, reply, done) => {
    if (!keys?.isConfigured) {
      done();
      return;
    }
    const { access = 'admin' } = request.routeOptions.config;
    if (access === 'public') {
      done();
      return;
    }
    const credential = credentialOf(request.headers);
    const verdict = credential === undefined ? { refusal: howToSend } : keys.verify(credential);
    if (!('key' in verdict)) {
      reply.header('www-authenticate', challengesFor(request, credential));
      done(new TrainyardError('UNAUTHORIZED', verdict.refusal));
      return;
    }
    request.key = verdict.key;
    if (allows(verdict.key, access)) done();
    else done(new TrainyardError('FORBIDDEN', missing(access, verdict.key)));
  });
}

/** Sets the access of all routes of the scope, for routes that packages bring. */
export function useAccess(scope: FastifyInstance, access: Access): void {
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, access };
  });
}

const howToSend = 'Send a key: Authorization: Bearer ty_…, or X-API-Key: ty_…; npm run keys makes one.';

/**
 * Offering Basic makes a browser ask its user for a password. That is wanted for a page, but not for what a page loads.
 */
function challengesFor({ headers }: FastifyRequest, credential: string | undefined): string[] {
  const bearer = `Bearer realm="Trainyard"${credential === undefined ? '' : ', error="invalid_token"'}`;
  return headers.accept?.includes('text/html')
    ? [bearer, 'Basic realm="Trainyard", charset="UTF-8"']
    : [bearer];
}

function allows({ scopes }: Key, access: Exclude<Access, 'public'>): boolean {
  return access === 'any' || scopes.includes(access) || scopes.includes('admin');
}

function missing(access: Access, { id, scopes }: Key): string {
  return `This requires a key with the scope ${access}; the key ${id} has ${scopes.join(', ')}.`;
}
