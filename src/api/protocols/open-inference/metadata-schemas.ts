/** What the Open Inference Protocol answers of servers and models. */
import Type from 'typebox';
import { component } from '../../../lib/named-schema.js';

export const ServerMetadata = component(
  'ServerMetadata',
  Type.Object(
    {
      name: Type.String(),
      version: Type.String(),
      extensions: Type.Array(Type.String(), { description: 'As Triton names them.' }),
    },
    {
      description: 'What the server is.',
      examples: [
        {
          name: 'trainyard',
          version: '0.1.0',
          extensions: [
            'binary_tensor_data',
            'classification',
            'model_configuration',
            'model_repository',
            'statistics',
          ],
        },
      ],
    },
  ),
);

export const ServerLiveness = component(
  'ServerLiveness',
  Type.Object({ live: Type.Boolean() }, { description: 'The process answers.', examples: [{ live: true }] }),
);

export const ServerReadiness = component(
  'ServerReadiness',
  Type.Object(
    {
      live: Type.Boolean({ description: 'So the protocol calls it here too.' }),
      ready: Type.Boolean(),
      warnings: Type.Optional(
        Type.Array(Type.String(), {
          description: 'What is wrong with single models and should be put right.',
        }),
      ),
    },
    { description: 'Whether all models answer.', examples: [{ live: true, ready: true }] },
  ),
);

const Tensor = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer(), { description: '-1: of any size.' }),
});

export const ModelMetadata = component(
  'ModelMetadata',
  Type.Object(
    {
      name: Type.String(),
      versions: Type.Array(Type.String(), { description: 'That may be asked for.' }),
      platform: Type.String(),
      inputs: Type.Array(Tensor, { description: 'Other datatypes are taken too, and rounded to FP32.' }),
      outputs: Type.Array(Tensor),
      properties: Type.Object(
        { labels: Type.String({ description: 'Class names, by class index, as JSON.' }) },
        { description: 'Texts.' },
      ),
    },
    {
      description: 'What a model takes and gives.',
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

export const ModelReadiness = component(
  'ModelReadiness',
  Type.Object(
    { name: Type.String(), ready: Type.Boolean() },
    { description: 'Whether a model answers.', examples: [{ name: 'mnist-mlp', ready: true }] },
  ),
);
