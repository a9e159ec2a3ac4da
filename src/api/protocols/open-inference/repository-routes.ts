/**
 * The model repository extension: lists the models, and loads and unloads them.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
 */
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { preValidationHookHandler } from 'fastify';
import { component } from '../../../lib/named-schema.js';
import { TrainyardError, type ErrorCode } from '../../../errors.js';
import type { ModelServer } from '../../../model/serving/model-server.js';
import type { Registry } from '../../../model/registry/registry.js';
import { refuseImpossibleName } from '../../models/find-version.js';
import { statesOf, type VersionState } from '../../models/version-status.js';
import { ModelPath } from './version-path.js';

const RepositoryIndexRequest = component(
  'RepositoryIndexRequest',
  Type.Object(
    {
      ready: Type.Optional(
        Type.Boolean({ default: false, description: 'Whether to list only versions that are ready.' }),
      ),
    },
    { additionalProperties: false, description: 'What to list.', examples: [{ ready: true }] },
  ),
);

const RepositoryIndex = component(
  'RepositoryIndex',
  Type.Array(
    Type.Object({
      name: Type.String(),
      version: Type.String(),
      state: Type.Unsafe<'READY' | 'LOADING' | 'UNAVAILABLE'>({
        type: 'string',
        enum: ['READY', 'LOADING', 'UNAVAILABLE'],
      }),
      reason: Type.String({
        description:
          'Why the version is not ready, or why it is held: then it answers by its number only. Otherwise empty.',
      }),
    }),
    {
      description: 'Every published version of every model.',
      examples: [[{ name: 'mnist-mlp', version: '1', state: 'READY', reason: '' }]],
    },
  ),
);

const LoadRequest = component(
  'LoadRequest',
  Type.Object(
    {
      parameters: Type.Optional(
        Type.Unsafe<Record<string, unknown>>({
          type: 'object',
          description: '`config` and `file:…` are refused; others are ignored.',
        }),
      ),
    },
    { additionalProperties: false, description: 'May be left out.', examples: [{}] },
  ),
);

const UnloadRequest = component(
  'UnloadRequest',
  Type.Object(
    {
      parameters: Type.Optional(
        Type.Object(
          {
            unload_dependents: Type.Optional(
              Type.Boolean({ description: 'Has no effect, because no model depends on another.' }),
            ),
          },
          { description: 'Unknown ones are ignored.' },
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

export const repositoryComponents = [RepositoryIndex, RepositoryIndexRequest, LoadRequest, UnloadRequest];

export interface RepositoryDeps {
  registry: Pick<Registry, 'versionNumbers' | 'setUnloaded'>;
  modelServer: Pick<ModelServer, 'refresh' | 'status' | 'use'>;
}

const states = {
  ready: 'READY',
  loading: 'LOADING',
  unloaded: 'UNAVAILABLE',
  failed: 'UNAVAILABLE',
} as const satisfies Record<VersionState, string>;

const changing: ErrorCode[] = ['MODEL_NOT_FOUND', 'STORAGE_UNAVAILABLE', 'STORAGE_FULL'];

const empty = { 200: Type.Unsafe<undefined>({ type: 'null', description: 'Done.' }) };

/** The protocol allows an empty body. */
const emptyIsObject: preValidationHookHandler = (request, _reply, done) => {
  request.body ??= {};
  done();
};

export const repositoryRoutes: FastifyPluginCallbackTypebox<RepositoryDeps> = (
  scope,
  { registry, modelServer },
  done,
) => {
  async function setUnloaded(name: string, unloaded: boolean): Promise<void> {
    refuseImpossibleName(name);
    await registry.setUnloaded(name, unloaded);
    await modelServer.refresh(name);
  }

  scope.post(
    '/repository/index',
    {
      config: { access: 'any' },
      preValidation: emptyIsObject,
      schema: {
        operationId: 'indexRepository',
        tags: ['open inference protocol'],
        summary: 'List the models and their versions',
        description:
          'A version is ready if it answers requests, even if the first one has to load it. `reason` says why a ' +
          'version is not ready.',
        body: RepositoryIndexRequest.ref,
        response: { 200: RepositoryIndex.ref },
      },
    },
    async ({ body: { ready = false } }) => {
      await modelServer.refresh();
      const models = await Promise.all(
        modelServer.status().map(async (status) => {
          const versions = statesOf(await registry.versionNumbers(status.model), status);
          return versions.map(({ version, state, reason }) => ({
            name: status.model,
            version: String(version),
            state: states[state],
            reason,
          }));
        }),
      );
      return models.flat().filter(({ state }) => !ready || state === 'READY');
    },
  );

  scope.post(
    '/repository/models/:name/load',
    {
      config: { access: 'admin', problems: [...changing, 'MODEL_NOT_READY', 'MODEL_TOO_LARGE'] },
      preValidation: emptyIsObject,
      schema: {
        operationId: 'loadModel',
        tags: ['open inference protocol'],
        summary: 'Load a model',
        description:
          'Takes effect on every process of the service within a second, until the model is unloaded.',
        params: ModelPath,
        body: LoadRequest.ref,
        response: empty,
      },
    },
    async ({ params: { name }, body: { parameters = {} } }, reply) => {
      const given = Object.keys(parameters).find((key) => key === 'config' || key.startsWith('file:'));
      if (given !== undefined) {
        const message =
          `The parameter ${given.slice(0, 64)} is not supported: a model consists of what has been published under ` +
          'its name.';
        throw new TrainyardError('INVALID_REQUEST', message);
      }
      await setUnloaded(name, false);
      await modelServer.use({ model: name }, () => Promise.resolve());
      return reply.code(200).send();
    },
  );

  scope.post(
    '/repository/models/:name/unload',
    {
      config: { access: 'admin', problems: changing },
      preValidation: emptyIsObject,
      schema: {
        operationId: 'unloadModel',
        tags: ['open inference protocol'],
        summary: 'Unload a model',
        description:
          'Takes effect on every process of the service within a second, and lasts over restarts. Requests under ' +
          'way are answered. Versions published in the meantime are served once the model is loaded again.',
        params: ModelPath,
        body: UnloadRequest.ref,
        response: empty,
      },
    },
    async ({ params: { name } }, reply) => {
      await setUnloaded(name, true);
      return reply.code(200).send();
    },
  );

  done();
};
