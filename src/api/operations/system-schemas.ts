/** What an operator sees of the process that answers, and of what it stands on. */
import Type from 'typebox';
import type { JobStatus } from '../../jobs/runs/run-events.js';
import { component, nullable } from '../../lib/named-schema.js';

const QueueState = Type.Object({
  name: Type.String({
    description: '`training-…` holds the jobs that ask for an engine which not every worker has.',
  }),
  waiting: Type.Integer(),
  active: Type.Integer(),
  workers: nullable(
    Type.Integer({
      description: 'Connected to the queue, busy or not; null where the datastore does not say.',
    }),
  ),
});

const EngineHere = Type.Object({
  name: Type.String(),
  installed: Type.Boolean(),
  predicts: Type.Boolean({ description: 'Whether this process predicts with it.' }),
  device: nullable(Type.String({ description: 'What it runs on; null where this process does not use it.' })),
  reason: nullable(Type.String({ description: 'Why it is not installed; null where it is.' })),
});

const CheckOutcome = Type.Object({
  name: Type.String(),
  status: Type.Enum(['ok', 'failed'], { type: 'string' }),
  reason: nullable(Type.String({ description: 'Why it failed; null where it works.' })),
});

export const System = component(
  'System',
  Type.Object(
    {
      object: Type.Literal('system'),
      version: Type.String({ description: 'Of the service.' }),
      node: Type.String({ description: 'The version of Node.js.' }),
      role: Type.Enum(['all', 'api', 'worker'], { type: 'string' }),
      started_at: Type.String({ format: 'date-time', description: 'When the process started.' }),
      threads: Type.Integer({ description: 'That one training may use here.' }),
      memory_bytes: Type.Integer({ description: 'That the process holds.' }),
      queue: Type.Object({
        place: Type.String({ description: 'Kind and location of the datastore, without secrets.' }),
        queues: nullable(Type.Array(QueueState, { description: 'null while the queue does not answer.' })),
      }),
      engines: Type.Array(EngineHere, { description: 'Of this process, the fastest first.' }),
      storage: Type.Object({
        place: Type.String({ description: 'Kind and location, without secrets.' }),
        free_bytes: nullable(Type.Integer({ description: 'Of the disk; null where it is not known.' })),
        size_bytes: nullable(Type.Integer({ description: 'Of the disk; null where it is not known.' })),
      }),
      jobs: Type.Unsafe<Partial<Record<JobStatus, number>>>({
        type: 'object',
        additionalProperties: { type: 'integer' },
        description: 'How many jobs have each status. Left out are those that none has.',
      }),
      damaged_jobs: Type.Integer({ description: 'Jobs whose files cannot be read.' }),
      datasets: Type.Integer({ description: 'With the built-in ones; a few seconds old.' }),
      models: Type.Integer(),
      checks: Type.Array(CheckOutcome, { description: 'Those of `/health/ready`, with reasons.' }),
      warnings: Type.Array(Type.String(), { description: 'Problems of single models that need attention.' }),
      queue_board: Type.Boolean({ description: 'Whether /admin/queues shows the jobs in the queues.' }),
    },
    {
      description: 'The process that answers, and what it stands on.',
      examples: [
        {
          object: 'system',
          version: '0.1.0',
          node: 'v20.19.0',
          role: 'all',
          started_at: '2026-01-02T03:04:05.678Z',
          threads: 2,
          memory_bytes: 182_000_000,
          queue: {
            place: 'embedded (PGlite)',
            queues: [{ name: 'training', waiting: 0, active: 1, workers: 1 }],
          },
          engines: [{ name: 'wasm', installed: true, predicts: true, device: '2 threads', reason: null }],
          storage: { place: 'file:/srv/data', free_bytes: 52_000_000_000, size_bytes: 100_000_000_000 },
          jobs: { succeeded: 12, running: 1 },
          damaged_jobs: 0,
          datasets: 3,
          models: 2,
          checks: [{ name: 'queue', status: 'ok', reason: null }],
          warnings: [],
          queue_board: false,
        },
      ],
    },
  ),
);
