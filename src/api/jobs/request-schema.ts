/** The body of POST /v1/jobs. Its defaults are stated here, and applied where the spec is resolved. */
import Type from 'typebox';
import { figureNames } from '../../model/evaluation/figures.js';
import type { PublishIf } from '../../model/evaluation/publish-gate.js';
import { plainArrays } from '../../jobs/intake/presets/plain.js';
import { defaults } from '../../jobs/intake/resolve-spec.js';
import { mostClasses, splitDefaults } from '../../jobs/intake/resolve-table.js';
import { columnRoles, monitors, presets, webhookEvents } from '../../jobs/runs/run-spec.js';
import { defaultWebhookEvents, type JobRequest as Request } from '../../jobs/runs/job-request.js';
import { splitKinds } from '../../data/splits.js';
import { cellTypes } from '../../lib/cells/cell-format.js';
import { augmentationAmounts, mostAugmentation } from '../../model/augmentation/amounts.js';
import { losses } from '../../model/network/losses.js';
import { mostMembers } from '../../model/network/members.js';
import { activations } from '../../model/network/network.js';
import { encodings } from '../../model/preprocessing/table.js';
import { modelNamePattern } from '../../model/registry/model-folder.js';
import { component } from '../../lib/named-schema.js';
import { Threshold } from './evaluation-schemas.js';
import { OptimizerRequest } from './optimizer-schemas.js';

/** A client's own notes on a job: sent with it, shown with it, and used to filter lists. */
export const metadata = {
  type: 'object',
  maxProperties: 16,
  propertyNames: { minLength: 1, maxLength: 64 },
  additionalProperties: { type: 'string', maxLength: 512 },
} as const;

const noOther = { additionalProperties: false };

const HiddenLayer = Type.Object(
  {
    units: Type.Integer({ minimum: 1, maximum: 1_048_576, description: 'Neurons of the layer.' }),
    activation: Type.Optional(
      Type.Enum([...activations], {
        type: 'string',
        default: defaults.activation,
        description: 'The activation of the layer, computed as the PyTorch module of that name.',
      }),
    ),
    dropout: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 0.95,
        default: defaults.dropout,
        description: 'The fraction of the layer’s neurons that each training step switches off.',
      }),
    ),
  },
  noOther,
);

const columnFields = {
  role: {
    type: 'string',
    enum: [...columnRoles],
    description:
      '`feature`: learned from. `ignore`: left out. `target`: predicted. `weight`: says how much its row counts. `split`, ' +
      '`time`, `group`: divides the rows; see `split`.',
  },
  type: {
    type: 'string',
    enum: [...cellTypes],
    description:
      'How its cells are read. A column that is left out because it is an id or a text becomes a feature when it is given ' +
      'another type.',
  },
};

/** More columns than any table has. */
const mostColumns = 1_000;
const columnName = { type: 'string', maxLength: 1_000 };

const ColumnsRequest = Type.Unsafe<NonNullable<Request['columns']>>({
  type: ['object', 'array'],
  maxProperties: mostColumns,
  additionalProperties: { type: 'object', properties: columnFields, additionalProperties: false },
  maxItems: mostColumns,
  items: {
    type: 'object',
    properties: { name: columnName, ...columnFields },
    required: ['name'],
    additionalProperties: false,
  },
  description:
    'What to do otherwise than the dataset says with some of its columns: by name, `{"zip": {"type": "category"}}`, or as a ' +
    'list, `[{"name": "zip", "type": "category"}]`, which takes any name, `__proto__` too.',
  examples: [{ zip: { type: 'category' }, customer: { role: 'ignore' } }],
});

const SplitRequest = Type.Object(
  {
    validation: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 0.5,
        description:
          'The fraction of the rows that is set apart for validation: never trained on, evaluated after each epoch, and what ' +
          `\`best\` is decided by. ${splitDefaults.validation} of a table. Of other datasets it is a fraction of the training rows: ` +
          `${defaults.validation.best} where \`publish\` is \`best\`, else ${defaults.validation.otherwise}.`,
      }),
    ),
    test: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 0.5,
        description:
          'The fraction of the rows of a table that is set apart to test with: it never decides anything. ' +
          `${splitDefaults.test}, or 0 where a column says which rows these are.`,
      }),
    ),
    by: Type.Optional(
      Type.Enum([...splitKinds], {
        type: 'string',
        description:
          'How the rows of a table are divided. `stratified`: by the seed, each class alike; the default for classes. ' +
          '`random`: by the seed; the default for numbers. `column`: as the column says, `train`, `validation` or `test` in ' +
          'each row. `time`: the last rows test, those before them validate. `group`: rows of one group stay together.',
      }),
    ),
    column: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description: 'The column that divides the rows by column, time or group.',
      }),
    ),
  },
  { ...noOther, description: 'How the rows of the dataset are divided.' },
);

