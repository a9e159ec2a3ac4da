/** The answers to the probes. */
import Type from 'typebox';
import type { ModelStatus } from '../../model/serving/model-server.js';
import { component } from '../../lib/named-schema.js';
import { problemExample, problemProperties } from '../problems/problem-schema.js';

const checkResults = Type.Unsafe<Record<string, 'ok' | 'failed'>>({
  type: 'object',
  additionalProperties: { type: 'string', enum: ['ok', 'failed'] },
  description:
    'Whether the queue answers, whether the storage can be written, and whether the models have been looked at ' +
    'and, if there are any, one of them can answer.',
});

const servedModels = Type.Array(
  Type.Object({
    model: Type.String(),
    version: Type.Integer(),
    state: Type.Unsafe<ModelStatus['state']>({
      type: 'string',
      enum: ['ready', 'loading', 'not_loaded'],
      description: 'A version that is not loaded is loaded when a request needs it.',
    }),
  }),
  {
    description:
      'The models that can answer, each with its latest version. A service without models can take jobs.',
  },
);

const warnings = Type.Optional(
  Type.Array(Type.String(), {
    description: 'Problems of single models that need attention. Left out when there are none.',
  }),
);

export const Liveness = component(
  'Liveness',
  Type.Object(
    { status: Type.Literal('ok') },
    { description: 'The process answers.', examples: [{ status: 'ok' }] },
  ),
);

export const Readiness = component(
  'Readiness',
  Type.Object(
    { status: Type.Literal('ready'), checks: checkResults, models: servedModels, warnings },
    {
      description: 'The service can take jobs.',
      examples: [
        {
          status: 'ready',
          checks: { queue: 'ok', storage: 'ok', models: 'ok' },
          models: [{ model: 'mnist-mlp', version: 1, state: 'ready' }],
        },
      ],
    },
  ),
);

export const ReadinessProblem = component(
  'ReadinessProblem',
  Type.Object(
    { ...problemProperties, checks: checkResults, models: servedModels, warnings },
    {
      description: 'A dependency of the service does not work; `detail` says which and why.',
      examples: [
        {
          ...problemExample('QUEUE_UNAVAILABLE', 503, '/health/ready'),
          detail: 'queue: no answer within 2000 ms',
          checks: { queue: 'failed', storage: 'ok', models: 'ok' },
          models: [],
        },
      ],
    },
  ),
);
