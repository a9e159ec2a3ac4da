/**
 * The model configuration extension: describes a model in the form of Triton's configuration, for its tools.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_configuration.md
 */
import { component } from '../../../lib/named-schema.js';
import Type from 'typebox';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { VersionManifest } from '../../../model/registry/registry.js';
import { findVersion, type VersionLookup } from '../../models/find-version.js';
import { mostSamples } from '../../predictions/prediction-schemas.js';
import { inputsOf, platform } from './model-routes.js';
import { outputsOf } from './output-tensors.js';
import { choiceOf, paths } from './version-path.js';

const Tensor = Type.Object(
  {
    name: Type.String(),
    data_type: Type.String(),
    dims: Type.Array(Type.Integer(), { description: 'Dimensions of one sample.' }),
  },
  { additionalProperties: true },
);

const ModelConfig = component(
  'ModelConfig',
  Type.Unsafe<Record<string, unknown>>(
    Type.Object(
      {
        name: Type.String(),
        platform: Type.String(),
        backend: Type.String(),
        max_batch_size: Type.Integer({ description: 'The most samples in a request.' }),
        input: Type.Array(Tensor),
        output: Type.Array(Tensor),
      },
      {
        additionalProperties: true,
        description: 'A model in the form of Triton’s ModelConfig message.',
        examples: [
          {
            name: 'mnist-mlp',
            platform: 'trainyard_mlp',
            backend: 'trainyard',
            version_policy: { all: {} },
            max_batch_size: 1024,
            input: [{ name: 'input', data_type: 'TYPE_FP32', dims: [784] }],
            output: [
              { name: 'probabilities', data_type: 'TYPE_FP32', dims: [10] },
              { name: 'class', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] } },
            ],
          },
        ],
      },
    ),
  ),
);

export const modelConfigComponents = [ModelConfig];

export const modelConfigRoutes: FastifyPluginCallbackTypebox<VersionLookup> = (scope, published, done) => {
  for (const { suffix, path, params } of paths) {
    scope.get(
      `${path}/config`,
      {
        config: {
          access: 'any',
          problems: ['MODEL_NOT_FOUND', 'VERSION_NOT_FOUND', 'ALIAS_NOT_FOUND', 'CHECKPOINT_CORRUPT'],
        },
        schema: {
          operationId: `getInferenceModel${suffix}Config`,
          tags: ['open inference protocol'],
          summary: 'Get a model as a Triton configuration',
          description: 'Its tensors without the axis of samples, and how requests are batched.',
          params,
          response: { 200: ModelConfig.ref },
        },
      },
      async ({ params: asked }) => configOf(await findVersion(published, asked.name, choiceOf(asked))),
    );
  }
  done();
};

function configOf(manifest: VersionManifest) {
  const { model, head } = manifest;
  return {
    name: model,
    platform,
    backend: 'trainyard',
    version_policy: { all: {} },
    max_batch_size: mostSamples,
    input: inputsOf(manifest).map((tensor) => ({
      ...tensorOf(tensor),
      format: 'FORMAT_NONE',
      allow_ragged_batch: false,
      optional: false,
    })),
    output: outputsOf(head).map((tensor) => ({ ...tensorOf(tensor), label_filename: '' })),
    dynamic_batching: { max_queue_delay_microseconds: 0 },
    instance_group: [{ name: `${model}_0`, kind: 'KIND_AUTO', count: 1, gpus: [] }],
    model_transaction_policy: { decoupled: false },
    parameters: {},
  };
}

/** Without the axis of samples. Triton writes a missing dimension as one that is reshaped away. */
function tensorOf({ name, datatype, shape: [, ...dims] }: ReturnType<typeof inputsOf>[number]) {
  return {
    name,
    data_type: datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`,
    ...(dims.length > 0 ? { dims } : { dims: [1], reshape: { shape: [] } }),
    is_shape_tensor: false,
  };
}
