/** What a request says of a network that it imports. */
import Type from 'typebox';
import { component } from '../../lib/named-schema.js';
import type {
  DescribedColumn,
  ImportDescription as Description,
} from '../../model/exchange/import/import-description.js';
import { activations } from '../../model/network/network.js';

const Name = Type.String({ minLength: 1, maxLength: 1_000 });
const Names = (description: string, maxItems = 10_000) =>
  Type.Array(Name, { minItems: 1, maxItems, description });
const Activation = Type.Enum([...activations], { type: 'string' });
const AboveZero = (description?: string) =>
  Type.Number({ exclusiveMinimum: 0, ...(description && { description }) });

const Column = Type.Object(
  {
    name: Name,
    type: Type.Enum(['number', 'boolean', 'category'], { type: 'string' }),
    mean: Type.Optional(
      Type.Number({
        description: 'Of a number or a boolean, which is 1 or 0: it becomes (x − mean) / std. By default 0.',
      }),
    ),
    std: Type.Optional(AboveZero('By default 1.')),
    fill: Type.Optional(Type.Number({ description: 'In place of a missing x; by default the mean.' })),
    true: Type.Optional(Names('Of a boolean: the texts that are 1, beside true and 1.', 100)),
    false: Type.Optional(Names('Of a boolean: the texts that are 0, beside false and 0.', 100)),
    levels: Type.Optional(Names('Of a category: one input for each, in this order.')),
    other: Type.Optional(
      Type.Boolean({ description: 'Of a category: whether one more input is for all other levels.' }),
    ),
    missing_flag: Type.Optional(
      Type.Boolean({ description: 'Whether a last input is 1 where the cell is missing.' }),
    ),
  },
  { additionalProperties: false },
);

export const ImportDescription = component(
  'ImportDescription',
  Type.Unsafe<Description>(
    Type.Object(
      {
        activations: Type.Optional(
          Type.Unsafe<Description['activations']>({
            anyOf: [Activation, Type.Array(Activation, { maxItems: 1_000 })],
            description: 'Of the hidden layers: one for all, or one for each. ONNX says it itself.',
          }),
        ),
        layers: Type.Optional(
          Type.Array(Type.String({ maxLength: 1_000 }), {
            minItems: 1,
            maxItems: 1_000,
            description:
              'The modules of the linear layers, first to last, such as `["fc1", "out"]`: where the file does not say it.',
          }),
        ),
        labels: Type.Optional(
          Names(
            'The classes, in the order of the outputs. One output is the logit of the second of two classes.',
          ),
        ),
        values: Type.Optional(
          Type.Unsafe<NonNullable<Description['values']>>({
            type: 'array',
            minItems: 1,
            maxItems: 10_000,
            items: {
              anyOf: [
                Name,
                Type.Object(
                  { name: Name, mean: Type.Optional(Type.Number()), std: Type.Optional(AboveZero()) },
                  { additionalProperties: false },
                ),
              ],
            },
            description:
              'Instead of labels: the names of the values that the outputs are. Standardised outputs have a `mean` and a `std`.',
          }),
        ),
        temperature: Type.Optional(AboveZero('By which the outputs are divided before the softmax.')),
        threshold: Type.Optional(
          Type.Object(
            { positive: Name, at_least: Type.Number() },
            {
              additionalProperties: false,
              description: 'Of two classes: from which probability on a row gets the label.',
            },
          ),
        ),
        scaling: Type.Optional(
          Type.Object(
            {
              divide_by: Type.Optional(AboveZero()),
              mean: Type.Optional(Type.Number()),
              std: Type.Optional(AboveZero()),
            },
            {
              additionalProperties: false,
              description: 'What becomes of every input: (x / divide_by − mean) / std.',
            },
          ),
        ),
        columns: Type.Optional(
          Type.Unsafe<DescribedColumn[]>({
            type: 'array',
            minItems: 1,
            maxItems: 10_000,
            items: Column,
            description:
              'The columns of a table that become the inputs, in their order. Left out: samples are lists of numbers.',
          }),
        ),
        target: Type.Optional(
          Names('The columns of a table that the network predicts, for evaluations.', 1_000),
        ),
      },
      {
        additionalProperties: false,
        description: 'What the file of a network does not say.',
        examples: [{ activations: 'relu', labels: ['cat', 'dog'], scaling: { divide_by: 255 } }],
      },
    ),
  ),
);

const file = {
  contentMediaType: 'application/octet-stream',
  description: 'The file of the network; its content says what it is.',
};

export const ModelFile = component('ModelFile', Type.Unsafe<Buffer>({ ...file, examples: ['…'] }));

export interface SentModel {
  file: Buffer;
  description?: Description;
}

export const ModelForm = component(
  'ModelForm',
  Type.Unsafe<SentModel>({
    type: 'object',
    properties: { file, description: ImportDescription.ref },
    required: ['file'],
    additionalProperties: false,
    description: 'The file, and as JSON what it does not say.',
    examples: [{ file: '…', description: { activations: 'relu', labels: ['cat', 'dog'] } }],
  }),
);

export const ImportQuery = Type.Object(
  {
    hold: Type.Optional(
      Type.Boolean({
        description:
          'Whether `latest` passes the version over until it is set to it by hand; by default false.',
      }),
    ),
  },
  { additionalProperties: false },
);