const NetworkRequest = Type.Object(
  {
    hidden: Type.Optional(
      Type.Array(HiddenLayer, {
        maxItems: 64,
        default: plainArrays.hidden,
        description:
          'The hidden layers, first to last; `[]` is a linear model. The dataset sets the numbers of inputs and of ' +
          'outputs. For tables the preset decides.',
      }),
    ),
  },
  { ...noOther, description: 'A multi-layer perceptron.' },
);

const AugmentRequest = Type.Unsafe<NonNullable<Request['augment']>>({
  type: ['string', 'object'],
  pattern: '^(none|digits)$',
  properties: Object.fromEntries(
    augmentationAmounts.map((name) => [
      name,
      { type: 'number', minimum: 0, maximum: mostAugmentation[name] },
    ]),
  ),
  additionalProperties: false,
  default: 'none',
  description:
    'How the training pictures are changed, each in its own way for each epoch. `none`, `digits`, or amounts: ' +
    '`shift`, `scale` and `shear` are fractions of the side, `rotation` is in degrees, `stroke` in pixels by which edges move; ' +
    '`noise`, `specks`, `lines` and `shade` are the fractions of the pictures that get them. What is left out is 0. Only for ' +
    'square pictures in bytes.',
  examples: ['digits', { shift: 0.05, rotation: 10 }],
});

const PublishIfRequest = Type.Unsafe<PublishIf>({
  default: defaults.publish_if,
  description:
    'What a version must reach to be served as `latest`. One that does not is kept and held: it answers by its number only. ' +
    '`better_than_baseline`: it must be better than answering with the commonest class, or with the mean. `always`: nothing. ' +
    'Or a figure of the validation rows with limits: `{"metric": "roc_auc", "at_least": 0.8, "better_than": "latest"}`.',
  anyOf: [
    { type: 'string', enum: ['better_than_baseline', 'always'] },
    {
      type: 'object',
      properties: {
        metric: { type: 'string', enum: [...figureNames] },
        at_least: { type: 'number' },
        at_most: { type: 'number' },
        better_than: {
          type: 'string',
          enum: ['latest'],
          description:
            'The figure must be better than that of the version that is `latest` when this one is published.',
        },
      },
      required: ['metric'],
      additionalProperties: false,
    },
  ],
});

const CheckpointRequest = Type.Object(
  {
    every_steps: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: 'Steps between two checkpoints.' }),
    ),
    every_seconds: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: 86_400,
        description: 'Seconds of training between two checkpoints.',
      }),
    ),
    keep: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: defaults.checkpoint.keep,
        description: 'How many of the newest checkpoints are kept, besides the best one.',
      }),
    ),
  },
  {
    ...noOther,
    description:
      'When to checkpoint: `every_steps` or `every_seconds`, not both. The job also checkpoints at its end and ' +
      `when it is stopped. By default it does so every ${defaults.checkpoint.every_seconds} seconds, or less ` +
      'often where checkpoints would take more than a hundredth of the time.',
  },
);

const WebhookRequest = Type.Object(
  {
    url: Type.String({ maxLength: 2048, description: 'The URL to which events are sent, by POST.' }),
    events: Type.Optional(
      Type.Array(Type.Enum([...webhookEvents], { type: 'string' }), {
        minItems: 1,
        uniqueItems: true,
        default: [...defaultWebhookEvents],
        description: 'The events to send.',
      }),
    ),
  },
  { ...noOther, description: 'Sends events of the job to another service; see docs/jobs.md.' },
);

const Metadata = Type.Unsafe<Record<string, string>>({
  ...metadata,
  default: {},
  description:
    'Up to 16 notes of your own, stored with the job: keys of 1 to 64 characters, values of up to 512.',
});

