/**
 * The model configuration extension: a model as a configuration of Triton describes it, for its tools.
 * https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_configuration.md
 */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { VersionManifest } from '../../../model/registry/registry.js';
import { manifestOf, type Published } from '../../models/published.js';
import { mostSamples } from '../../predictions/prediction-schemas.js';
import { ModelConfig } from './extension-schemas.js';
import { inputName } from './input-tensor.js';
import { platform } from './models.js';
import { choiceOf, paths } from './version-path.js';

export const modelConfigRoutes: FastifyPluginCallbackTypebox<Published> = (scope, published, done) => {
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
          summary: 'Look at a model as a configuration of Triton',
          description: 'Its tensors without the axis of samples, and how its requests are gathered.',
          params,
          response: { 200: ModelConfig.ref },
        },
      },
      async ({ params: asked }) => configOf(await manifestOf(published, asked.name, choiceOf(asked))),
    );
  }
  done();
};

function configOf({ model, network }: VersionManifest) {
  const tensor = { is_shape_tensor: false };
  return {
    name: model,
    platform,
    backend: 'trainyard',
    version_policy: { all: {} },
    max_batch_size: mostSamples,
    input: [
      {
        name: inputName,
        data_type: 'TYPE_FP32',
        format: 'FORMAT_NONE',
        dims: [network.inputs],
        ...tensor,
        allow_ragged_batch: false,
        optional: false,
      },
    ],
    output: [
      {
        name: 'probabilities',
        data_type: 'TYPE_FP32',
        dims: [network.outputs],
        label_filename: '',
        ...tensor,
      },
      // A number for each sample: Triton writes no dimension as one that is reshaped away.
      {
        name: 'class',
        data_type: 'TYPE_INT64',
        dims: [1],
        reshape: { shape: [] },
        label_filename: '',
        ...tensor,
      },
    ],
    dynamic_batching: { max_queue_delay_microseconds: 0 },
    instance_group: [{ name: `${model}_0`, kind: 'KIND_AUTO', count: 1, gpus: [] }],
    model_transaction_policy: { decoupled: false },
    parameters: {},
  };
}
