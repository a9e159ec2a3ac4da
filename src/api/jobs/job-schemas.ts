/** Jobs as the API shows them. */
import Type from 'typebox';
import {
  columnRoles,
  monitors,
  presets,
  publishPolicies,
  webhookEvents,
  type RunSpec,
  type TableSpec,
} from '../../jobs/runs/run-spec.js';
import { splitKinds } from '../../data/splits.js';
import { optimizerDefaults } from '../../jobs/intake/resolve-optimizer.js';
import { defaults } from '../../jobs/intake/defaults.js';
import { augmentationAmounts, type Augmentation } from '../../model/augmentation/amounts.js';
import { losses } from '../../model/network/losses.js';
import { encodings } from '../../model/preprocessing/table.js';
import { component, listOf, nullable, pageSize } from '../../lib/named-schema.js';
import { PictureInput } from '../../lib/picture-schema.js';
import { cellTypes } from '../../lib/cells/cell-format.js';
import { metadata } from './request-parts.js';
import {
  BestEpoch,
  Publication,
  reproducedProperties,
  Network,
  networkExample,
  EngineChoice,
  EpochMetrics,
  JobError,
  JobProgress,
  jobStatuses,
  metricsExample,
  progressExample,
  Stopped,
  Time,
} from './training-schemas.js';
import { EvaluationSummary, Threshold } from './evaluation-schemas.js';
import { Optimizer } from './optimizer-schemas.js';

/** The form of a job's id. */
const jobIdPattern = '^job_[0-9A-Z]{26}$';

const jobIdExample = 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG';

const ShownColumn = Type.Object({
  name: Type.String(),
  role: Type.Enum([...columnRoles], { type: 'string' }),
  type: Type.Enum([...cellTypes], { type: 'string', description: 'How the job reads its cells.' }),
  unreadable: Type.Optional(
    Type.Integer({
      description: 'Cells that are not of the type, and count as missing. Left out when there are none.',
    }),
  ),
});

const RowCounts = Type.Object(
  {
    train: Type.Integer(),
    validation: Type.Integer(),
    test: Type.Integer(),
    left_out: Type.Integer({ description: 'In none of the splits.' }),
    without_target: Type.Integer({ description: 'Those of `left_out` whose target is missing.' }),
  },
  { description: 'How many rows of the table are in each split.' },
);

