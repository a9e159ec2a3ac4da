/** The optimisers: as requests name them, with a default for each field, and as answers show them, complete. */
import Type, { type TBoolean, type TNumber } from 'typebox';
import type * as contracts from '../../jobs/runs/job-request.js';
import { optimizerDefaults, scheduleDefaults } from '../../jobs/intake/resolve-optimizer.js';
import { optimizerTypes, type OptimizerSpec } from '../../model/network/optimizers.js';
import { scheduleTypes } from '../../model/network/schedules.js';
import { component } from '../../lib/named-schema.js';

type OptimizerType = OptimizerSpec['type'];
type FieldSchema = TNumber | TBoolean;
type FieldOf<T extends OptimizerType> = Exclude<keyof (typeof optimizerDefaults)[T], 'type'>;

const learning_rate = Type.Number({ exclusiveMinimum: 0, maximum: 10 });
const epsilon = Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'Added to the denominator.' });
const decayOf = (what: string) =>
  Type.Number({ minimum: 0, exclusiveMaximum: 1, description: `Decay of ${what}.` });
const weightDecay = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const weight_decay = weightDecay('L2 penalty: this factor times the parameters is added to their gradients.');

const adamFields = {
  learning_rate,
  beta1: decayOf('the mean of the gradients'),
  beta2: decayOf('the mean of the squared gradients'),
  epsilon,
};

/** The fields of each type. */
const fieldsOf: { [T in OptimizerType]: Record<FieldOf<T>, FieldSchema> } = {
  adam: { ...adamFields, weight_decay },
  adamw: {
    ...adamFields,
    weight_decay: weightDecay(
      'In each step, this factor times the learning rate times the parameters is subtracted from the parameters.',
    ),
  },
  sgd: {
    learning_rate,
    momentum: decayOf('the sum of the gradients'),
    nesterov: Type.Boolean({
      description: 'Whether to look ahead along the momentum, which must then be above 0.',
    }),
    weight_decay,
  },
  rmsprop: {
    learning_rate,
    alpha: decayOf('the mean of the squared gradients'),
    epsilon,
    weight_decay,
  },
};

/** What every type has besides, and does not do unless it is asked for. */
const options = {
  schedule: Type.Unsafe<contracts.ScheduleRequest>({
    type: 'object',
    properties: {
      type: { type: 'string', enum: [...scheduleTypes] },
      warmup: {
        type: 'number',
        minimum: 0,
        maximum: 0.9,
        description:
          'The fraction of the steps over which the learning rate rises to its full size: ' +
          `${scheduleDefaults.warmup.one_cycle} of \`one_cycle\`, else ${scheduleDefaults.warmup.otherwise}.`,
      },
      flat: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        description: `Of \`flat_cosine\`: the fraction of the steps after which the learning rate falls. ${scheduleDefaults.flat}.`,
      },
      every: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'Of `step`: the fraction of the steps between two changes. A third.',
      },
      factor: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        description: `Of \`step\`: what each change multiplies the learning rate by. ${scheduleDefaults.step.factor}.`,
      },
    },
    required: ['type'],
    additionalProperties: false,
    description:
      'How the learning rate changes over the steps of the job. `constant`. `cosine`: it falls to 0. `one_cycle`: it rises from a ' +
      '25th and falls to almost 0, as `OneCycleLR`. `flat_cosine`: it stays, and then falls to 0. `step`: it changes by steps.',
  }),
  clip_norm: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1e6,
    description: 'Gradients whose norm, of all of them together, is larger are scaled down to it.',
  }),
  ema: Type.Number({
    minimum: 0,
    exclusiveMaximum: 1,
    description:
      'The decay of an exponential moving average of the parameters, for example 0.999. Evaluations and predictions use the ' +
      'average.',
  }),
};

const classOf: Record<OptimizerType, string> = {
  adam: 'Adam',
  adamw: 'AdamW',
  sgd: 'SGD',
  rmsprop: 'RMSprop',
};

const shapes = optimizerTypes.map((type) => {
  const usual: Record<string, unknown> = optimizerDefaults[type];
  const fields = Object.entries<FieldSchema>(fieldsOf[type]);
  return { type, fields: fields.map(([name, schema]) => ({ name, schema, default: usual[name] })) };
});

const summaries = shapes.map(({ type, fields }) => {
  const usual = fields.map((field) => `\`${field.name}\` ${String(field.default)}`);
  return `- \`${type}\` (\`torch.optim.${classOf[type]}\`): ${usual.join(', ')}`;
});

/** Also matches an absent type. */
const typeIs = (type: OptimizerType) => ({ type: { const: type } });

export const OptimizerRequest = Type.Unsafe<contracts.OptimizerRequest>({
  type: 'object',
  description: `Computed as PyTorch does. Each type has its own fields and defaults:\n\n${summaries.join('\n')}`,
  properties: { type: Type.Enum([...optimizerTypes], { type: 'string', default: 'adam' }) },
  allOf: shapes.map(({ type, fields }) => ({
    if: { type: 'object', properties: typeIs(type) },
    then: {
      title: type,
      type: 'object',
      properties: {
        ...typeIs(type),
        ...Object.fromEntries(
          fields.map((field) => [field.name, { ...field.schema, default: field.default }]),
        ),
        ...options,
      },
      additionalProperties: false,
    },
  })),
});

const Schedule = Type.Unsafe<OptimizerSpec['schedule']>({
  type: 'object',
  properties: {
    type: { type: 'string', enum: [...scheduleTypes] },
    warmup: { type: 'number' },
    flat: { type: 'number' },
    every: { type: 'number' },
    factor: { type: 'number' },
  },
  required: ['type', 'warmup'],
});

/** Without the limits of a request: a job that was accepted once is shown, whatever is accepted now. */
export const Optimizer = component(
  'Optimizer',
  Type.Unsafe<OptimizerSpec>({
    description: 'The optimiser, with the fields of its type.',
    anyOf: shapes.map(({ type, fields }) =>
      Type.Object({
        type: Type.Literal(type),
        ...Object.fromEntries(fields.map(({ name, schema }) => [name, { type: schema.type }])),
        schedule: Type.Optional(Schedule),
        clip_norm: Type.Optional(Type.Number()),
        ema: Type.Optional(Type.Number()),
      }),
    ),
  }),
);
