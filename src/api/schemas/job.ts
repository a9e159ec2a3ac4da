/** Jobs as they are answered. */
import Type from 'typebox';
import type { ErrorCode } from '../../errors.js';
import { optimizerDefaults } from '../../jobs/optimizer-request.js';
import { losses } from '../../model/loss.js';
import { component, listOf, nullable } from './component.js';
import { Network, networkExample } from './network.js';
import { Optimizer } from './optimizer.js';

/** What a job's id looks like. */
const jobIdPattern = '^job_[0-9A-Z]{26}$';

const jobIdExample = 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFG';

const Time = (description: string) => Type.String({ format: 'date-time', description });

const JobSpec = Type.Object(
  {
    network: Network.ref,
    loss: Type.Enum([...losses], { type: 'string' }),
    optimizer: Optimizer.ref,
    epochs: Type.Integer(),
    batch_size: Type.Integer(),
    seed: Type.Integer(),
    engine: Type.String({ description: '`auto` or the name of the engine that was asked for.' }),
    publish: Type.Enum(['final', 'best', 'every_checkpoint'], { type: 'string' }),
  },
  { description: 'What decides the numbers, every default resolved.' },
);

const JobProgress = Type.Object({
  epoch: Type.Integer({ description: 'The epoch under way, from 1; 0 before the first step.' }),
  epochs: Type.Integer(),
  step: Type.Integer({ description: 'Steps done.' }),
  steps: Type.Integer({ description: 'Steps of the whole job.' }),
  fraction: Type.Number({ description: 'step / steps.' }),
  samples_per_second: nullable(Type.Number()),
  eta_seconds: nullable(Type.Number({ description: 'Time left, by the pace so far.' })),
  train_loss: nullable(Type.Number({ description: 'Mean over the epoch so far.' })),
  train_accuracy: nullable(Type.Number({ description: 'From 0 to 1, over the epoch so far.' })),
});

const EpochMetrics = Type.Object(
  {
    epoch: Type.Integer(),
    step: Type.Integer({ description: 'Steps done at the end of the epoch.' }),
    train_loss: Type.Number({ description: 'Mean over the epoch, each batch before its update.' }),
    train_accuracy: Type.Number({ description: 'From 0 to 1, over the same.' }),
    test_loss: Type.Number({ description: 'Over the test split, after the epoch.' }),
    test_accuracy: Type.Number({ description: 'From 0 to 1, over the same.' }),
  },
  { description: 'Of the last epoch done; null before the first one is.' },
);

const EngineChoice = Type.Object(
  {
    name: Type.String(),
    device: Type.String(),
    reason: Type.String({ description: 'Why this engine was chosen.' }),
  },
  { description: 'What trains; null before the start.' },
);

const JobError = Type.Object(
  { code: Type.Unsafe<ErrorCode>({ type: 'string' }), message: Type.String() },
  { description: 'Why the job failed; null unless it did.' },
);

const jobExample = {
  id: jobIdExample,
  object: 'job' as const,
  status: 'succeeded' as const,
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
  },
  progress: {
    epoch: 5,
    epochs: 5,
    step: 4690,
    steps: 4690,
    fraction: 1,
    samples_per_second: 42_137.4,
    eta_seconds: 0,
    train_loss: 0.0261,
    train_accuracy: 0.9921,
  },
  metrics: {
    epoch: 5,
    step: 4690,
    train_loss: 0.0261,
    train_accuracy: 0.9921,
    test_loss: 0.0709,
    test_accuracy: 0.9784,
  },
  engine: { name: 'reference', device: 'cpu', reason: 'the fastest that can run here' },
  attempts: 1,
  resumed_from_step: null,
  error: null,
  created_at: '2026-01-02T03:04:05.678Z',
  started_at: '2026-01-02T03:04:06.012Z',
  finished_at: '2026-01-02T03:04:16.345Z',
  metadata: { purpose: 'a first try' },
};

export const newJobExample = {
  ...jobExample,
  status: 'queued' as const,
  version: null,
  progress: {
    ...jobExample.progress,
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
  finished_at: null,
};

export const Job = component(
  'Job',
  Type.Object(
    {
      id: Type.String({ pattern: jobIdPattern, description: 'Ids sort by the time of creation.' }),
      object: Type.Literal('job'),
      status: Type.Enum(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'], {
        type: 'string',
      }),
      model: Type.String({ description: 'The name under which it is published.' }),
      version: nullable(
        Type.Integer({ description: 'The version published last; null before the first one.' }),
      ),
      dataset: Type.String(),
      spec: JobSpec,
      progress: JobProgress,
      metrics: nullable(EpochMetrics),
      engine: nullable(EngineChoice),
      attempts: Type.Integer({ description: 'How often a worker took the job up.' }),
      resumed_from_step: nullable(
        Type.Integer({ description: 'Where the last attempt went on; null when it began at the beginning.' }),
      ),
      error: nullable(JobError),
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