export const TrainingSpec = Type.Object(
  {
    task: Type.Enum(['classification', 'regression'], {
      type: 'string',
      description: 'By what the dataset has to learn: classes or values.',
    }),
    target: Type.Optional(
      Type.Array(Type.String(), { description: 'The columns to predict, where the dataset is a table.' }),
    ),
    columns: Type.Optional(
      Type.Array(ShownColumn, { description: 'What the job does with each column of the table.' }),
    ),
    class_weight: Type.Optional(
      Type.Unsafe<TableSpec['class_weight']>({
        type: ['string', 'object'],
        additionalProperties: { type: 'number' },
        description: '`none`, `balanced`, or how much the classes weigh, by label.',
      }),
    ),
    encoding: Type.Optional(
      Type.Enum([...encodings], {
        type: 'string',
        description: 'How the columns of the table become inputs; see the request.',
      }),
    ),
    bins: Type.Optional(Type.Integer({ description: 'Of the encoding `piecewise`; see the request.' })),
    rows: Type.Optional(RowCounts),
    preset: Type.Optional(Type.Enum([...presets], { type: 'string' })),
    reasons: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'Why the preset chose as it did, by field. A field that the request named has no reason here.',
      }),
    ),
    init_from: Type.Optional(
      Type.Object(
        { model: Type.String(), version: Type.Integer(), sha256: Type.String() },
        { description: 'The published version that training starts from, and the SHA-256 of its file.' },
      ),
    ),
    reproduce: Type.Optional(
      Type.Object(
        {
          model: Type.String(),
          version: Type.Integer(),
          sha256: Type.String(),
          job_id: Type.String({ description: 'The job that trained it.' }),
          step: Type.Integer({ description: 'After which step of that job it was published.' }),
          device: nullable(Type.String({ description: 'What it was trained on.' })),
        },
        { description: 'The published version that is trained again, and the SHA-256 of its file.' },
      ),
    ),
    image: Type.Optional(
      Type.Object(PictureInput.properties, {
        description: 'The input that a picture becomes, where the dataset is pictures.',
      }),
    ),
    network: Network.ref,
    loss: Type.Enum([...losses], {
      type: 'string',
      description: '`one_hot_mse` is the mean squared error against 1 for the class and 0 for the others.',
    }),
    split: Type.Unsafe<RunSpec['split']>({
      type: 'object',
      required: ['validation'],
      properties: {
        by: { type: 'string', enum: [...splitKinds], description: 'How the rows of a table are divided.' },
        column: { type: 'string', nullable: true, description: 'The column that divides the rows, or null.' },
        validation: {
          type: 'number',
          description: 'The fraction of the rows that is set apart for validation.',
        },
        test: {
          type: 'number',
          description: 'The fraction of the rows of a table that is set apart to test.',
        },
      },
    }),
    optimizer: Optimizer.ref,
    augment: Type.Optional(
      Type.Object(
        Object.fromEntries(augmentationAmounts.map((name) => [name, Type.Number()])) as Record<
          keyof Augmentation,
          Type.TNumber
        >,
        {
          description: 'How the training pictures are changed for each epoch. Left out: they are not.',
        },
      ),
    ),
    label_smoothing: Type.Optional(Type.Number({ description: 'Left out where it is 0.' })),
    ensemble: Type.Optional(
      Type.Integer({
        description: 'Networks that are trained and answer with their mean. Left out: one.',
      }),
    ),
    epochs: Type.Integer({
      description: 'At most, where there is a `patience`; of each member of an ensemble.',
    }),
    monitor: Type.Optional(
      Type.Enum([...monitors], {
        type: 'string',
        description: 'The figure of the validation split that decides. Left out: the loss.',
      }),
    ),
    patience: Type.Optional(
      Type.Integer({ description: 'Epochs without a better one that end training. Left out: none do.' }),
    ),
    min_epochs: Type.Optional(Type.Integer({ description: 'Training does not stop early before.' })),
    rungs: Type.Optional(
      Type.Array(Type.Object({ epoch: Type.Integer(), bound: Type.Number() }), {
        description:
          'Of a trial: it stops after `epoch` unless its best epoch so far reaches `bound` by `monitor`. Left out: no rung stops it.',
      }),
    ),
    calibrated: Type.Optional(
      Type.Unsafe<true>({
        type: 'boolean',
        description: 'Whether the probabilities are calibrated. Left out: no.',
      }),
    ),
    threshold: Threshold(
      'From which probability on a row gets the label of the positive class, as asked for.',
    ),
    positive: Type.Optional(
      Type.String({ description: 'The label that was asked for as the positive one.' }),
    ),
    batch_size: Type.Integer(),
    seed: Type.Integer(),
    engine: Type.String({ description: '`auto`, or the name of the engine that was requested.' }),
    publish: Type.Enum([...publishPolicies], { type: 'string' }),
    publish_if: Type.Optional(
      Type.Unsafe<NonNullable<RunSpec['publish_if']>>({
        type: ['string', 'object'],
        properties: {
          metric: { type: 'string' },
          at_least: { type: 'number' },
          at_most: { type: 'number' },
          better_than: { type: 'string' },
        },
        description: 'What a version must reach to be served as `latest`. Left out by older jobs: nothing.',
      }),
    ),
    checkpoint: Type.Object(
      {
        every_steps: nullable(Type.Integer()),
        every_seconds: nullable(Type.Number()),
        keep: Type.Integer(),
      },
      { description: 'Both intervals are null where the request gave neither.' },
    ),
  },
  { description: 'What is trained and stored, with every default filled in.' },
);

const Webhook = Type.Object(
  {
    url: Type.String(),
    events: Type.Array(Type.Enum([...webhookEvents], { type: 'string' })),
  },
  { description: 'Where events of the job are sent; null for nowhere.' },
);

