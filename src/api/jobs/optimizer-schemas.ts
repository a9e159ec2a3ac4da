/** The optimisers: as requests name them, with a default for each field, and as answers show them, complete. */
import Type, { type TBoolean, type TNumber } from 'typebox';
import type * as contracts from '../../jobs/runs/documents.js';
import { optimizerDefaults } from '../../jobs/intake/resolve-spec.js';
import { optimizerTypes, type OptimizerSpec } from '../../model/network/optimizers.js';
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

const classOf: Record<OptimizerType, string> = {
  adam: 'Adam',
  adamw: 'AdamW',
  sgd: 'SGD',
  rmsprop: 'RMSprop',
};

const shapes = optimizerTypes.map((type) => {
  const defaults: Record<string, unknown> = optimizerDefaults[type];
  const fields = Object.entries<FieldSchema>(fieldsOf[type]);
  return { type, fields: fields.map(([name, schema]) => ({ name, schema, default: defaults[name] })) };
});

const summaries = shapes.map(({ type, fields }) => {
  const defaults = fields.map((field) => `\`${field.name}\` ${String(field.default)}`);
  return `- \`${type}\` (\`torch.optim.${classOf[type]}\`): ${defaults.join(', ')}`;
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
      },
      additionalProperties: false,
    },
  })),
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
      }),
    ),
  }),
);
