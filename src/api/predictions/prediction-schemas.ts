/** The bodies that POST /predict takes, its query string, and its answer. */
import Type from 'typebox';
import type { NumberList } from '../../model/serving/packed-numbers.js';
import { component } from '../../lib/named-schema.js';
import { exampleDigit, exampleJpeg, examplePng } from './example-digit.js';

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
          ...rankedClass,
          probabilities: Type.Optional(
            Type.Array(Type.Number(), { description: 'By class index; their sum is 1.' }),
          ),
          top: Type.Optional(
            Type.Array(Type.Object(rankedClass), { description: 'The likeliest first; with `top_k` only.' }),
          ),
        }),
        { description: 'The likeliest class of each sample, in the order of the inputs.' },
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

export const mostImages = 64;

/** Of a body of numbers as they lie in memory. */
export const numberTypes = ['float32', 'float64', 'uint8'] as const;

/** The body is these bytes; a schema without a type says so in OpenAPI 3.1. */
function bytesOf(contentMediaType: string, description: string, example: string) {
  return Type.Unsafe<Buffer>({ contentMediaType, description, examples: [example] });
}

export const PngImage = component(
  'PngImage',
  bytesOf('image/png', 'A PNG file, as it is; the example shows one in base64.', examplePng),
);

export const JpegImage = component(
  'JpegImage',
  bytesOf('image/jpeg', 'A JPEG file, as it is; the example shows one in base64.', exampleJpeg),
);

export const RawSamples = component(
  'RawSamples',
  bytesOf(
    'application/octet-stream',
    `Samples one after the other, at most ${mostSamples}, each as the numbers of its dataset, raw and ` +
      'little-endian; `dtype` says of which type. The example shows one of uint8, in base64.',
    Buffer.from(exampleDigit).toString('base64'),
  ),
);

export const PredictionForm = component(
  'PredictionForm',
  Type.Object(
    {
      image: Type.Array(Type.Unsafe<Buffer>({ contentMediaType: 'image/png, image/jpeg' }), {
        minItems: 1,
        maxItems: mostImages,
        description: 'PNG or JPEG files. `file` is taken for `image`, too.',
      }),
    },
    {
      description:
        'Images to classify. Whatever may be in the query string may be a field of the form instead.',
      examples: [{ image: [examplePng] }],
    },
  ),
);

/** Where the body is JSON, all of it is there. No default is declared: Swagger UI would send it, with JSON too. */
export const PredictionQuery = Type.Object(
  {
    ...choiceOptions,
    ...answerOptions,
    image_fit: Type.Optional(
      Type.Enum(['digit', 'stretch'], {
        description:
          'How an image becomes an input. `digit`, the default: as MNIST was made, white on black, cropped to what is drawn, scaled and ' +
          'centred. `stretch`: only scaled.',
      }),
    ),
    dtype: Type.Optional(
      Type.Enum([...numberTypes], {
        description:
          'Of the numbers in a body of `application/octet-stream`. Without it, the type is told by the length of the body ' +
          'and by the numbers, and the body is refused where it cannot be told.',
      }),
    ),
  },
  { additionalProperties: false },
);
