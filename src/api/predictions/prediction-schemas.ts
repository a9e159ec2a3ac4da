/** What POST /predict takes and answers. */
import Type from 'typebox';
import type { NumberList } from '../../model/serving/packed-numbers.js';
import { component } from '../../lib/named-schema.js';
import { exampleDigit } from './example-digit.js';

export const mostSamples = 1024;

/** Which version answers. */
export const choiceOptions = {
  model: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'The model’s name; without it, the model that was published last answers.',
    }),
  ),
  version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'The model’s version; without it, the latest answers.' }),
  ),
  alias: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'The version that this alias stands for; not together with `version`.',
    }),
  ),
};

export const answerOptions = {
  probabilities: Type.Optional(
    Type.Boolean({ description: 'Whether to give the probabilities of all classes; by default true.' }),
  ),
  top_k: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_536,
      description: 'Asks for this many of the likeliest classes, or all where there are fewer.',
    }),
  ),
};

/** What samples are made of is checked as they are read. */
function samples(description: string) {
  return Type.Optional(
    Type.Unsafe<NumberList>({
      type: 'array',
      items: { type: 'array', items: {} },
      minItems: 1,
      maxItems: mostSamples,
      description,
    }),
  );
}

export const PredictionRequest = component(
  'PredictionRequest',
  Type.Object(
    {
      inputs: samples(
        'Samples, each as the numbers of its dataset, raw: for MNIST 784 pixels from 0 to 255, row by row, as one list or ' +
          'nested, like 28 lists of 28. The model knows how to scale them.',
      ),
      instances: samples('Another name for `inputs`.'),
      ...choiceOptions,
      ...answerOptions,
    },
    {
      additionalProperties: false,
      oneOf: [{ required: ['inputs'] }, { required: ['instances'] }],
      description: 'Samples to classify.',
      examples: [{ inputs: [[...exampleDigit]], top_k: 3 }],
    },
  ),
);

const rankedClass = {
  label: Type.String({ description: 'The class’s name.' }),
  index: Type.Integer({ description: 'The class’s index.' }),
  confidence: Type.Number({ description: 'The class’s probability.' }),
};

export const PredictionResponse = component(
  'PredictionResponse',
  Type.Object(
    {
      model: Type.String(),
      version: Type.Integer({ description: 'The version that answered the whole request.' }),
      predictions: Type.Array(
        Type.Object({
          label: Type.Optional(rankedClass.label),
          index: Type.Optional(rankedClass.index),
          confidence: Type.Optional(rankedClass.confidence),
          probabilities: Type.Optional(
            Type.Array(Type.Number(), { description: 'By class index; their sum is 1.' }),
          ),
          top: Type.Optional(
            Type.Array(Type.Object(rankedClass), { description: 'The likeliest first; with `top_k` only.' }),
          ),
          value: Type.Optional(
            Type.Number({ description: 'The predicted value, of a model that predicts one value.' }),
          ),
          values: Type.Optional(
            Type.Record(Type.String(), Type.Number(), {
              description: 'The predicted values by name, of a model that predicts several.',
            }),
          ),
        }),
        {
          description:
            'One for each sample, in the order of the inputs: its likeliest class with `label`, `index` and `confidence`, or ' +
            'its `value` or `values`, where the model predicts values.',
        },
      ),
    },
    {
      description: 'What the model makes of the samples.',
      examples: [
        {
          model: 'mnist-mlp',
          version: 1,
          predictions: [
            {
              label: '7',
              index: 7,
              confidence: 0.9989,
              probabilities: [0.0001, 0, 0.0002, 0.0004, 0, 0, 0, 0.9989, 0, 0.0004],
              top: [
                { label: '7', index: 7, confidence: 0.9989 },
                { label: '3', index: 3, confidence: 0.0004 },
                { label: '9', index: 9, confidence: 0.0004 },
              ],
            },
          ],
        },
      ],
    },
  ),
);
