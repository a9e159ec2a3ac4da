/** The records of a job: its curve, its checkpoints, and the attempts to call its webhook. */
import type { Readable } from 'node:stream';
import Type, { type Static } from 'typebox';
import { component, listOf, nullable } from '../../lib/named-schema.js';
import { EpochMetrics, metricsExample, Time } from './training-schemas.js';
import { webhookEvents } from '../../jobs/runs/run-spec.js';

const ProgressPoint = Type.Object({
  time: Time('When it was looked at.'),
  member: Type.Optional(Type.Integer({ description: 'Of an ensemble.' })),
  epoch: Type.Integer({ description: 'The epoch under way.' }),
  step: Type.Integer({ description: 'Steps done.' }),
  train_loss: nullable(Type.Number({ description: 'Mean over the epoch so far.' })),
  samples_per_second: nullable(Type.Number()),
});

export const MetricsList = component(
  'MetricsList',
  Type.Object(
    {
      object: Type.Literal('list'),
      data: Type.Array(EpochMetrics('Metrics of one epoch.'), { description: 'In the order of the epochs.' }),
      epochs_done: Type.Integer({
        description: 'The number of finished epochs; above the number of points when the curve was thinned.',
      }),
      last_seq: Type.Integer({
        description: 'The `seq` of the last event that the curve is of. Follow the events `after` it.',
      }),
      progress: Type.Optional(
        Type.Array(ProgressPoint, {
          description: 'With `include=progress`: looks at the training, in order.',
        }),
      ),
    },
    {
      description: 'The metrics of the finished epochs.',
      examples: [{ object: 'list', data: [metricsExample], epochs_done: 5, last_seq: 31 }],
    },
  ),
);

export const MetricsQuery = Type.Object(
  {
    max_points: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 10_000,
        default: 500,
        description:
          'At most this many epochs: the first, the last, and of each stretch between those with the lowest and the ' +
          'highest loss of the validation rows, else of the test or training rows.',
      }),
    ),
    include: Type.Optional(
      Type.Enum(['progress'], {
        type: 'string',
        description: '`progress` adds how the loss went within the epochs, at most `max_points` looks.',
      }),
    ),
  },
  { additionalProperties: false },
);

const counts = (description: string) => Type.Array(Type.Integer(), { description });

const EpochOutcomes = Type.Object(
  {
    member: Type.Optional(Type.Integer({ description: 'Of an ensemble: whose epoch it is.' })),
    epoch: Type.Integer(),
    split: Type.Enum(['validation', 'test'], { type: 'string', description: 'Whose rows they are.' }),
    rows: Type.Integer(),
    labels: Type.Optional(
      Type.Array(Type.String(), { description: 'Of classes, in the order of `confusion`.' }),
    ),
    confusion: Type.Optional(
      Type.Array(counts('Of one class, by the class that the network finds likeliest.'), {
        description: 'Of classes: a row for each class.',
      }),
    ),
    values: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String(),
          edges: Type.Array(Type.Number(), {
            description: 'Between the bins, of prediction − actual value.',
          }),
          counts: counts('Rows in each bin. The outermost bins hold also what lies beyond.'),
          pairs: Type.Array(Type.Array(Type.Number()), {
            description: '[actual value, prediction] of some rows, evenly spaced in the split.',
          }),
        }),
        {
          description: 'Of values, the first of them: how far predictions are off, in the unit of the value.',
        },
      ),
    ),
  },
  { description: 'How the answers of an epoch came out.' },
);

export const OutcomesList = component(
  'OutcomesList',
  Type.Object(
    {
      object: Type.Literal('list'),
      data: Type.Array(EpochOutcomes, { description: 'In the order of the epochs.' }),
      recorded: Type.Integer({
        description: 'Epochs that are recorded; more than `data` has when it was thinned.',
      }),
    },
    {
      description: 'How the mistakes change from epoch to epoch.',
      examples: [
        {
          object: 'list',
          data: [
            {
              epoch: 5,
              split: 'validation',
              rows: 100,
              labels: ['no', 'yes'],
              confusion: [
                [61, 4],
                [7, 28],
              ],
            },
          ],
          recorded: 5,
        },
      ],
    },
  ),
);

export const OutcomesQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, default: 0, description: 'Only of events with a higher `seq`.' }),
    ),
    max_points: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 1_000,
        default: 200,
        description:
          'At most this many epochs, evenly spaced among those recorded, with the first and the last.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const SplitCsv = component(
  'SplitCsv',
  Type.Unsafe<Readable>({
    type: 'string',
    description:
      'CSV with a header: `row`, counted from 0, and `split`: `train`, `validation`, `test`, or `left_out` for rows ' +
      'without a target and others that the job does not use.',
    examples: ['row,split\n0,train\n1,train\n2,validation\n3,test\n'],
  }),
);

export const Checkpoint = component(
  'Checkpoint',
  Type.Object(
    {
      object: Type.Literal('checkpoint'),
      step: Type.Integer({ description: 'Steps done.' }),
      member: Type.Optional(
        Type.Integer({
          description: 'Of an ensemble: the member that was trained. Those before it are trained.',
        }),
      ),
      epoch: Type.Integer({ description: 'Epochs done; of an ensemble, by that member.' }),
      size_bytes: Type.Integer(),
      created_at: Time('When it was completed.'),
    },
    { description: 'A state from which the training can resume.' },
  ),
);

export const CheckpointList = component(
  'CheckpointList',
  listOf(Checkpoint, 'The checkpoints that are kept, newest first.', {
    object: 'checkpoint',
    step: 4690,
    epoch: 5,
    size_bytes: 2_445_112,
    created_at: '2026-01-02T03:04:16.215Z',
  }),
);

export const WebhookDelivery = component(
  'WebhookDelivery',
  Type.Object(
    {
      event_seq: Type.Integer({ description: "The `seq` of the job's event that was sent." }),
      type: Type.Enum([...webhookEvents], { type: 'string' }),
      attempt: Type.Integer({ description: 'Counts from 1.' }),
      sent_at: Time('When the request was sent.'),
      status_code: nullable(Type.Integer({ description: 'Status of the answer; null without an answer.' })),
      error: nullable(Type.String({ description: 'Why there was no answer; null with an answer.' })),
      duration_ms: Type.Number({ description: 'From the request to the answer.' }),
      outcome: Type.Enum(['delivered', 'failed', 'gave_up'], {
        type: 'string',
        description: '`failed` will be tried again; `gave_up` was the last attempt.',
      }),
      next_attempt_at: nullable(Time('When the next attempt is due; null without one.')),
    },
    { description: 'One attempt to send an event to the webhook.' },
  ),
);

export type WebhookDelivery = Static<typeof WebhookDelivery.schema>;

export const WebhookDeliveryList = component(
  'WebhookDeliveryList',
  listOf(WebhookDelivery, 'The attempts, in the order in which they were made.', {
    event_seq: 42,
    type: 'job.succeeded',
    attempt: 1,
    sent_at: '2026-01-02T03:04:16.402Z',
    status_code: 503,
    error: null,
    duration_ms: 38,
    outcome: 'failed',
    next_attempt_at: '2026-01-02T03:04:21.440Z',
  }),
);
