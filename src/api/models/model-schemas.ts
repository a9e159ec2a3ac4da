/** Published models and their versions as the API shows them. */
import Type from 'typebox';
import { component, listOf, nullable, pageSize } from '../../lib/named-schema.js';
import { columnsProperty, taskProperties } from './model-columns.js';
import { ModelVersionStatus, versionStatusExample } from './version-status.js';
import { EvaluationSummary } from '../jobs/evaluation-schemas.js';
import { TrainingSpec, jobExample } from '../jobs/job-schemas.js';
import { Network, networkExample } from '../jobs/training-schemas.js';

const modelProperties = {
  object: Type.Literal('model'),
  name: Type.String(),
  latest_version: nullable(
    Type.Integer({
      description:
        'The version that `POST /predict` uses; null while the alias `latest` is set but cannot be read, or while all versions ' +
        'are held.',
    }),
  ),
  pinned: Type.Boolean({
    description: 'Whether `latest` is set to that version and does not follow publication.',
  }),
  aliases: Type.Unsafe<Record<string, number>>({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'The version of each alias, without `latest`.',
  }),
  damaged_aliases: Type.Optional(
    Type.Array(Type.String(), {
      description: 'Aliases that cannot be read; set them again. Left out when there are none.',
    }),
  ),
  version_count: Type.Integer({ description: 'The number of versions.' }),
  held_versions: Type.Optional(
    Type.Array(Type.Integer(), {
      description:
        'Versions that `latest` passes over, because they failed `publish_if`. Left out when there are none.',
    }),
  ),
  created_at: nullable(
    Type.String({ format: 'date-time', description: 'When `latest_version` was published.' }),
  ),
  task: Type.Optional(taskProperties.task),
  target: taskProperties.target,
  evaluation: Type.Optional(EvaluationSummary.ref),
};

const damagedVersions = Type.Optional(
  Type.Array(Type.Integer(), {
    description: 'Versions in this range whose manifest cannot be read. Left out when there are none.',
  }),
);

const modelExample = {
  object: 'model' as const,
  name: 'mnist-mlp',
  latest_version: 1,
  pinned: false,
  aliases: { production: 1 },
  version_count: 1,
  created_at: '2026-01-02T03:04:16.301Z',
};

const versionExample = {
  object: 'model_version' as const,
  model: 'mnist-mlp',
  version: 1,
  aliases: ['latest', 'production'],
  held: null,
  job_id: 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG',
  step: 4690,
  spec: { dataset: 'mnist', dataset_version: 1, ...jobExample.spec },
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
  task: 'classification' as const,
  parameters: 203_530,
  file: {
    size_bytes: 814_872,
    sha256: '9f2b6c1e0d4a7358b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778f',
  },
  created_at: '2026-01-02T03:04:16.301Z',
};

export const ModelVersion = component(
  'ModelVersion',
  Type.Object(
    {
      object: Type.Literal('model_version'),
      model: Type.String(),
      version: Type.Integer({ description: 'From 1.' }),
      aliases: Type.Array(Type.String(), {
        description: 'The aliases that point to it now, including `latest`.',
      }),
      held: nullable(
        Type.Object(
          { reasons: Type.Array(Type.String()) },
          {
            description:
              'Why `latest` passes it over: it failed `publish_if` of its job. null: it does not. Setting `latest` to it by hand ends that.',
          },
        ),
      ),
      job_id: nullable(Type.String({ description: 'The job that trained it; null where it was imported.' })),
      imported: Type.Optional(
        Type.Object(
          { format: Type.String(), size_bytes: Type.Integer(), sha256: Type.String() },
          { description: 'The file that it was imported from. Left out where a job trained it.' },
        ),
      ),
      step: Type.Integer({ description: 'Steps that the job had done.' }),
      spec: nullable(
        Type.Object(
          {
            dataset: Type.String(),
            dataset_version: Type.Optional(nullable(Type.Integer())),
            ...TrainingSpec.properties,
            // Versions may be older than these fields.
            task: Type.Optional(TrainingSpec.properties.task),
            split: Type.Optional(TrainingSpec.properties.split),
          },
          { description: 'The spec of the job; null for versions that are older than this field.' },
        ),
      ),
      metrics: Type.Unknown({ description: 'The metrics of the job at that step.' }),
      network: Network.ref,
      labels: Type.Array(Type.String(), { description: 'Class names, by class index.' }),
      ...taskProperties,
      temperature: Type.Optional(
        Type.Number({ description: 'By which calibration divides the outputs. Left out where it does not.' }),
      ),
      threshold: Type.Optional(
        Type.Object(
          { positive: Type.String(), at_least: Type.Number() },
          {
            description:
              'From which probability on a row gets the label. Left out: the likelier class is the answer.',
          },
        ),
      ),
      evaluation: Type.Optional(EvaluationSummary.ref),
      columns: columnsProperty,
      ensemble: Type.Optional(
        Type.Integer({
          description: 'How many networks of this kind answer with their mean. Left out where there is one.',
        }),
      ),
      parameters: Type.Integer({ description: 'The number of parameters, of all members of an ensemble.' }),
      file: Type.Object(
        { size_bytes: Type.Integer(), sha256: Type.String() },
        { description: 'The safetensors file.' },
      ),
      created_at: Type.String({ format: 'date-time', description: 'When it was published.' }),
      model_version_status: Type.Optional(
        Type.Array(ModelVersionStatus.ref, {
          description: 'Its status, only when one version is shown; for clients of TensorFlow Serving.',
        }),
      ),
    },
    {
      description: 'One published version. Only its aliases and its status change.',
      examples: [{ ...versionExample, model_version_status: [versionStatusExample] }],
    },
  ),
);

