/** What the model repository extension sends and answers. */
import Type from 'typebox';
import { component } from '../../../lib/named-schema.js';

export const RepositoryIndexRequest = component(
  'RepositoryIndexRequest',
  Type.Object(
    { ready: Type.Optional(Type.Boolean({ default: false, description: 'Only what is ready.' })) },
    { additionalProperties: false, description: 'What to list.', examples: [{ ready: true }] },
  ),
);

export const RepositoryIndex = component(
  'RepositoryIndex',
  Type.Array(
    Type.Object({
      name: Type.String(),
      version: Type.String(),
      state: Type.Unsafe<'READY' | 'LOADING' | 'UNAVAILABLE'>({
        type: 'string',
        enum: ['READY', 'LOADING', 'UNAVAILABLE'],
      }),
      reason: Type.String({ description: 'Why it is not ready; empty where it is.' }),
    }),
    {
      description: 'Every published version of every model.',
      examples: [[{ name: 'mnist-mlp', version: '1', state: 'READY', reason: '' }]],
    },
  ),
);

export const LoadRequest = component(
  'LoadRequest',
  Type.Object(
    {
      parameters: Type.Optional(
        Type.Unsafe<Record<string, unknown>>({
          type: 'object',
          description: '`config` and `file:…` are refused, others passed over.',
        }),
      ),
    },
    { additionalProperties: false, description: 'May be left out.', examples: [{}] },
  ),
);

export const UnloadRequest = component(
  'UnloadRequest',
  Type.Object(
    {
      parameters: Type.Optional(
        Type.Object(
          {
            unload_dependents: Type.Optional(
              Type.Boolean({ description: 'Makes no difference: no model depends on another.' }),
            ),
          },
          { description: 'Those that are unknown here are passed over.' },
        ),
      ),
    },
    {
      additionalProperties: false,
      description: 'May be left out.',
      examples: [{ parameters: { unload_dependents: false } }],
    },
  ),
);
