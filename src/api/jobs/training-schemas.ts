/** The parts that jobs, their events and published versions share: the network, the progress, the curve, the engine. */
import Type from 'typebox';
import { activations } from '../../model/network/network.js';
import { component, nullable } from '../../lib/named-schema.js';
import type { ErrorCode } from '../../errors.js';

export const Network = component(
  'Network',
  Type.Object(
    {
      inputs: Type.Integer({ description: 'Numbers in one sample, as the columns of a table become them.' }),
      hidden: Type.Array(
        Type.Object({
          units: Type.Integer(),
          activation: Type.Enum([...activations], { type: 'string' }),
          dropout: Type.Number(),
        }),
        { description: 'The hidden layers, first to last.' },
      ),
      outputs: Type.Integer({ description: 'The number of classes or of values.' }),
    },
    { description: 'A multi-layer perceptron.' },
  ),
);

export const networkExample = {
  inputs: 784,
  hidden: [{ units: 256, activation: 'relu' as const, dropout: 0 }],
  outputs: 10,
};

export const endStatuses = ['succeeded', 'failed', 'cancelled'] as const;
export const jobStatuses = ['queued', 'running', 'paused', ...endStatuses] as const;

export const Time = (description: string) => Type.String({ format: 'date-time', description });

/** Left out where one network is trained. */
const Member = (description: string) => Type.Optional(Type.Integer({ description }));

export const JobProgress = Type.Object({
  member: Member('Of an ensemble: the member that is trained, counted from 1.'),
  members: Member('Of an ensemble: how many members there are.'),
  epoch: Type.Integer({ description: 'The current epoch, counted from 1; 0 before the first step.' }),
  epochs: Type.Integer({ description: 'At most; of each member of an ensemble.' }),
  step: Type.Integer({ description: 'Steps done.' }),
  steps: Type.Integer({
    description: 'Steps of the whole job, of all members, at most: `patience` may end training sooner.',
  }),
  fraction: Type.Number({ description: 'step / steps, and 1 once training is over.' }),
  samples_per_second: nullable(Type.Number()),
  eta_seconds: nullable(
    Type.Number({
      description:
        'Estimated seconds left, at the pace so far; at most, where `patience` may end training sooner.',
    }),
  ),
  train_loss: nullable(Type.Number({ description: 'Mean over the epoch so far.' })),
  train_accuracy: nullable(Type.Number({ description: 'From 0 to 1, over the epoch so far.' })),
  evaluated: Type.Optional(
    Type.Number({
      description: 'The fraction of the evaluation that is done. Left out while the network is trained.',
    }),
  ),
});

/** Of classes only. */
const accuracy = Type.Optional(
  Type.Number({ description: 'From 0 to 1, over the same samples; where classes are learned.' }),
);
/** Of values only. */
const rmse = Type.Optional(
  Type.Number({
    description:
      'The root mean squared error in the unit of the values, over the same samples; where values are learned.',
  }),
);

export const EpochMetrics = (description: string) =>
  Type.Object(
    {
      member: Member('Of an ensemble: the member whose epoch it is, counted from 1.'),
      epoch: Type.Integer(),
      step: Type.Integer({ description: 'Steps done at the end of the epoch.' }),
      train_loss: Type.Number({
        description: 'Mean over the epoch; each batch is measured before its update.',
      }),
      train_accuracy: accuracy,
      train_rmse: rmse,
      validation_loss: Type.Optional(
        Type.Number({ description: 'Over the validation split, after the epoch, where there is one.' }),
      ),
      validation_accuracy: accuracy,
      validation_rmse: rmse,
      test_loss: Type.Optional(
        Type.Number({ description: 'Over the test split, after the epoch, where there is one.' }),
      ),
      test_accuracy: accuracy,
      test_rmse: rmse,
    },
    { description },
  );

export const publishedProperties = {
  version: Type.Integer(),
  step: Type.Integer({ description: 'Training steps done.' }),
  served: Type.Optional(
    Type.Boolean({ description: 'Whether `latest` answered with it once it was published.' }),
  ),
  held: Type.Optional(
    Type.Boolean({
      description: 'Whether it failed `publish_if`: it is kept, and answers by its number only.',
    }),
  ),
  pinned_to: Type.Optional(
    nullable(
      Type.Integer({
        description:
          'The version that `latest` was set to, as after a rollback; null: it follows publication.',
      }),
    ),
  ),
  reasons: Type.Optional(
    Type.Array(Type.String(), { description: 'Why it is not served; empty where it is.' }),
  ),
};

/** Versions that are older than these fields lack them. */
export const reproducedProperties = {
  model: Type.String(),
  version: Type.Integer(),
  equal: Type.Boolean({ description: 'Whether the same bits came out.' }),
  sha256: Type.String({ description: 'Of the file that the job would have published.' }),
  expected_sha256: Type.String({ description: 'Of the file of the version.' }),
  largest_difference: Type.Optional(
    nullable(
      Type.Number({
        description:
          'Where they differ: the largest difference of two parameters. null: they do not compare.',
      }),
    ),
  ),
};

export const Publication = Type.Object(publishedProperties, {
  description: 'The version that was published last, and whether it is served; null before the first.',
});

/** By the validation split. */
export const BestEpoch = nullable(
  Type.Integer({
    description:
      'The best of the epochs done, by `monitor` over the validation split; null without such rows.',
  }),
);

export const Stopped = Type.Object(
  {
    member: Member('Of an ensemble: the member whose training is over.'),
    reason: Type.Enum(['patience', 'epochs', 'rung'], {
      type: 'string',
      description:
        '`patience`: no epoch was better for `patience` epochs. `epochs`: all epochs were done. `rung`: a trial missed ' +
        'the bound of one of its `rungs`.',
    }),
    epoch: Type.Integer({ description: 'The last epoch.' }),
    best_epoch: BestEpoch,
    bound: Type.Optional(Type.Number({ description: 'Of the rung that the trial missed.' })),
  },
  { description: 'Why the training is over; of an ensemble, that of the member that was trained last.' },
);

const Adapter = Type.Object(
  {
    name: Type.String(),
    vendor: Type.String(),
    driver: Type.String(),
    software: Type.Boolean({
      description: 'Whether it computes on the CPU; `auto` chooses no such adapter.',
    }),
    limits: Type.Object({
      buffer_bytes: Type.Integer(),
      binding_bytes: Type.Integer({ description: 'The most of a buffer that a kernel sees at a time.' }),
      workgroup_bytes: Type.Integer({ description: 'The memory that the threads of a group share.' }),
      workgroup_threads: Type.Integer(),
    }),
  },
  { description: 'Of the engine `webgpu`: the GPU and its limits.' },
);

export const EngineChoice = (description: string) =>
  Type.Object(
    {
      name: Type.String(),
      device: Type.String(),
      adapter: Type.Optional(Adapter),
      reason: Type.String({ description: 'Why this engine was chosen.' }),
    },
    { description },
  );

export const JobError = (description: string) =>
  Type.Object({ code: Type.Unsafe<ErrorCode>({ type: 'string' }), message: Type.String() }, { description });

export const progressExample = {
  epoch: 5,
  epochs: 5,
  step: 4690,
  steps: 4690,
  fraction: 1,
  samples_per_second: 42_137.4,
  eta_seconds: 0,
  train_loss: 0.0261,
  train_accuracy: 0.9921,
};

export const metricsExample = {
  epoch: 5,
  step: 4690,
  train_loss: 0.0261,
  train_accuracy: 0.9921,
  test_loss: 0.0709,
  test_accuracy: 0.9784,
};
