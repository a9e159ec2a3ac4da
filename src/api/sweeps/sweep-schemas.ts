/** Sweeps and their trials as the API takes and shows them. */
import Type from 'typebox';
import { monitors } from '../../jobs/runs/run-spec.js';
import { searchMethods, type Parameters, type Space } from '../../jobs/search/space.js';
import { mostParallel, mostTrials, sweepDefaults } from '../../jobs/sweeps/resolve-sweep.js';
import { sweepStatuses, trialStatuses } from '../../jobs/sweeps/sweep.js';
import { component, listOf, nullable, pageSize } from '../../lib/named-schema.js';
import { JobError, Time } from '../jobs/training-schemas.js';
import { JobRequest } from '../jobs/request-schema.js';

const idExample = 'sweep_01K6Z3V5T8Q4M2N7R9XWBCDEFG';
const jobExample = 'job_01K6Z3V5T8Q4M2N7R9XWBCDEFH';

const mostParameters = 64;
const mostValues = 1_000;

const parameter = {
  type: 'object',
  properties: {
    min: { type: 'number', description: 'The range includes both ends.' },
    max: { type: 'number' },
    scale: {
      type: 'string',
      enum: ['linear', 'log'],
      default: 'linear',
      description: '`log`: from 0.001 to 0.01 as likely as from 0.01 to 0.1.',
    },
    integer: { type: 'boolean', default: false },
    values: { type: 'array', minItems: 1, maxItems: mostValues, items: {}, description: 'Any JSON values.' },
  },
  additionalProperties: false,
  oneOf: [{ required: ['min', 'max'] }, { required: ['values'] }],
  description: 'A range of numbers, `min` to `max`, or a list of `values`.',
};

const Space = (description: string) =>
  Type.Unsafe<Space>({
    type: 'object',
    minProperties: 1,
    maxProperties: mostParameters,
    additionalProperties: parameter,
    description,
  });

/** In answers the space is as it was sent. */
const ShownSpace = Type.Unsafe<Space>({
  type: 'object',
  additionalProperties: { type: 'object', additionalProperties: true },
  description: 'What varies, by the path of a field of a job: a range of numbers, or a list of values.',
});

const ShownParameters = Type.Unsafe<Parameters>({
  type: 'object',
  additionalProperties: true,
  description: 'What the trial tries, by the path of a field of a job.',
});

const maxTrials = Type.Integer({
  minimum: 1,
  maximum: mostTrials,
  description:
    `How many trials there are, at most. By default ${sweepDefaults.max_trials.alone}, and ` +
    `${sweepDefaults.max_trials.withSeconds} where \`max_seconds\` is given.`,
});

const maxSeconds = { minimum: 1, maximum: 31_536_000 };
const maxSecondsMeans =
  'For how long trials are added, without pauses. After that, trials under way are cancelled, once one has a result.';

const exampleSpace: Space = {
  'optimizer.learning_rate': { min: 0.0001, max: 0.1, scale: 'log' },
  'network.hidden': { values: [[{ units: 64 }], [{ units: 128 }, { units: 64 }]] },
};

export const SweepRequest = component(
  'SweepRequest',
  Type.Object(
    {
      job: Type.Optional(JobRequest.ref),
      parameters: Type.Optional(
        Space(
          'What varies, by the path of a field of a job: `optimizer.learning_rate`, `network.hidden`, `network.hidden.0.units`. Left ' +
            'out, the service takes a space of its own by the kind and the size of the data; what the job names stays as it is.',
        ),
      ),
      method: Type.Optional(
        Type.Enum([...searchMethods], {
          type: 'string',
          default: sweepDefaults.method,
          description:
            '`tpe`: tree-structured Parzen estimators, which learn from the trials before. `random`: at random. `grid`: all ' +
            'combinations, with 5 values of each range.',
        }),
      ),
      metric: Type.Optional(
        Type.Enum([...monitors], {
          type: 'string',
          description:
            'The figure of the validation split by which trials are compared, after the best epoch of each. By default ' +
            'what the job monitors, or else the loss.',
        }),
      ),
      goal: Type.Optional(
        Type.Enum(['minimize', 'maximize'], {
          type: 'string',
          description:
            'Follows from the metric: `maximize` for accuracy, else `minimize`. Another one is refused.',
        }),
      ),
      max_trials: Type.Optional(maxTrials),
      max_seconds: Type.Optional(Type.Integer({ ...maxSeconds, description: maxSecondsMeans })),
      parallel: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: mostParallel,
          default: sweepDefaults.parallel,
          description:
            'How many trials may be under way. Trial n is chosen from the results of the trials 1 … n − parallel, whatever else ' +
            'has ended, so that the same seed gives the same trials with any number of workers.',
        }),
      ),
      early_stop: Type.Optional(
        Type.Object(
          {
            type: Type.Enum(['asha', 'none'], {
              type: 'string',
              description: '`asha`: asynchronous successive halving.',
            }),
            min_epochs: Type.Optional(
              Type.Integer({ minimum: 1, maximum: 10_000, description: 'No trial is stopped before.' }),
            ),
            factor: Type.Optional(
              Type.Integer({
                minimum: 2,
                maximum: 100,
                default: sweepDefaults.factor,
                description:
                  'Of the trials that reach a rung, about one in so many goes on to the next, which has so many times the epochs.',
              }),
            ),
          },
          {
            additionalProperties: false,
            description:
              'Whether trials that are clearly worse than others are stopped early. By default they are not, but with a space of ' +
              'the service’s own they are.',
          },
        ),
      ),
      seed: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: sweepDefaults.seed,
          description: 'Of the search. The same request with the same seed tries the same.',
        }),
      ),
    },
    {
      additionalProperties: false,
      description:
        'What to search. `job` is what all trials have in common. All of it is optional: `{"job": {"dataset": "churn"}, ' +
        '"max_seconds": 600}` searches a space of the service’s own for ten minutes.',
      examples: [
        {
          job: { dataset: 'mnist', epochs: 9 },
          parameters: exampleSpace,
          max_trials: 40,
          early_stop: { type: 'asha', min_epochs: 1, factor: 3 },
        },
      ],
    },
  ),
);