export const ModelSummary = component(
  'ModelSummary',
  Type.Object(modelProperties, { description: 'A published model.' }),
);

export const ModelList = component(
  'ModelList',
  Type.Object(
    {
      ...listOf(ModelSummary, '', modelExample).properties,
      models: Type.Array(Type.String(), { description: 'Their names, for clients of KServe’s version 1.' }),
    },
    {
      description: 'A page of models, by name.',
      examples: [{ object: 'list', data: [modelExample], has_more: false, models: [modelExample.name] }],
    },
  ),
);

export const Model = component(
  'Model',
  Type.Object(
    {
      ...modelProperties,
      columns: columnsProperty,
      versions: Type.Array(ModelVersion.ref, {
        description: 'The newest versions, oldest first, without their columns.',
      }),
      has_more: Type.Boolean({
        description: 'Whether there are older versions; `GET /v1/models/{name}/versions` lists them.',
      }),
      damaged_versions: damagedVersions,
      model_version_status: Type.Array(ModelVersionStatus.ref, {
        description: 'The status of each of these versions, for clients of TensorFlow Serving.',
      }),
      ready: Type.Boolean({
        description: 'Whether the model can answer, for clients of KServe’s version 1.',
      }),
    },
    {
      description: 'A published model and its newest versions.',
      examples: [
        {
          ...modelExample,
          task: 'classification',
          versions: [versionExample],
          has_more: false,
          model_version_status: [versionStatusExample],
          ready: true,
        },
      ],
    },
  ),
);

export const ModelVersionList = component(
  'ModelVersionList',
  Type.Object(
    { ...listOf(ModelVersion, '', versionExample).properties, damaged_versions: damagedVersions },
    {
      description: 'A page of versions, newest first.',
      examples: [{ object: 'list', data: [versionExample], has_more: false }],
    },
  ),
);

export const ModelOpenApi = component(
  'ModelOpenApi',
  Type.Unsafe<object>({
    type: 'object',
    additionalProperties: true,
    description: 'An OpenAPI 3.1 document.',
    examples: [{ openapi: '3.1.0', info: { title: 'mnist-mlp', version: '1' }, paths: {} }],
  }),
);

export const ModelAlias = component(
  'ModelAlias',
  Type.Object(
    {
      object: Type.Literal('model_alias'),
      model: Type.String(),
      alias: Type.String(),
      version: Type.Integer(),
      updated_at: Type.String({ format: 'date-time' }),
    },
    {
      description: 'A name for a version.',
      examples: [
        {
          object: 'model_alias',
          model: 'mnist-mlp',
          alias: 'production',
          version: 1,
          updated_at: '2026-01-02T03:05:00.000Z',
        },
      ],
    },
  ),
);

export const ModelAliasRequest = component(
  'ModelAliasRequest',
  Type.Object(
    { version: Type.Integer({ minimum: 1, description: 'The version that the alias shall point to.' }) },
    {
      additionalProperties: false,
      description: 'The target of an alias.',
      examples: [{ version: 1 }],
    },
  ),
);

const name = Type.String({ description: 'The name of the model.', examples: ['mnist-mlp'] });

export const ModelParams = Type.Object({ name });

export const VersionParams = Type.Object({
  name,
  version: Type.String({
    pattern: '^[1-9]\\d{0,8}$',
    description: 'The number of the version.',
    examples: ['1'],
  }),
});

export const AliasParams = Type.Object({
  name,
  alias: Type.String({
    description: '`latest`, or a name of your own: 1 to 64 of a-z, 0-9, ., _ and -, not only digits.',
    examples: ['production'],
  }),
});

export const VersionPage = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 1, description: 'The last version on the page before.' })),
    limit: pageSize('Versions'),
  },
  { additionalProperties: false },
);

export const ModelPage = Type.Object(
  {
    after: Type.Optional(Type.String({ description: 'The name of the last model on the page before.' })),
    limit: pageSize('Models'),
  },
  { additionalProperties: false },
);
