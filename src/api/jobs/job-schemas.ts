/** Jobs as they are answered. */
import Type from 'typebox';
import { webhookEvents } from '../../jobs/runs/documents.js';
import { optimizerDefaults } from '../../jobs/intake/resolve-optimizer.js';
import { defaults } from '../../jobs/intake/resolve-spec.js';
import { losses } from '../../model/network/losses.js';
import { component, listOf, nullable } from '../../lib/named-schema.js';
import { metadata } from './request-schema.js';
import {
  Network,
  networkExample,
  EngineChoice,
  EpochMetrics,
  JobError,
  JobProgress,
  jobStatuses,
  metricsExample,
  progressExample,
  Time,
} from './training-schemas.js';
import { Optimizer } from './optimizer-schemas.js';

/** What a job's id looks like. */
const jobIdPattern = '^job_[0-9A-Z]{26}$';

const jobIdExample = 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG';

export const TrainingSpec = Type.Object(
  {
    network: Network.ref,
    loss: Type.Enum([...losses], { type: 'string' }),
    optimizer: Optimizer.ref,
    epochs: Type.Integer(),
    batch_size: Type.Integer(),
    seed: Type.Integer(),
    engine: Type.String({ description: '`auto` or the name of the engine that was asked for.' }),
    publish: Type.Enum(['final', 'best', 'every_checkpoint'], { type: 'string' }),
    checkpoint: Type.Object(
      {
        every_steps: nullable(Type.Integer()),
        every_seconds: nullable(Type.Number()),
        keep: Type.Integer(),
      },
      { description: 'Both null where neither was asked for.' },
    ),
  },
  { description: 'What is trained and kept, every default resolved.' },
);

const Webhook = Type.Object(
  {
    url: Type.String(),
    events: Type.Array(Type.Enum([...webhookEvents], { type: 'string' })),
  },
  { description: 'Who is told what becomes of the job; null for nobody.' },
);

const JobQueue = Type.Object(
  {
    name: Type.String(),
    waiting: Type.Integer({ description: 'Jobs in it, as of a moment ago.' }),
    workers: nullable(
      Type.Integer({
        description:
          'Workers that are connected to it, busy or not. With 0 nobody takes its jobs up, and they wait until somebody ' +
          'does. null where the datastore does not tell.',
      }),
    ),
  },
  { description: 'Where the job waits; null when it does not, or when the queue does not answer.' },
);

export const jobExample = {
  id: jobIdExample,
  object: 'job' as const,
  status: 'succeeded' as const,
  queue: null,
  model: 'mnist-mlp',
  version: 1,
  dataset: 'mnist',
  spec: {
    network: networkExample,
    loss: 'cross_entropy' as const,
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
  progress: progressExample,
  metrics: metricsExample,
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
  progress: {
    ...progressExample,
    epoch: 2,
    step: 1407,
    fraction: 0.3,
    eta_seconds: 5,
    train_accuracy: 0.9617,
  },
  metrics: { ...metricsExample, epoch: 1, step: 938, train_accuracy: 0.9269, test_accuracy: 0.9566 },
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
      model: Type.String({ description: 'The name under which it is published.' }),
      version: nullable(
        Type.Integer({ description: 'The version published last; null before the first one.' }),
      ),
      dataset: Type.String(),
      spec: TrainingSpec,
      priority: Type.Integer({ description: 'Of the jobs that wait, the one with the highest goes first.' }),
      time_limit_seconds: nullable(
        Type.Integer({ description: 'For how long it may be trained; null: no limit.' }),
      ),
      webhook: nullable(Webhook),
      progress: JobProgress,
      metrics: nullable(EpochMetrics('Of the last epoch done; null before the first one is.')),
      engine: nullable(EngineChoice('What trains; null before the start.')),
      attempts: Type.Integer({ description: 'How often a worker took the job up.' }),
      last_error: nullable(
        JobError('Why the last attempt got no further; null when nothing went wrong since.'),
      ),
      resumed_from_step: nullable(
        Type.Integer({ description: 'Where the last attempt went on; null when it began at the beginning.' }),
      ),
      error: nullable(JobError('Why the job failed; null unless it did.')),
      created_at: Time('When the job was taken in.'),
      started_at: nullable(Time('When a worker took the job up first.')),
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

export const JobList = component('JobList', listOf(Job, 'A page of jobs, newest first.', jobExample));

export const JobParams = Type.Object({
  id: Type.String({ description: 'The job’s id, as `POST /v1/jobs` answered it.', examples: [jobIdExample] }),
});

export const JobPage = Type.Object(
  {
    status: Type.Optional(
      Type.Enum([...jobStatuses], { type: 'string', description: 'Only the jobs of this status.' }),
    ),
    model: Type.Optional(
      Type.String({ description: 'Only the jobs whose result is published under this name.' }),
    ),
    dataset: Type.Optional(Type.String({ description: 'Only the jobs that train on this dataset.' })),
    metadata: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        ...metadata,
        default: {},
        description: 'Only the jobs with each of these notes: `metadata[owner]=ada&metadata[trial]=3`.',
      }),
    ),
    after: Type.Optional(
      Type.String({
        pattern: jobIdPattern,
        description: 'The id of the last job of the page before: the page begins with the next older one.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Jobs in a page.' }),
    ),
  },
  { additionalProperties: false },
);
