/** Keys as the API shows them. */
import Type from 'typebox';
import { scopes } from '../../keys/key.js';
import { component, listOf, nullable } from '../../lib/named-schema.js';

const Scopes = Type.Array(Type.Enum([...scopes], { type: 'string' }), {
  description: 'What the key allows; `admin` includes the others.',
});

const keyName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[^\\p{C}]+$',
  description: 'What the key is for.',
});

const time = (description: string) => Type.String({ format: 'date-time', description });

const keyProperties = {
  object: Type.Literal('key'),
  id: Type.String({ description: 'It is a part of the key, and no secret.' }),
  name: nullable(Type.String({ description: 'What the key is for; null where it is damaged.' })),
  scopes: Scopes,
  status: Type.Enum(['valid', 'expired', 'revoked', 'damaged'], {
    type: 'string',
    description: 'Only valid keys are accepted.',
  }),
  requests_per_minute: nullable(Type.Integer({ description: 'null: any number.' })),
  created_at: nullable(time('null where the key is damaged.')),
  expires_at: nullable(time('null: never.')),
  revoked_at: nullable(Type.String({ description: 'null: it is not revoked.' })),
  last_used_at: nullable(
    time('When the process that answers last accepted it; null: not since the process started.'),
  ),
};

const keyExample = {
  object: 'key' as const,
  id: 'k3v9x2m7c5wd',
  name: 'nightly training',
  scopes: ['train' as const],
  status: 'valid' as const,
  requests_per_minute: null,
  created_at: '2026-01-02T03:04:05.678Z',
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};

export const ApiKey = component(
  'ApiKey',
  Type.Object(keyProperties, { description: 'A key, without its secret.' }),
);

export const ApiKeyList = component('ApiKeyList', listOf(ApiKey, 'All keys, the newest first.', keyExample));

export const NewApiKey = component(
  'NewApiKey',
  Type.Object(
    {
      ...keyProperties,
      key: Type.String({ description: 'The key itself. It is shown this once: only its hash is kept.' }),
      note: nullable(
        Type.String({ description: 'What changes with this key, for people; null where nothing else does.' }),
      ),
    },
    {
      description: 'A key that was just made.',
      examples: [
        { ...keyExample, key: 'ty_k3v9x2m7c5wd_XUYfFbsDhFOZ0OQf0Jr7S6mW4hK0iVdTn2b8yqj1c9E', note: null },
      ],
    },
  ),
);

export const ApiKeyRequest = component(
  'ApiKeyRequest',
  Type.Object(
    {
      name: keyName,
      scopes: Type.Array(Type.Enum([...scopes], { type: 'string' }), {
        minItems: 1,
        maxItems: scopes.length,
        description: 'What the key allows; `admin` includes the others.',
      }),
      requests_per_minute: Type.Optional(
        Type.Union([Type.Integer({ minimum: 1, maximum: 9_999_999 }), Type.Null()], {
          description: 'How many requests a minute it allows; null or left out: any number.',
        }),
      ),
      expires_at: Type.Optional(
        Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
          description: 'When it expires, in the future; null or left out: never.',
        }),
      ),
    },
    {
      additionalProperties: false,
      description: 'A key to make.',
      examples: [{ name: 'operator', scopes: ['admin'] }],
    },
  ),
);

export const CurrentApiKey = component(
  'CurrentApiKey',
  Type.Object(
    {
      object: Type.Literal('current_key'),
      anonymous: Type.Boolean({ description: 'Whether nobody needs a key, because none has been made.' }),
      id: nullable(Type.String()),
      name: nullable(Type.String()),
      scopes: Scopes,
      requests_per_minute: nullable(Type.Integer({ description: 'null: any number.' })),
    },
    {
      description: 'The key of this request; `id` and `name` are null where nobody needs one.',
      examples: [
        {
          object: 'current_key',
          anonymous: false,
          id: keyExample.id,
          name: keyExample.name,
          scopes: ['train'],
          requests_per_minute: null,
        },
      ],
    },
  ),
);

export const KeyParams = Type.Object({
  id: Type.String({ description: 'The id of the key.', examples: [keyExample.id] }),
});
