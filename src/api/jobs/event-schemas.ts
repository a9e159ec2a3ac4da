/** The events of a job, in pages and as a stream. */
import type { Readable } from 'node:stream';
import Type, { type Static, type TProperties } from 'typebox';
import { component, listOf, nullable } from '../../lib/named-schema.js';
import { EvaluationSummary } from './evaluation-schemas.js';
import {
  BestEpoch,
  endStatuses,
  EngineChoice,
  EpochMetrics,
  JobError,
  JobProgress,
  jobStatuses,
  metricsExample,
  publishedProperties,
  reproducedProperties,
  Stopped,
  Time,
} from './training-schemas.js';

function event<T extends string, P extends TProperties>(type: T, body: P, description: string) {
  const name = `${type.charAt(0).toUpperCase()}${type.slice(1)}Event`;
  const properties = {
    seq: Type.Integer({ description: 'Counts from 1 within a job, without gaps.' }),
    time: Time('When it happened.'),
    type: Type.Literal(type),
    ...body,
  };
  return component(name, Type.Object(properties, { description }));
}

const Step = Type.Integer({ description: 'Training steps done.' });

/** One schema for each type of event. */
export const jobEvents = [
  event(
    'status',
    {
      status: Type.Enum([...jobStatuses], { type: 'string' }),
      attempt: Type.Optional(
        Type.Integer({
          description: 'With `running`: how many times a worker has started the job, this time included.',
        }),
      ),
      error: Type.Optional(
        nullable(
          JobError(
            'With `queued`: why the last attempt stopped, or null. With an end status: why the job failed, or ' +
              'null.',
          ),
        ),
      ),
    },
    'The status of the job has changed.',
  ),
  event(
    'started',
    {
      engine: EngineChoice('The engine that trains the job.'),
      resumed_from_step: nullable(
        Type.Integer({
          description: 'The step from which the training resumes; null when it starts from the beginning.',
        }),
      ),
    },
    'The training has started or resumed.',
  ),
  event('progress', { progress: JobProgress }, 'Progress of the training.'),
  event(
    'metrics',
    { metrics: EpochMetrics('Metrics of the epoch.'), best_epoch: Type.Optional(BestEpoch) },
    'An epoch has finished.',
  ),
  event(
    'outcomes',
    {
      member: Type.Optional(Type.Integer({ description: 'Of an ensemble: whose epoch it is.' })),
      epoch: Type.Integer(),
    },
    'How the answers of an epoch came out is recorded: `GET /v1/jobs/{id}/outcomes`.',
  ),
  event('stopped', { stopped: Stopped }, 'The training is over.'),
  event('checkpoint', { step: Step }, 'A checkpoint has been saved.'),
  event(
    'evaluated',
    { step: Step, evaluation: EvaluationSummary.ref },
    'A network has been evaluated, and may be published next.',
  ),
  event('published', publishedProperties, 'A new version of the model has been published.'),
  event('reproduced', reproducedProperties, 'A version has been trained again, and compared with it.'),
  event(
    'log',
    { level: Type.Enum(['warn', 'error'], { type: 'string' }), message: Type.String() },
    'Something went wrong, and the service handled it.',
  ),
  event(
    'missing',
    {
      first_seq: Type.Integer({ description: 'The first missing event; `seq` is the last.' }),
      status: nullable(
        Type.Enum([...jobStatuses], {
          type: 'string',
          description: 'The status of the job after the missing events; null where it is unknown.',
        }),
      ),
      message: Type.String(),
    },
    'Takes the place of events that were lost with a damaged file.',
  ),
  event(
    'done',
    {
      status: Type.Enum([...endStatuses], { type: 'string' }),
      version: nullable(
        Type.Integer({ description: 'The version that was published last; null without one.' }),
      ),
      error: nullable(JobError('Why the job failed, or null.')),
    },
    'The job has ended. This is the last event.',
  ),
] as const;

export const JobEvent = component(
  'JobEvent',
  Type.Unsafe<Static<(typeof jobEvents)[number]['schema']>>({
    description: 'An event of a job.',
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
      'Server-sent events: `id` is the `seq` of a JobEvent, `event` is its `type`, and `data` is the event as ' +
      'JSON.',
    examples: [`retry: 2000\nid: 7\nevent: metrics\ndata: ${JSON.stringify(eventExample)}\n\n`],
  }),
);

const seqBefore = 'The `seq` of the last event that you have. The answer starts after it.';

export const JobEventPage = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: seqBefore })),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 100,
        description: 'Events on a page. A stream ignores it.',
      }),
    ),
    only: Type.Optional(
      Type.Enum(['milestones'], {
        type: 'string',
        description:
          '`milestones` leaves out `progress`, `metrics`, `outcomes` and `checkpoint`. A stream ignores it.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Node.js and Fastify use lower-case header names; the document uses the usual spelling. */
export const JobEventHeaders = Type.Unsafe<{ 'last-event-id'?: string }>(
  Type.Object({
    'Last-Event-ID': Type.Optional(
      Type.String({
        pattern: '^\\d{1,15}$',
        description:
          'Same as `after`, and takes precedence over it. Clients send it when they reconnect to a stream.',
      }),
    ),
  }),
);