export const SweepBudget = component(
  'SweepBudget',
  Type.Object(
    {
      max_trials: Type.Optional(maxTrials),
      max_seconds: Type.Optional(
        Type.Unsafe<number | null>({
          type: ['integer', 'null'],
          ...maxSeconds,
          description: `${maxSecondsMeans} \`null\`: there is no limit.`,
        }),
      ),
    },
    {
      additionalProperties: false,
      minProperties: 1,
      description: 'The new budget of a sweep, of all its trials. What is left out stays.',
      examples: [{ max_trials: 100 }],
    },
  ),
);

const sweepExample = {
  id: idExample,
  object: 'sweep' as const,
  status: 'running' as const,
  model: 'churn',
  job: {
    dataset: { name: 'churn', version: 2 },
    target: 'churned',
    epochs: 30,
    model: 'churn',
  },
  parameters: exampleSpace,
  method: 'tpe' as const,
  metric: 'loss' as const,
  goal: 'minimize' as const,
  max_trials: 40,
  max_seconds: null,
  parallel: 4,
  early_stop: { type: 'asha' as const, min_epochs: 3, factor: 3 },
  seed: 0,
  trials: { queued: 2, running: 2, paused: 0, succeeded: 8, stopped: 5, failed: 1, cancelled: 0 },
  progress: { trials_ended: 14, seconds: 61.3, fraction: 0.35 },
  best: {
    trial: 9,
    value: 0.3127,
    parameters: { 'optimizer.learning_rate': 0.0042, 'network.hidden': [{ units: 64 }] },
    job_id: jobExample,
  },
  job_id: null,
  version: null,
  error: null,
  created_at: '2026-01-02T03:04:05.678Z',
  finished_at: null,
};

export const sweepExamples = {
  new: {
    ...sweepExample,
    trials: { queued: 4, running: 0, paused: 0, succeeded: 0, stopped: 0, failed: 0, cancelled: 0 },
    progress: { trials_ended: 0, seconds: 0, fraction: 0 },
    best: null,
  },
  paused: { ...sweepExample, status: 'paused' as const },
  cancelled: {
    ...sweepExample,
    status: 'cancelled' as const,
    trials: { ...sweepExample.trials, queued: 0, running: 0, cancelled: 4 },
    progress: { trials_ended: 18, seconds: 61.3, fraction: 1 },
    finished_at: '2026-01-02T03:05:07.123Z',
  },
};

const count = (description: string) => Type.Integer({ description });