export const JobRequest = component(
  'JobRequest',
  Type.Object(
    {
      model: Type.Optional(
        Type.String({
          pattern: modelNamePattern.source,
          default: defaults.model,
          description:
            'The name under which the trained network is published: 1 to 64 of a-z, 0-9, `.`, `_` and `-`, ' +
            'starting with a letter or a digit. Of a table, it is the name of the dataset unless you say otherwise.',
        }),
      ),
      dataset: Type.Optional(
        Type.Unsafe<NonNullable<Request['dataset']>>({
          type: ['string', 'object'],
          properties: { name: { type: 'string' }, version: { type: 'integer', minimum: 1 } },
          required: ['name'],
          additionalProperties: false,
          default: defaults.dataset,
          description:
            'The dataset to train on: its name, for the newest version, or `{"name": "churn", "version": 2}`.',
          examples: ['mnist'],
        }),
      ),
      target: Type.Optional(
        Type.Unsafe<NonNullable<Request['target']>>({
          type: ['string', 'array'],
          maxLength: 1_000,
          items: columnName,
          minItems: 1,
          maxItems: mostColumns,
          description:
            'The column of the table to predict, or several of numbers. Left out, it is what was named when the dataset was ' +
            'uploaded. Rows without it are left out and counted.',
        }),
      ),
      task: Type.Optional(
        Type.Enum(['auto', 'classification', 'regression'], {
          type: 'string',
          default: 'auto',
          description:
            `What to learn of a table: one of 2 to ${mostClasses} classes, or numbers. \`auto\`: classes of a target that is a ` +
            'boolean or a category, or of whole numbers of which there are two, or up to 10 in 10 rows each on average; else numbers.',
        }),
      ),
      columns: Type.Optional(ColumnsRequest),
      class_weight: Type.Optional(
        Type.Unsafe<NonNullable<Request['class_weight']>>({
          type: ['string', 'object'],
          maxProperties: mostClasses,
          additionalProperties: { type: 'number', minimum: 0, maximum: 1e6 },
          default: 'none',
          description:
            'How much the rows of each class of a table count in the losses. `none`: all the same. `balanced`: all classes as much, however many ' +
            'rows they have. By label, `{"yes": 5}`: the others count 1.',
        }),
      ),
      encoding: Type.Optional(
        Type.Enum([...encodings], {
          type: 'string',
          description:
            'How the columns of a table become inputs. `standard`: numbers by their mean and standard deviation, categories one-hot. ' +
            '`robust`: numbers by their median and quartiles, smoothly clipped, and categories of two levels as one input of ±1. ' +
            '`piecewise`: as `robust`, and beside it up to 16 inputs that say where a number lies between the quantiles of its ' +
            'column. Left out, the preset decides.',
        }),
      ),
      preset: Type.Optional(
        Type.Enum([...presets], {
          type: 'string',
          description:
            `For tables \`${defaults.preset.tables}\` is the default, otherwise \`${defaults.preset.arrays}\`. ` +
            'What the fields below are where you leave them out. `plain`: the classic network. `auto`: a recipe that has proved ' +
            'good for data of this kind and size; the spec of the job shows each choice, and why.',
        }),
      ),
      init_from: Type.Optional(
        Type.Object(
          {
            model: Type.String({ pattern: modelNamePattern.source }),
            version: Type.Optional(
              Type.Integer({ minimum: 1, description: 'Left out, it is the version that is `latest` now.' }),
            ),
          },
          {
            ...noOther,
            description:
              'A published version whose parameters training starts from, in place of random ones. It must take the same inputs. The ' +
              'job takes its preprocessing and its hidden layers over. Classes are found by their labels: those that the version ' +
              'does not know begin as new ones do.',
          },
        ),
      ),
      network: Type.Optional(NetworkRequest),
      loss: Type.Optional(
        Type.Enum(['auto', ...losses], {
          type: 'string',
          default: 'auto',
          description:
            'It must fit the targets of the dataset. For classes: `cross_entropy`, the cross-entropy of the softmax, and ' +
            '`one_hot_mse`, the mean squared error against 1 for the class of the sample and 0 for the others; `mse` means ' +
            '`one_hot_mse` there. For values: `mse`, `mae` and `huber`. `auto` chooses `cross_entropy` for classes and `mse` ' +
            'for values.',
        }),
      ),
      split: Type.Optional(SplitRequest),
      optimizer: Type.Optional(OptimizerRequest),
      augment: Type.Optional(AugmentRequest),
      label_smoothing: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: 0.5,
          default: plainArrays.label_smoothing,
          description:
            'With the loss `cross_entropy`: the fraction of each target that training spreads evenly over all classes, as in ' +
            'PyTorch. Evaluations do not.',
        }),
      ),
      ensemble: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: mostMembers,
          default: defaults.ensemble,
          description:
            'Networks that are trained as one job, one after another, and published as one version, which answers with the mean ' +
            'of their probabilities or values. They differ by their seeds alone. Each is trained for up to `epochs`, and stops by its own ' +
            '`patience`.',
        }),
      ),
      epochs: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: plainArrays.epochs,
          description: `Passes over the training samples, at most: \`patience\` may end training sooner. For tables the preset decides.`,
        }),
      ),
      monitor: Type.Optional(
        Type.Enum([...monitors], {
          type: 'string',
          default: defaults.monitor,
          description:
            'The figure of the validation split that decides which epoch is the best, and when training stops. `accuracy` is for ' +
            'classes, `rmse` for values. Of equal accuracies the lower loss is the better, and of equals the earlier epoch.',
        }),
      ),
      patience: Type.Optional(
        Type.Unsafe<number | null>({
          type: ['integer', 'null'],
          minimum: 1,
          maximum: 10_000,
          description:
            'Training stops after so many epochs in which `monitor` did not improve. `null`: it does not stop early. Needs ' +
            'validation rows; without them `auto` does not stop early.',
        }),
      ),
      min_epochs: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: defaults.min_epochs,
          description: 'Training does not stop early before so many epochs.',
        }),
      ),
      calibrated: Type.Optional(
        Type.Boolean({
          default: false,
          description:
            'Whether the probabilities of a classifier are made honest by one number, the temperature, chosen on the validation ' +
            'rows. Needs the loss `cross_entropy`.',
        }),
      ),
      threshold: Threshold(
        'Of two classes: from which probability on a row gets the label `positive`. `auto`: where the F1 of that label is best on ' +
          'the validation rows. A number. Or `{"cost": {"false_positive": 1, "false_negative": 5}}`: where the mistakes on the ' +
          'validation rows cost least. Left out, the likelier class is the answer.',
      ),
      positive: Type.Optional(
        Type.String({
          maxLength: 1_000,
          description:
            'Of two classes: the label that `threshold`, `pr_auc` and costs are of. By default that of the rarer class of the ' +
            'training rows.',
        }),
      ),
      batch_size: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 65_536,
          default: plainArrays.batch_size,
          description:
            'Samples in one step. The last step of an epoch takes those that are left. For tables the preset decides.',
        }),
      ),
      seed: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: defaults.seed,
          description: 'The same request with the same seed gives the same network.',
        }),
      ),
      engine: Type.Optional(
        Type.String({
          default: defaults.engine,
          description:
            '`auto` takes an engine with a GPU, or else the fastest that runs where the job is trained. ' +
            '`tensorflow` waits for a worker that has TensorFlow.js for Node.js installed. The other engines are ' +
            '`wasm` and `reference`.',
        }),
      ),
      publish: Type.Optional(
        Type.Enum(['final', 'best', 'every_checkpoint'], {
          type: 'string',
          default: plainArrays.publish,
          description:
            'Which states are published as versions of the model. `final`: the network after the last epoch. ' +
            '`best`: the network after the epoch that is best by `monitor` on the validation split; the default for tables. ' +
            '`every_checkpoint`: the network after each epoch, as soon as the epoch is done; checkpoints ' +
            'within an epoch are for resuming and are not published.',
        }),
      ),
      publish_if: Type.Optional(PublishIfRequest),
      checkpoint: Type.Optional(CheckpointRequest),
      priority: Type.Optional(
        Type.Integer({
          minimum: -100,
          maximum: 100,
          default: defaults.priority,
          description: 'Among waiting jobs, the highest priority goes first; among equals, the oldest.',
        }),
      ),
      time_limit_seconds: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 31_536_000,
          description:
            'For how long the job may train, without pauses and waiting. Left out, there is no limit.',
        }),
      ),
      webhook: Type.Optional(WebhookRequest),
      metadata: Type.Optional(Metadata),
    },
    {
      ...noOther,
      description:
        'What to train. Every field is optional, and so is the body. The default is the classic MNIST network.',
      examples: [
        {
          model: 'mnist-mlp',
          network: { hidden: [{ units: 128, activation: 'gelu', dropout: 0.2 }] },
          optimizer: { type: 'sgd', learning_rate: 0.05, momentum: 0.9, nesterov: true },
          epochs: 2,
          batch_size: 64,
          seed: 7,
          metadata: { purpose: 'a first try' },
        },
      ],
    },
  ),
);

/** Node.js has the names in lower case, and Fastify looks for them so. */
export const JobRequestHeaders = Type.Unsafe<{ 'idempotency-key'?: string }>(
  Type.Object({
    'Idempotency-Key': Type.Optional(
      Type.String({
        pattern: '^[!-~]{1,255}$',
        description:
          'A name of your own for the request: 1 to 255 visible ASCII characters. A repeated request with the ' +
          'same key is answered with the job that the first one made.',
        examples: ['5d1c2f9e-7b8e-4a53-9d0e-2f3b1c6a7d84'],
      }),
    ),
  }),
);
