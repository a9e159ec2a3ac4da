/** Sets, removes and rolls back the aliases of versions. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Alias, Aliases } from '../../model/registry/aliases.js';
import type { ModelServer } from '../../model/serving/model-server.js';
import { AliasParams, ModelAlias, ModelAliasRequest, ModelParams } from './model-schemas.js';

export const aliasComponents = [ModelAlias, ModelAliasRequest];

export interface AliasDeps {
  aliases: Pick<Aliases, 'set' | 'remove' | 'rollBack'>;
  modelServer: Pick<ModelServer, 'refresh'>;
}

const writing = ['STORAGE_UNAVAILABLE', 'STORAGE_FULL'] as const;

export const aliasRoutes: FastifyPluginCallbackTypebox<AliasDeps> = (app, { aliases, modelServer }, done) => {
  app.put(
    '/v1/models/:name/aliases/:alias',
    {
      config: {
        access: 'admin',
        problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'CHECKPOINT_CORRUPT', ...writing],
      },
      schema: {
        operationId: 'setModelAlias',
        tags: ['models'],
        summary: 'Point an alias at a version',
        description:
          'Predictions that name the alias are answered from that version, on every process of the service within ' +
          'a second. Setting `latest` pins the model: it stays at that version whatever is published.',
        params: AliasParams,
        body: ModelAliasRequest.ref,
        response: { 200: ModelAlias.ref },
      },
    },
    async ({ params: { name, alias }, body: { version } }) => {
      const set = await aliases.set(name, alias, version);
      await modelServer.refresh(name);
      return aliasView(name, set);
    },
  );

  app.delete(
    '/v1/models/:name/aliases/:alias',
    {
      config: { access: 'admin', problems: ['ALIAS_NOT_FOUND', ...writing] },
      schema: {
        operationId: 'removeModelAlias',
        tags: ['models'],
        summary: 'Remove an alias',
        description: 'Removing `latest` makes the model follow publication again.',
        params: AliasParams,
        response: { 204: { description: 'The alias is removed.', type: 'null' } },
      },
    },
    async ({ params: { name, alias } }, reply) => {
      await aliases.remove(name, alias);
      await modelServer.refresh(name);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/models/:name/rollback',
    {
      config: {
        access: 'admin',
        problems: [
          'MODEL_NOT_FOUND',
          'VERSION_NOT_FOUND',
          'MODEL_NOT_READY',
          'CHECKPOINT_CORRUPT',
          ...writing,
        ],
      },
      schema: {
        operationId: 'rollBackModel',
        tags: ['models'],
        summary: 'Go back to the previous version',
        description:
          'Sets `latest` to the newest good version before the current one. The model stays there until `latest` ' +
          'is set again or removed.',
        params: ModelParams,
        response: { 200: ModelAlias.ref },
      },
    },
    async ({ params: { name } }) => {
      const set = await aliases.rollBack(name);
      await modelServer.refresh(name);
      return aliasView(name, set);
    },
  );

  done();
};

function aliasView(model: string, { alias, version, updated_at }: Alias) {
  return { object: 'model_alias' as const, model, alias, version, updated_at };
}
