/** What a model takes and gives, and whether it answers. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { labelsOf } from '../../../model/heads/head.js';
import type { ModelServer } from '../../../model/serving/model-server.js';
import type { Registry } from '../../../model/registry/registry.js';
import { noteFailure } from '../../problems/problem-details.js';
import { anyQuery } from '../../plugins/query-strings.js';
import { statusOf } from '../../problems/problem.js';
import { manifestOf, type Published } from '../../models/published.js';
import { sendErrorBody } from '../../problems/error-body.js';
import { inputName } from './input-tensor.js';
import { ModelMetadata, ModelReadiness } from './metadata-schemas.js';
import { choiceOf, paths } from './version-path.js';

export interface ModelMetadataDeps extends Published {
  registry: Published['registry'] & Pick<Registry, 'versionNumbers'>;
  modelServer: Pick<ModelServer, 'use'>;
}

export const platform = 'trainyard_mlp';

export const modelMetadataRoutes: FastifyPluginCallbackTypebox<ModelMetadataDeps> = (
  scope,
  { registry, aliases, modelServer },
  done,
) => {
  for (const { suffix, path, params } of paths) {
    scope.get(
      path,
      {
        config: {
          access: 'any',
          problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'ALIAS_NOT_FOUND', 'CHECKPOINT_CORRUPT'],
        },
        schema: {
          operationId: `getInferenceModel${suffix}`,
          tags: ['open inference protocol'],
          summary: 'Look at what a model takes and gives',
          description: 'Its tensors, and the versions that may be asked for, whether they are loaded or not.',
          params,
          response: { 200: ModelMetadata.ref },
        },
      },
      async ({ params: asked }) => {
        const { network, head } = await manifestOf({ registry, aliases }, asked.name, choiceOf(asked));
        const versions = await registry.versionNumbers(asked.name);
        return {
          name: asked.name,
          versions: versions.map(String),
          platform,
          inputs: [{ name: inputName, datatype: 'FP32', shape: [-1, network.inputs] }],
          outputs: [
            { name: 'probabilities', datatype: 'FP32', shape: [-1, network.outputs] },
            { name: 'class', datatype: 'INT64', shape: [-1] },
          ],
          properties: { labels: JSON.stringify(labelsOf(head)) },
        };
      },
    );

    scope.get(
      `${path}/ready`,
      {
        logLevel: 'warn',
        config: {
          access: 'any',
          problems: [
            'MODEL_NOT_FOUND',
            'VERSION_NOT_FOUND',
            'ALIAS_NOT_FOUND',
            'MODEL_NOT_READY',
            'CHECKPOINT_CORRUPT',
          ],
        },
        schema: {
          operationId: `getInferenceModel${suffix}Readiness`,
          tags: ['open inference protocol'],
          summary: 'Does a model answer',
          description: 'A version that is not loaded is loaded for it.',
          params,
          querystring: anyQuery,
          response: { 200: ModelReadiness.ref },
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        try {
          await modelServer.use(choiceOf(request.params), () => Promise.resolve());
          return { name, ready: true };
        } catch (error) {
          const failure = noteFailure(error, request, reply);
          const isThere = statusOf(failure.code) !== 404;
          return sendErrorBody(reply, failure, isThere ? { name, ready: false } : {});
        }
      },
    );
  }
  done();
};
