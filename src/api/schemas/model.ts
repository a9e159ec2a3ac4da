/** Published models and their versions as they are answered. */
import Type from 'typebox';
import { component, listOf } from './component.js';
import { Network, networkExample } from './network.js';

const modelProperties = {
  object: Type.Literal('model'),
  name: Type.String(),
  latest_version: Type.Integer({ description: 'The version that `POST /predict` answers from.' }),
  version_count: Type.Integer({ description: 'How many versions have been published.' }),
  created_at: Type.String({ format: 'date-time', description: 'When the latest version was published.' }),
};

const modelExample = {
  object: 'model' as const,
  name: 'mnist-mlp',
  latest_version: 1,
  version_count: 1,
  created_at: '2026-01-02T03:04:16.301Z',
};

export const ModelVersion = component(
  'ModelVersion',
  Type.Object(
    {
      version: Type.Integer({ description: 'From 1.' }),
      job_id: Type.String({ description: 'The job that trained it.' }),
      step: Type.Integer({ description: 'Steps that the job had done.' }),
      metrics: Type.Unknown({ description: 'The job’s metrics at that step.' }),
      network: Network.ref,
      labels: Type.Array(Type.String(), { description: 'Class names, by class index.' }),
      parameters: Type.Integer({ description: 'How many numbers the network has learnt.' }),
      file: Type.Object(
        { size_bytes: Type.Integer(), sha256: Type.String() },
        { description: 'The safetensors file.' },
      ),
      created_at: Type.String({ format: 'date-time', description: 'When it was published.' }),
    },
    { description: 'One published version. It never changes.' },
  ),
);

const versionExample = {
  version: 1,
  job_id: 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG',
  step: 4690,
  metrics: {
    epoch: 5,
    step: 4690,
    train_loss: 0.0261,
    train_accuracy: 0.9921,
    test_loss: 0.0709,
    test_accuracy: 0.9784,
  },
  network: networkExample,
  labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  parameters: 203_530,
  file: {
    size_bytes: 814_872,
    sha256: '9f2b6c1e0d4a7358b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778f',
  },
  created_at: '2026-01-02T03:04:16.301Z',
};

export const ModelSummary = component(
  'ModelSummary',
  Type.Object(modelProperties, { description: 'A published model.' }),
);

export const ModelList = component(
  'ModelList',
  listOf(ModelSummary, 'A page of models, by name.', modelExample),
);

export const Model = component(
  'Model',
  Type.Object(
    { ...modelProperties, versions: Type.Array(ModelVersion.ref, { description: 'Oldest first.' }) },
    {
      description: 'A published model and its versions.',
      examples: [{ ...modelExample, versions: [versionExample] }],
    },
  ),
);

export const ModelParams = Type.Object({
  name: Type.String({ description: 'The model’s name.', examples: ['mnist-mlp'] }),
});

export const ModelPage = Type.Object(
  {
    after: Type.Optional(Type.String({ description: 'The name of the last model of the page before.' })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Models in a page.' }),
    ),
  },
  { additionalProperties: false },
);
