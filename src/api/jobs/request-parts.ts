/** The schemas of those fields of a job's request that have fields of their own. */
import Type from 'typebox';
import { modelNamePattern } from '../../model/registry/model-folder.js';
import { figureNames } from '../../model/evaluation/figures.js';
import type { PublishIf } from '../../model/evaluation/publish-gate.js';
import { plainArrays } from '../../jobs/intake/presets/plain.js';
import { defaults } from '../../jobs/intake/defaults.js';
import { splitDefaults } from '../../jobs/intake/resolve-table.js';
import { columnRoles, webhookEvents } from '../../jobs/runs/run-spec.js';
import { defaultWebhookEvents, type JobRequest as Request } from '../../jobs/runs/job-request.js';
import { splitKinds } from '../../data/splits.js';
import { mostPictureSide, pictureFits, type PictureFit } from '../../lib/picture-input.js';
import { cellTypes } from '../../lib/cells/cell-format.js';
import { augmentationAmounts, mostAugmentation } from '../../model/augmentation/amounts.js';
import { activations } from '../../model/network/network.js';

/** A client's own notes on a job: sent with it, shown with it, and used to filter lists. */
export const metadata = {
  type: 'object',
  maxProperties: 16,
  propertyNames: { minLength: 1, maxLength: 64 },
  additionalProperties: { type: 'string', maxLength: 512 },
} as const;

export const noOther = { additionalProperties: false };

/** A published version that a job builds on. */
export const versionRequest = (description: string) =>
  Type.Object(
    {
      model: Type.String({ pattern: modelNamePattern.source }),
      version: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Left out, it is the version that is `latest` now.' }),
      ),
    },
    { ...noOther, description },
  );

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
export const mostColumns = 1_000;
export const columnName = { type: 'string', maxLength: 1_000 };

export const ColumnsRequest = Type.Unsafe<NonNullable<Request['columns']>>({
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

export const SplitRequest = Type.Object(
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

export const NetworkRequest = Type.Object(
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

export const ImageRequest = Type.Object(
  {
    width: Type.Optional(Type.Integer({ minimum: 1, maximum: mostPictureSide })),
    height: Type.Optional(Type.Integer({ minimum: 1, maximum: mostPictureSide })),
    channels: Type.Optional(
      Type.Unsafe<1 | 3>({ type: 'integer', enum: [1, 3], description: '1: grey. 3: red, green, blue.' }),
    ),
    fit: Type.Optional(
      Type.Unsafe<PictureFit>({
        type: 'string',
        enum: [...pictureFits],
        description:
          '`cover`: scaled and cut in the middle. `contain`: the whole picture, on its own background. `stretch`: scaled in ' +
          'each direction alone. `digit`: drawn like the digits of MNIST, in grey squares.',
      }),
    ),
  },
  {
    ...noOther,
    description:
      'The input that each picture of a dataset of pictures becomes. What is left out follows from the pictures: their own ' +
      'size where all have one of at most 64 pixels on a side, otherwise 32; colours where one has any.',
  },
);

export const AugmentRequest = Type.Unsafe<NonNullable<Request['augment']>>({
  type: ['string', 'object'],
  pattern: '^(none|digits|pictures)$',
  properties: Object.fromEntries(
    augmentationAmounts.map((name) => [
      name,
      { type: 'number', minimum: 0, maximum: mostAugmentation[name] },
    ]),
  ),
  additionalProperties: false,
  default: 'none',
  description:
    'How the training pictures are changed, each in its own way for each epoch. `none`, `digits`, `pictures`, or amounts: ' +
    '`shift`, `scale` and `shear` are fractions of the side, `rotation` is in degrees, `stroke` in pixels by which edges move; ' +
    '`noise`, `specks`, `lines` and `shade` are the fractions of the pictures that get them. What is left out is 0. Only for ' +
    'datasets of pictures, and square ones in bytes.',
  examples: ['digits', { shift: 0.05, rotation: 10 }],
});

export const PublishIfRequest = Type.Unsafe<PublishIf>({
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

export const CheckpointRequest = Type.Object(
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

export const WebhookRequest = Type.Object(
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

export const Metadata = Type.Unsafe<Record<string, string>>({
  ...metadata,
  default: {},
  description:
    'Up to 16 notes of your own, stored with the job: keys of 1 to 64 characters, values of up to 512.',
});