export const Sweep = component(
  'Sweep',
  Type.Object(
    {
      id: Type.String({ description: 'Ids sort by the time of creation.' }),
      object: Type.Literal('sweep'),
      status: Type.Enum([...sweepStatuses], {
        type: 'string',
        description: '`succeeded`: the best trial was trained again, and published as the job says.',
      }),
      model: Type.String({ description: 'The name under which the best one is published.' }),
      job: Type.Unsafe<object>({
        type: 'object',
        additionalProperties: true,
        description:
          'What all trials have in common, as it was asked for, on a fixed version of the dataset.',
      }),
      parameters: ShownSpace,
      method: Type.Enum([...searchMethods], { type: 'string' }),
      metric: Type.Enum([...monitors], { type: 'string', description: 'Of the validation split.' }),
      goal: Type.Enum(['minimize', 'maximize'], { type: 'string' }),
      max_trials: Type.Integer(),
      max_seconds: nullable(Type.Integer()),
      parallel: Type.Integer(),
      early_stop: nullable(
        Type.Object(
          { type: Type.Literal('asha'), min_epochs: Type.Integer(), factor: Type.Integer() },
          { description: 'null: trials are not stopped early.' },
        ),
      ),
      seed: Type.Integer(),
      trials: Type.Object(
        {
          queued: count('They wait for a worker.'),
          running: count('They are trained.'),
          paused: count('Somebody has paused their jobs.'),
          succeeded: count('They were trained to their end.'),
          stopped: count('They missed the bound of a rung, and were stopped early.'),
          failed: count('They failed, twice where that could help.'),
          cancelled: count('They were cancelled, with the sweep or by themselves.'),
        },
        { description: 'How many trials have each status.' },
      ),
      progress: Type.Object({
        trials_ended: Type.Integer(),
        seconds: Type.Number({ description: 'For how long the sweep has searched, without pauses.' }),
        fraction: Type.Number({ description: 'Of the trials or of the time, whichever is further.' }),
      }),
      best: nullable(
        Type.Object(
          {
            trial: Type.Integer(),
            value: Type.Number(),
            parameters: ShownParameters,
            job_id: Type.String(),
          },
          { description: 'The best trial so far; null before the first.' },
        ),
      ),
      job_id: nullable(
        Type.String({
          description:
            'The job that trains the best trial again and publishes it. null: no trial is best yet, or the job publishes nothing.',
        }),
      ),
      version: nullable(Type.Integer({ description: 'What that job has published.' })),
      error: nullable(JobError('Why the sweep failed, or null.')),
      created_at: Time('When the sweep was accepted.'),
      finished_at: nullable(Time('When it ended.')),
    },
    { description: 'A search for the best values of fields of a job.', examples: [sweepExample] },
  ),
);

export const SweepList = component(
  'SweepList',
  listOf(Sweep, 'A page of sweeps, newest first.', sweepExample),
);

const trialExample = {
  object: 'trial' as const,
  trial: 9,
  status: 'succeeded' as const,
  parameters: { 'optimizer.learning_rate': 0.0042, 'network.hidden': [{ units: 64 }] },
  value: 0.3127,
  best_epoch: 24,
  epochs_done: 30,
  rungs: [{ epoch: 3, bound: 0.401 }],
  job_id: jobExample,
  attempts: 1,
  error: null,
  created_at: '2026-01-02T03:04:31.012Z',
  finished_at: '2026-01-02T03:04:36.789Z',
};

export const Trial = component(
  'Trial',
  Type.Object(
    {
      object: Type.Literal('trial'),
      trial: Type.Integer({ description: 'Counted from 1.' }),
      status: Type.Enum([...trialStatuses], { type: 'string' }),
      parameters: ShownParameters,
      value: nullable(
        Type.Number({
          description: 'The metric after the best epoch; null: the trial has not ended, or has none.',
        }),
      ),
      best_epoch: nullable(Type.Integer()),
      epochs_done: Type.Integer(),
      rungs: Type.Array(Type.Object({ epoch: Type.Integer(), bound: Type.Number() }), {
        description: 'It stops after `epoch` unless its best epoch so far reaches `bound`.',
      }),
      job_id: Type.String({ description: 'The job of its last attempt: `GET /v1/jobs/{id}`.' }),
      attempts: Type.Integer({ description: '2: the first one failed.' }),
      error: nullable(JobError('Why it failed, or null.')),
      created_at: Time('When it was proposed.'),
      finished_at: nullable(Time('When its outcome was kept.')),
    },
    { description: 'One try of a sweep.', examples: [trialExample] },
  ),
);

export const TrialList = component('TrialList', listOf(Trial, 'A page of trials, in order.', trialExample));

export const SweepImportance = component(
  'SweepImportance',
  Type.Object(
    {
      object: Type.Literal('importance'),
      parameters: Type.Array(
        Type.Object({
          parameter: Type.String({ description: 'The path of a field of a job.' }),
          importance: Type.Number({ description: 'From 0 to 1; all together 1.' }),
        }),
        { description: 'The most important first. Empty before ten trials have a value.' },
      ),
    },
    {
      description:
        'How much each parameter decides whether a trial is good: how far the values of the best quarter of the trials differ ' +
        'from those of all trials (PED-ANOVA).',
      examples: [
        {
          object: 'importance',
          parameters: [
            { parameter: 'optimizer.learning_rate', importance: 0.81 },
            { parameter: 'network.hidden', importance: 0.19 },
          ],
        },
      ],
    },
  ),
);

export const SweepParams = Type.Object({
  id: Type.String({
    description: 'The id of the sweep, as `POST /v1/sweeps` returned it.',
    examples: [idExample],
  }),
});

export const SweepPage = Type.Object(
  {
    after: Type.Optional(Type.String({ description: 'The id of the last sweep on the page before.' })),
    limit: pageSize('Sweeps'),
  },
  { additionalProperties: false },
);

export const TrialPage = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        default: 0,
        description: 'The number of the last trial on the page before.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: 'Trials on a page.' }),
    ),
  },
  { additionalProperties: false },
);
