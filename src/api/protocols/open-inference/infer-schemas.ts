/** The bodies of inference in the Open Inference Protocol: https://github.com/kserve/open-inference-protocol */
import Type, { type Static } from 'typebox';
import type { NumberList } from '../../../model/serving/packed-numbers.js';
import { component } from '../../../lib/named-schema.js';
import { exampleDigit } from '../../predictions/example-digit.js';
import { datatypes } from './datatypes.js';

const parametersNote = 'Unknown ones are ignored.';

const tensorName = Type.String();
const shape = Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 8 });

const InputTensor = Type.Object(
  {
    name: tensorName,
    shape,
    datatype: Type.String({
      maxLength: 64,
      description: `One of ${[...datatypes.keys()].join(', ')}; BYTES is text, for columns.`,
    }),
    parameters: Type.Optional(
      Type.Object(
        {
          binary_data_size: Type.Optional(
            Type.Integer({
              minimum: 0,
              description: 'The tensor is this many bytes after the JSON; `data` is left out.',
            }),
          ),
          shared_memory_region: Type.Optional(Type.Unknown({ description: 'Not supported.' })),
        },
        { description: parametersNote },
      ),
    ),
    // The numbers are checked when they are read.
    data: Type.Optional(
      Type.Unsafe<NumberList>({
        type: 'array',
        description:
          'The numbers, row by row, flat or nested as the shape says. A column may have texts, and null for a ' +
          'missing value.',
      }),
    ),
  },
  { additionalProperties: false },
);

const OutputRequest = Type.Object(
  {
    name: tensorName,
    datatype: Type.Optional(
      Type.String({ maxLength: 64, description: 'If given, it must be the datatype of the output.' }),
    ),
    shape: Type.Optional(
      Type.Array(Type.Integer({ minimum: -1 }), {
        maxItems: 8,
        description: 'If given, it must be the shape of the output; -1 stands for any size.',
      }),
    ),
    parameters: Type.Optional(
      Type.Object(
        {
          binary_data: Type.Optional(
            Type.Boolean({ description: 'Whether to return it as bytes after the JSON.' }),
          ),
          classification: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 65_536,
              description: 'Returns this many of the likeliest classes, as text `value:index:label`.',
            }),
          ),
          shared_memory_region: Type.Optional(Type.Unknown({ description: 'Not supported.' })),
        },
        { description: parametersNote },
      ),
    ),
  },
  { additionalProperties: false },
);

export type InputTensor = Static<typeof InputTensor>;
export type OutputRequest = Static<typeof OutputRequest>;

export const InferRequest = component(
  'InferRequest',
  Type.Object(
    {
      id: Type.Optional(Type.String({ description: 'Returned with the answer.' })),
      model_name: Type.Optional(Type.String({ description: 'If given, it must be the model of the path.' })),
      model_version: Type.Optional(
        Type.String({
          maxLength: 64,
          description:
            'The version that shall answer, if the path names none; otherwise it must be that of the path.',
        }),
      ),
      parameters: Type.Optional(
        Type.Object(
          {
            timeout: Type.Optional(
              Type.Integer({ minimum: 0, description: 'How long the client waits, in microseconds.' }),
            ),
            binary_data_output: Type.Optional(
              Type.Boolean({ description: 'Whether to return outputs as bytes by default.' }),
            ),
          },
          { description: parametersNote },
        ),
      ),
      inputs: Type.Array(InputTensor, {
        description:
          'One tensor, `input`, of shape [samples, …] with as many numbers a sample as the network has inputs; ' +
          'raw, as for `/predict`. A model that learned from a table takes one tensor for each column instead, of ' +
          'shape [rows, 1] or [rows], in any order.',
      }),
      outputs: Type.Optional(
        Type.Array(OutputRequest, {
          description: 'Which of the outputs of the model to return; by default all.',
        }),
      ),
    },
    {
      additionalProperties: false,
      description: 'Samples. The bytes of binary tensors follow this JSON, in the order of `inputs`.',
      examples: [
        {
          id: '42',
          inputs: [{ name: 'input', shape: [1, 784], datatype: 'FP32', data: [...exampleDigit] }],
          outputs: [{ name: 'probabilities' }, { name: 'class' }],
        },
      ],
    },
  ),
);

export const InferResponse = component(
  'InferResponse',
  Type.Object(
    {
      model_name: Type.String(),
      model_version: Type.String({ description: 'The version that answered the whole request.' }),
      id: Type.Optional(Type.String({ description: 'The id of the request, if it had one.' })),
      parameters: Type.Optional(
        Type.Object({
          warnings: Type.String({
            description:
              'What is legal and may yet be a mistake in the columns, as JSON: the list `warnings` of `/predict`. ' +
              'Left out when there are none.',
          }),
        }),
      ),
      outputs: Type.Array(
        Type.Object({
          name: Type.String(),
          datatype: Type.String(),
          shape: Type.Array(Type.Integer()),
          parameters: Type.Optional(
            Type.Object({
              binary_data_size: Type.Integer({
                description: 'The tensor is this many bytes after the JSON; there is no `data`.',
              }),
            }),
          ),
          data: Type.Optional(Type.Array(Type.Unknown(), { description: 'Row by row, flat.' })),
        }),
      ),
    },
    {
      description:
        '`probabilities` FP32 [samples, classes] and `class` INT64 [samples]; or, of a model that predicts values, ' +
        'FP32 [samples] for each value, by its name. The bytes of binary tensors follow this JSON, in the order of ' +
        '`outputs`.',
      examples: [
        {
          model_name: 'mnist-mlp',
          model_version: '1',
          id: '42',
          outputs: [
            {
              name: 'probabilities',
              datatype: 'FP32',
              shape: [1, 10],
              data: [0.0001, 0, 0.0002, 0.0004, 0, 0, 0, 0.9989, 0, 0.0004],
            },
            { name: 'class', datatype: 'INT64', shape: [1], data: [7] },
          ],
        },
      ],
    },
  ),
);
