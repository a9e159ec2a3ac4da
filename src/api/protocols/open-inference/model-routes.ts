/** The metadata and the readiness of a model. */
import { component } from '../../../lib/named-schema.js';
import Type, { type Static } from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { ModelServer } from '../../../model/serving/model-server.js';
import type { Registry, VersionManifest } from '../../../model/registry/registry.js';
import { logFailure, sendProtocolError } from '../../problems/error-handlers.js';
import { anyQuery } from '../../plugins/query-strings.js';
import { statusOf } from '../../problems/problem.js';
import { findVersion, type VersionLookup } from '../../models/find-version.js';
import { inputName } from './array-input.js';
import { datatypeOfColumn } from './column-inputs.js';
import { outputsOf } from './output-tensors.js';
import { choiceOf, paths } from './version-path.js';

const Tensor = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer(), { description: '-1 stands for any size.' }),
});

const ModelMetadata = component(
  'ModelMetadata',
  Type.Object(
    {
      name: Type.String(),
      versions: Type.Array(Type.String(), { description: 'The versions that requests may name.' }),
      platform: Type.String(),
      inputs: Type.Array(Tensor, {
        description: 'One tensor, or one for each column of a table. Other datatypes are accepted too.',
      }),
      outputs: Type.Array(Tensor),
      properties: Type.Object(
        {
          labels: Type.Optional(
            Type.String({
              description: 'Class names, by class index, as JSON; not of models that predict values.',
            }),
          ),
        },
        { description: 'All values are strings.' },
      ),
    },
    {
      description: 'The inputs and the outputs of a model.',
      examples: [
        {
          name: 'mnist-mlp',
          versions: ['1'],
          platform: 'trainyard_mlp',
          inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 784] }],
          outputs: [
            { name: 'probabilities', datatype: 'FP32', shape: [-1, 10] },
            { name: 'class', datatype: 'INT64', shape: [-1] },
          ],
          properties: { labels: '["0","1","2","3","4","5","6","7","8","9"]' },
        },
      ],
    },
  ),
);

const ModelReadiness = component(
  'ModelReadiness',
  Type.Object(
    { name: Type.String(), ready: Type.Boolean() },
    { description: 'Whether a model can answer.', examples: [{ name: 'mnist-mlp', ready: true }] },
  ),
);

export const modelMetadataComponents = [ModelMetadata, ModelReadiness];

export interface ModelMetadataDeps extends VersionLookup {
  registry: VersionLookup['registry'] & Pick<Registry, 'versionNumbers'>;
  modelServer: Pick<ModelServer, 'use'>;
}

export const platform = 'trainyard_mlp';

/** The inputs of a model: one tensor, or one for each column of a table; -1 stands for the number of samples. */
export function inputsOf({ network, table }: VersionManifest): Static<typeof Tensor>[] {
  if (table === undefined) return [{ name: inputName, datatype: 'FP32', shape: [-1, network.inputs] }];
  return table.columns.map(({ name, format }) => ({
    name,
    datatype: datatypeOfColumn(format),
    shape: [-1, 1],
  }));
}

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
          summary: 'Get the inputs and the outputs of a model',
          description: 'Its tensors, and the versions that requests may name, loaded or not.',
          params,
          response: { 200: ModelMetadata.ref },
        },
      },
      async ({ params: asked }) => {
        const manifest = await findVersion({ registry, aliases }, asked.name, choiceOf(asked));
        const { head } = manifest;
        const versions = await registry.versionNumbers(asked.name);
        return {
          name: asked.name,
          versions: versions.map(String),
          platform,
          inputs: inputsOf(manifest),
          outputs: outputsOf(head),
          properties: head.kind === 'classes' ? { labels: JSON.stringify(head.labels) } : {},
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
          summary: 'Check that a model can answer',
          description: 'Loads the version first if it is not loaded.',
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
          const failure = logFailure(error, request, reply);
          const isThere = statusOf(failure.code) !== 404;
          return sendProtocolError(reply, failure, isThere ? { name, ready: false } : {});
        }
      },
    );
  }
  done();
};
