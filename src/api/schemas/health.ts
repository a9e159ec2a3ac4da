/** What the probes answer. */
import Type from 'typebox';
import { component } from './component.js';
import { problemExample, problemProperties } from './problem.js';

const checkResults = Type.Unsafe<Record<string, 'ok' | 'failed'>>({
  type: 'object',
  additionalProperties: { type: 'string', enum: ['ok', 'failed'] },
  description:
    'Whether the queue answers, whether the storage can be written, and whether every model that is published and not ' +
    'unloaded has a version that can answer.',
});

const servedModels = Type.Array(Type.Object({ model: Type.String(), version: Type.Integer() }), {
  description: 'The models that answer, each with its latest version. None is needed to take jobs.',
});

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
    { status: Type.Literal('ready'), checks: checkResults, models: servedModels },
    {
      description: 'The service can take jobs.',
      examples: [
        {
          status: 'ready',
          checks: { queue: 'ok', storage: 'ok', models: 'ok' },
          models: [{ model: 'mnist-mlp', version: 1 }],
        },
      ],
    },
  ),
);

export const ReadinessProblem = component(
  'ReadinessProblem',
  Type.Object(
    { ...problemProperties, checks: checkResults, models: servedModels },
    {
      description: 'Something that the service depends on does not work; `detail` says what and why.',
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
