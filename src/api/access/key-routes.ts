/** Lists, makes and revokes keys, and says whose key a request has. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { TrainyardError } from '../../errors.js';
import { scopes } from '../../keys/key.js';
import type { KeyAdministration, KnownKey } from '../../keys/key-administration.js';
import { ApiKey, ApiKeyList, ApiKeyRequest, CurrentApiKey, KeyParams, NewApiKey } from './key-schemas.js';

export const keyComponents = [ApiKey, ApiKeyList, ApiKeyRequest, CurrentApiKey, NewApiKey];

export interface KeyDeps {
  keyAdministration: KeyAdministration;
}

const writing = ['STORAGE_UNAVAILABLE', 'STORAGE_FULL'] as const;

const closed =
  'This is the first key. From now on the service answers only requests that come with a key. Keep it, and send it as ' +
  'Authorization: Bearer.';

export const keyRoutes: FastifyPluginCallbackTypebox<KeyDeps> = (app, { keyAdministration: keys }, done) => {
  app.get(
    '/v1/keys',
    {
      config: { access: 'admin', problems: ['STORAGE_UNAVAILABLE'] },
      schema: {
        operationId: 'listKeys',
        tags: ['keys'],
        summary: 'List the keys, newest first',
        description:
          'Revoked and expired keys are listed too. The keys themselves are not kept, only their hashes.',
        response: { 200: ApiKeyList.ref },
      },
    },
    async () => ({ object: 'list' as const, data: (await keys.list()).map(viewOf), has_more: false }),
  );

  app.get(
    '/v1/keys/current',
    {
      config: { access: 'any' },
      schema: {
        operationId: 'getCurrentKey',
        tags: ['keys'],
        summary: 'Say whose key this request has',
        description: 'With it a client finds out what it may do, and whether the service needs keys at all.',
        response: { 200: CurrentApiKey.ref },
      },
    },
    ({ key }) => {
      const { id, name, requestsPerMinute } = key ?? { id: null, name: null, requestsPerMinute: null };
      return {
        object: 'current_key' as const,
        anonymous: key === null,
        id,
        name,
        scopes: [...(key?.scopes ?? scopes)],
        requests_per_minute: requestsPerMinute,
      };
    },
  );

  app.post(
    '/v1/keys',
    {
      config: { access: 'admin', problems: [...writing] },
      schema: {
        operationId: 'createKey',
        tags: ['keys'],
        summary: 'Make a key',
        description:
          'The answer shows the key; it is never shown again. While the service has no keys, anybody may make the ' +
          'first one, which must have the scope `admin`. From then on every request needs a key. All processes of ' +
          'the service know a new key within a second.',
        body: ApiKeyRequest.ref,
        response: {
          201: {
            description: 'The key was made.',
            content: { 'application/json': { schema: NewApiKey.ref } },
          },
        },
      },
    },
    async ({ body, key: own, log }, reply) => {
      const now = new Date();
      const { key, text, isFirst } = await keys.create(
        {
          name: body.name,
          scopes: scopes.filter((scope) => body.scopes.includes(scope)),
          requestsPerMinute: body.requests_per_minute ?? null,
          expiresAt: expiryOf(body, now),
        },
        { isAnonymous: own === null },
      );
      log.info({ key: key.id, name: key.name, scopes: key.scopes, first: isFirst }, 'key made');
      const made = viewOf({ id: key.id, status: 'valid', key, lastUsed: null });
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...made, key: text, note: isFirst ? closed : null });
    },
  );

  app.delete(
    '/v1/keys/:id',
    {
      config: { access: 'admin', problems: ['KEY_NOT_FOUND', 'LAST_ADMIN_KEY', ...writing] },
      schema: {
        operationId: 'revokeKey',
        tags: ['keys'],
        summary: 'Revoke a key for ever',
        description:
          'All processes of the service refuse it within a second. It stays in the list. The last valid key with ' +
          'the scope `admin` cannot be revoked here; `npm run keys -- revoke` does it.',
        params: KeyParams,
        response: { 204: { description: 'The key is revoked.', type: 'null' } },
      },
    },
    async ({ params: { id }, log }, reply) => {
      await keys.revoke(id);
      log.info({ key: id }, 'key revoked');
      return reply.code(204).send(null);
    },
  );

  done();
};

/** @throws TrainyardError INVALID_REQUEST for a time that has passed */
function expiryOf({ expires_at }: Static<typeof ApiKeyRequest.schema>, now: Date): Date | null {
  if (expires_at === undefined || expires_at === null) return null;
  const expiry = new Date(expires_at);
  if (expiry > now) return expiry;
  throw new TrainyardError(
    'INVALID_REQUEST',
    `expires_at must be in the future; it is ${now.toISOString()} now.`,
    {
      pointer: '/expires_at',
    },
  );
}

function viewOf({ id, status, key, lastUsed }: KnownKey): Static<typeof ApiKey.schema> {
  return {
    object: 'key',
    id,
    name: key?.name ?? null,
    scopes: key?.scopes ?? [],
    status,
    requests_per_minute: key?.requests_per_minute ?? null,
    created_at: key?.created_at ?? null,
    expires_at: key?.expires_at ?? null,
    revoked_at: key?.revoked_at ?? null,
    last_used_at: lastUsed?.toISOString() ?? null,
  };
}