const JobQueue = Type.Object(
  {
    name: Type.String(),
    waiting: Type.Integer({ description: 'Jobs in the queue, a moment ago.' }),
    workers: nullable(
      Type.Integer({
        description:
          'Workers connected to the queue, busy or not. With 0, its jobs wait until a worker connects. null where ' +
          'the datastore does not say.',
      }),
    ),
  },
  {
    description:
      'The queue in which the job waits; null when it does not wait, or when the queue does not answer.',
  },
);

export const jobExample = {
  id: jobIdExample,
  object: 'job' as const,
  status: 'succeeded' as const,
  queue: null,
  model: 'mnist-mlp',
  version: 1,
  publication: { version: 1, step: 4690, served: true, held: false, pinned_to: null, reasons: [] },
  dataset: 'mnist',
  dataset_version: 1,
  spec: {
    task: 'classification' as const,
    network: networkExample,
    loss: 'cross_entropy' as const,
    split: { validation: 0 },
    optimizer: optimizerDefaults.adam,
    epochs: 5,
    batch_size: 64,
    seed: 0,
    engine: 'auto',
    publish: 'final' as const,
    checkpoint: { every_steps: null, every_seconds: null, keep: defaults.checkpoint.keep },
  },
  priority: defaults.priority,
  time_limit_seconds: null,
  webhook: null,
  sweep_id: null,
  trial: null,
  progress: progressExample,
  metrics: metricsExample,
  best_epoch: null,
  best_metrics: null,
  stopped: { reason: 'epochs' as const, epoch: 5, best_epoch: null },
  engine: { name: 'reference', device: 'cpu', reason: 'the fastest that can run here' },
  attempts: 1,
  last_error: null,
  resumed_from_step: null,
  error: null,
  created_at: '2026-01-02T03:04:05.678Z',
  started_at: '2026-01-02T03:04:06.012Z',
  finished_at: '2026-01-02T03:04:16.345Z',
  metadata: { purpose: 'a first try' },
};

const queueExample = { name: 'training', waiting: 1, workers: 1 };

const underWayExample = {
  ...jobExample,
  version: null,
  publication: null,
  progress: {
    ...progressExample,
    epoch: 2,
    step: 1407,
    fraction: 0.3,
    eta_seconds: 5,
    train_accuracy: 0.9617,
  },
  metrics: { ...metricsExample, epoch: 1, step: 938, train_accuracy: 0.9269, test_accuracy: 0.9566 },
  stopped: null,
  finished_at: null,
};

export const jobExamples = {
  new: {
    ...underWayExample,
    status: 'queued' as const,
    queue: queueExample,
    progress: {
      ...progressExample,
      epoch: 0,
      step: 0,
      fraction: 0,
      samples_per_second: null,
      eta_seconds: null,
      train_loss: null,
      train_accuracy: null,
    },
    metrics: null,
    engine: null,
    attempts: 0,
    started_at: null,
  },
  running: { ...underWayExample, status: 'running' as const },
  paused: { ...underWayExample, status: 'paused' as const },
  resumed: { ...underWayExample, status: 'queued' as const, queue: queueExample },
  cancelled: {
    ...underWayExample,
    status: 'cancelled' as const,
    finished_at: '2026-01-02T03:04:09.123Z',
  },
};

