/** The body of POST /v1/jobs. Its defaults are stated here, and applied where the spec is resolved. */
import Type from 'typebox';
import { defaults } from '../../jobs/intake/resolve-spec.js';
import { defaultWebhookEvents, webhookEvents } from '../../jobs/runs/documents.js';
import { losses } from '../../model/network/losses.js';
import { activations } from '../../model/network/network.js';
import { modelNamePattern } from '../../model/registry/model-folder.js';
import { component } from '../../lib/named-schema.js';
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

const NetworkRequest = Type.Object(
  {
    hidden: Type.Optional(
      Type.Array(HiddenLayer, {
        maxItems: 64,
        default: defaults.hidden,
        description:
          'The hidden layers, first to last; `[]` is a linear classifier. The dataset sets the numbers of inputs ' +
          'and of classes.',
      }),
    ),
  },
  { ...noOther, description: 'A multi-layer perceptron.' },
);

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
            'starting with a letter or a digit.',
        }),
      ),
      dataset: Type.Optional(
        Type.String({ default: defaults.dataset, description: 'The name of the dataset to train on.' }),
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
      split: Type.Optional(
        Type.Object(
          {
            validation: Type.Optional(
              Type.Number({
                minimum: 0,
                maximum: 0.5,
                description:
                  'The fraction of the training rows that is set apart for validation: chosen by the seed, never trained on, ' +
                  `evaluated after each epoch. ${defaults.validation.best} where \`publish\` is \`best\`, else ${defaults.validation.otherwise}.`,
              }),
            ),
          },
          { ...noOther, description: 'How the rows of the dataset are divided further.' },
        ),
      ),
      optimizer: Type.Optional(OptimizerRequest),
      epochs: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: defaults.epochs,
          description: 'Passes over the training samples.',
        }),
      ),
      batch_size: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 65_536,
          default: defaults.batch_size,
          description: 'Samples in one step. The last step of an epoch takes those that are left.',
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
          default: defaults.publish,
          description:
            'Which states are published as versions of the model. `final`: the network after the last epoch. ' +
            '`best`: the network after the epoch that does best on the validation split, by accuracy for classes and by ' +
            'loss for values. `every_checkpoint`: the network after each epoch, as soon as the epoch is done; checkpoints ' +
            'within an epoch are for resuming and are not published.',
        }),
      ),
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
