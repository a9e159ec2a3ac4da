/** What happens to a job, as events: in pages and as a stream. */
import type { Readable } from 'node:stream';
import Type, { type Static, type TProperties } from 'typebox';
import { component, listOf, nullable } from '../../lib/named-schema.js';
import {
  endStatuses,
  EngineChoice,
  EpochMetrics,
  JobError,
  JobProgress,
  jobStatuses,
  metricsExample,
  Time,
} from './training-schemas.js';

function event<T extends string, P extends TProperties>(type: T, body: P, description: string) {
  const name = `${type.charAt(0).toUpperCase()}${type.slice(1)}Event`;
  const properties = {
    seq: Type.Integer({ description: 'Counts from 1 without gaps within a job.' }),
    time: Time('When it happened.'),
    type: Type.Literal(type),
    ...body,
  };
  return component(name, Type.Object(properties, { description }));
}

const Step = Type.Integer({ description: 'Steps done.' });

/** By type. */
export const jobEvents = [
  event(
    'status',
    {
      status: Type.Enum([...jobStatuses], { type: 'string' }),
      attempt: Type.Optional(
        Type.Integer({ description: 'Of `running` only: how often a worker has taken the job up.' }),
      ),
      error: Type.Optional(
        nullable(
          JobError(
            'Of `queued`: why the last attempt got no further, or null. Of an end: why the job failed, or null.',
          ),
        ),
      ),
    },
    'The job has another status.',
  ),
  event(
    'started',
    {
      engine: EngineChoice('What trains.'),
      resumed_from_step: nullable(
        Type.Integer({ description: 'Where the training goes on; null when it begins at the beginning.' }),
      ),
    },
    'The training begins or goes on.',
  ),
  event('progress', { progress: JobProgress }, 'How far the training has come.'),
  event('metrics', { metrics: EpochMetrics('Of the epoch.') }, 'An epoch is done.'),
  event('checkpoint', { step: Step }, 'A checkpoint is complete.'),
  event('published', { version: Type.Integer(), step: Step }, 'The model has a new version.'),
  event(
    'log',
    { level: Type.Enum(['warn', 'error'], { type: 'string' }), message: Type.String() },
    'Something went wrong and was dealt with.',
  ),
  event(
    'missing',
    {
      first_seq: Type.Integer({ description: 'The first one that is missing; the last one is `seq`.' }),
      status: nullable(
        Type.Enum([...jobStatuses], {
          type: 'string',
          description: 'To which the missing events brought the job; null where that is not known.',
        }),
      ),
      message: Type.String(),
    },
    'Stands in place of events that a damaged file has lost.',
  ),
  event(
    'done',
    {
      status: Type.Enum([...endStatuses], { type: 'string' }),
      version: nullable(Type.Integer({ description: 'The version published last; null for none.' })),
      error: nullable(JobError('Why the job failed; null unless it did.')),
    },
    'The job has ended. The last event.',
  ),
] as const;

export const JobEvent = component(
  'JobEvent',
  Type.Unsafe<Static<(typeof jobEvents)[number]['schema']>>({
    description: 'Something that happened to a job.',
    oneOf: jobEvents.map(({ ref }) => ref),
    discriminator: {
      propertyName: 'type',
      mapping: Object.fromEntries(
        jobEvents.map(({ name, schema }) => [schema.properties.type.const, `#/components/schemas/${name}`]),
      ),
    },
  }),
);

const eventExample = {
  seq: 7,
  time: '2026-01-02T03:04:16.198Z',
  type: 'metrics' as const,
  metrics: metricsExample,
};

export const JobEventList = component(
  'JobEventList',
  listOf(JobEvent, 'A page of events, in order.', eventExample),
);

export const JobEventStream = component(
  'JobEventStream',
  Type.Unsafe<Readable>({
    type: 'string',
    description:
      'Server-sent events: `id` is the `seq` of a JobEvent, `event` its `type`, and `data` the event as JSON.',
    examples: [`retry: 2000\nid: 7\nevent: metrics\ndata: ${JSON.stringify(eventExample)}\n\n`],
  }),
);

const seqBefore = 'The `seq` of the last event that is known: what comes after it is answered.';

export const JobEventPage = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: seqBefore })),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 100,
        description: 'Events in a page. A stream has no pages.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Node.js has the names in lower case, and Fastify looks for them so. */
export const JobEventHeaders = Type.Unsafe<{ 'last-event-id'?: string }>(
  Type.Object({
    'Last-Event-ID': Type.Optional(
      Type.String({
        pattern: '^\\d{1,15}$',
        description: 'As `after`, which it overrules: clients send it when they come back to a stream.',
      }),
    ),
  }),
);