export const Job = component(
  'Job',
  Type.Object(
    {
      id: Type.String({ pattern: jobIdPattern, description: 'Ids sort by the time of creation.' }),
      object: Type.Literal('job'),
      status: Type.Enum([...jobStatuses], { type: 'string' }),
      queue: nullable(JobQueue),
      model: Type.String({ description: 'The name under which the result is published.' }),
      version: nullable(
        Type.Integer({ description: 'The version that was published last; null before the first.' }),
      ),
      publication: nullable(Publication),
      dataset: Type.String(),
      dataset_version: nullable(
        Type.Integer({
          description: 'The version that it trains on; null for jobs that are older than this field.',
        }),
      ),
      spec: TrainingSpec,
      priority: Type.Integer({ description: 'Among waiting jobs, the highest priority goes first.' }),
      time_limit_seconds: nullable(
        Type.Integer({ description: 'For how long the job may train; null without a limit.' }),
      ),
      webhook: nullable(Webhook),
      sweep_id: nullable(Type.String({ description: 'The sweep that made the job, or null.' })),
      trial: nullable(
        Type.Integer({ description: 'Which trial of the sweep it is, counted from 1; null: it is none.' }),
      ),
      progress: JobProgress,
      metrics: nullable(EpochMetrics('Metrics of the last finished epoch; null before the first.')),
      reproduction: Type.Optional(
        Type.Object(reproducedProperties, {
          description: 'Of a job that trains a version again, once it has: whether the same bits came out.',
        }),
      ),
      evaluation: Type.Optional(EvaluationSummary.ref),
      best_epoch: BestEpoch,
      best_metrics: nullable(
        EpochMetrics('Metrics of the best epoch; null without validation rows, and for older jobs.'),
      ),
      stopped: nullable(Stopped),
      engine: nullable(EngineChoice('The engine that trains the job; null before the start.')),
      attempts: Type.Integer({ description: 'How many times a worker has started the job.' }),
      last_error: nullable(JobError('Why the last attempt stopped; null when nothing has gone wrong since.')),
      resumed_from_step: nullable(
        Type.Integer({
          description:
            'The step from which the last attempt resumed; null when it started from the beginning.',
        }),
      ),
      error: nullable(JobError('Why the job failed, or null.')),
      created_at: Time('When the job was accepted.'),
      started_at: nullable(Time('When a worker first started the job.')),
      finished_at: nullable(Time('When the job ended.')),
      metadata: Type.Unsafe<Record<string, string>>({
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'As it was sent.',
      }),
    },
    { description: 'A training job.', examples: [jobExample] },
  ),
);

export const JobPlan = component(
  'JobPlan',
  Type.Object(
    {
      object: Type.Literal('job_plan'),
      model: Job.schema.properties.model,
      dataset: Type.String(),
      dataset_version: nullable(Type.Integer({ description: 'The version that it would train on.' })),
      spec: TrainingSpec,
      parameters: Type.Integer({ description: 'Numbers that are learned, in all members of an ensemble.' }),
      steps: Type.Integer({ description: 'At most, where there is a `patience`.' }),
    },
    {
      description: 'What a request would train. Nothing of it is stored.',
      examples: [
        {
          object: 'job_plan',
          model: jobExample.model,
          dataset: jobExample.dataset,
          dataset_version: 1,
          spec: jobExample.spec,
          parameters: 203_530,
          steps: 4690,
        },
      ],
    },
  ),
);

export const JobList = component('JobList', listOf(Job, 'A page of jobs, newest first.', jobExample));

export const JobParams = Type.Object({
  id: Type.String({
    description: 'The id of the job, as `POST /v1/jobs` returned it.',
    examples: [jobIdExample],
  }),
});

export const JobPage = Type.Object(
  {
    status: Type.Optional(
      Type.Enum([...jobStatuses], { type: 'string', description: 'Only jobs with this status.' }),
    ),
    model: Type.Optional(Type.String({ description: 'Only jobs that publish under this name.' })),
    dataset: Type.Optional(Type.String({ description: 'Only jobs that train on this dataset.' })),
    dataset_version: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Only jobs that train on this version of their dataset.' }),
    ),
    sweep_id: Type.Optional(Type.String({ description: 'Only the jobs of this sweep.' })),
    metadata: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        ...metadata,
        default: {},
        description: 'Only jobs with all of these notes: `metadata[owner]=ada&metadata[trial]=3`.',
      }),
    ),
    after: Type.Optional(
      Type.String({
        pattern: jobIdPattern,
        description: 'The id of the last job on the page before. The page starts with the next older job.',
      }),
    ),
    limit: pageSize('Jobs'),
  },
  { additionalProperties: false },
);
