/** The body of POST /v1/jobs. Its defaults are stated here, and applied where the spec is resolved. */
import Type from 'typebox';
import { plainArrays } from '../../jobs/intake/presets/plain.js';
import { defaults } from '../../jobs/intake/defaults.js';
import { mostClasses } from '../../jobs/intake/resolve-table.js';
import { monitors, presets, publishPolicies } from '../../jobs/runs/run-spec.js';
import type { JobRequest as Request } from '../../jobs/runs/job-request.js';
import { losses } from '../../model/network/losses.js';
import { mostMembers } from '../../model/network/members.js';
import { encodings } from '../../model/preprocessing/table.js';
import { modelNamePattern } from '../../model/registry/model-folder.js';
import { component } from '../../lib/named-schema.js';
import { Threshold } from './evaluation-schemas.js';
import { OptimizerRequest } from './optimizer-schemas.js';
import {
  noOther,
  mostColumns,
  columnName,
  ColumnsRequest,
  SplitRequest,
  NetworkRequest,
  AugmentRequest,
  ImageRequest,
  PublishIfRequest,
  CheckpointRequest,
  versionRequest,
  WebhookRequest,
  Metadata,
} from './request-parts.js';

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
            'How much the rows of each class, of a table or of pictures, count in the losses. `none`: all the same. `balanced`: all classes as much, however many ' +
            'rows they have. By label, `{"yes": 5}`: the others count 1.',
        }),
      ),
      encoding: Type.Optional(
        Type.Enum([...encodings], {
          type: 'string',
          description:
            'How the columns of a table become inputs. `standard`: numbers by their mean and standard deviation, categories one-hot. ' +
            '`robust`: numbers by their median and quartiles, smoothly clipped, and categories of two levels as one input of ±1. ' +
            '`piecewise`: as `robust`, and beside it up to `bins` inputs that say where a number lies between the quantiles of its ' +
            'column. Left out, the preset decides.',
        }),
      ),
      bins: Type.Optional(
        Type.Integer({
          minimum: 2,
          maximum: 64,
          description:
            'Into how many bins the encoding `piecewise` divides a column of numbers, at most. Left out, the preset decides.',
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
        versionRequest(
          'A published version whose parameters training starts from, in place of random ones. It must take the same inputs. The ' +
            'job takes its preprocessing and its hidden layers over. Classes are found by their labels: those that the version ' +
            'does not know begin as new ones do.',
        ),
      ),
      reproduce: Type.Optional(
        versionRequest(
          'A published version to train again, from the same data, with the same seed and on the same engine. The job says ' +
            'whether it ends with the same bits, and publishes nothing. Beside it only `priority`, `time_limit_seconds`, ' +
            '`webhook` and `metadata` are allowed.',
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
      image: Type.Optional(ImageRequest),
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
            '`native`, `webgpu` and `tensorflow` wait for a worker that has what they need: a build with a compiler, ' +
            'the package `webgpu`, or TensorFlow.js for Node.js. The other engines are `wasm` and `reference`.',
        }),
      ),
      publish: Type.Optional(
        Type.Enum([...publishPolicies], {
          type: 'string',
          default: plainArrays.publish,
          description:
            'Which states are published as versions of the model. `final`: the network after the last epoch. ' +
            '`best`: the network after the epoch that is best by `monitor` on the validation split; the default for tables. ' +
            '`every_checkpoint`: the network after each epoch, as soon as the epoch is done; checkpoints ' +
            'within an epoch are for resuming and are not published. ' +
            '`none`: nothing is published, and the test split is not looked at.',
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
