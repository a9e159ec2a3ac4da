/** The bodies that POST /predict takes, its query string, and its answer. */
import Type from 'typebox';
import type { NumberList } from '../../model/serving/packed-numbers.js';
import { warningCodes, type WarningCode } from '../../model/serving/table-reader.js';
import { pictureFits } from '../../lib/picture-input.js';
import { component, nullable } from '../../lib/named-schema.js';
import { exampleDigit, exampleJpeg, examplePng } from './example-digit.js';

export const mostSamples = 1024;

/** The options that choose the version. */
const choiceOptions = {
  model: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'The name of the model; by default, the model that was published last.',
    }),
  ),
  version: Type.Optional(
    Type.Integer({ minimum: 1, description: 'The version of the model; by default, the latest.' }),
  ),
  alias: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'An alias of the version; not together with `version`.',
    }),
  ),
};

const abstainBelow = Type.Optional(
  Type.Number({
    minimum: 0,
    maximum: 1,
    description:
      'Of classes: a prediction whose confidence is below this names no class. `label` and `index` are null then, and ' +
      '`abstained` is true.',
  }),
);

const answerOptions = {
  abstain_below: abstainBelow,
  probabilities: Type.Optional(
    Type.Boolean({ description: 'Whether to return the probabilities of all classes; by default true.' }),
  ),
  network_inputs: Type.Optional(
    Type.Boolean({
      description: 'Whether to return the numbers that the network takes for each sample; by default false.',
    }),
  ),
  top_k: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_536,
      description: 'Returns this many of the likeliest classes, or all where there are fewer.',
    }),
  ),
};

/** The samples themselves are checked when they are read. */
function samples(description: string) {
  return Type.Optional(
    Type.Unsafe<NumberList>({
      type: 'array',
      items: { type: ['array', 'object'], items: {} },
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
        'Samples. Of a model of a table: rows, each an object by column name, or a list of its cells in the order ' +
          'of the model’s columns; a cell is a number, a text that is read as in a CSV file, true or false, or null ' +
          'where there is no value. Of other models: the raw numbers as in the dataset, for MNIST 784 pixels from ' +
          '0 to 255, row by row, as one list or nested, like 28 lists of 28. The model scales them itself.',
      ),
      instances: samples('Another name for `inputs`.'),
      ...choiceOptions,
      ...answerOptions,
    },
    {
      additionalProperties: false,
      oneOf: [{ required: ['inputs'] }, { required: ['instances'] }],
      description: 'Samples to predict from.',
      examples: [{ inputs: [[...exampleDigit]], top_k: 3 }],
    },
  ),
);

const rankedClass = {
  label: Type.String({ description: 'Name of the class.' }),
  index: Type.Integer({ description: 'Index of the class.' }),
  confidence: Type.Number({ description: 'Probability of the class.' }),
};

export const PredictionWarning = component(
  'PredictionWarning',
  Type.Object({
    code: Type.Unsafe<WarningCode>({
      type: 'string',
      enum: [...warningCodes],
      description:
        'UNKNOWN_COLUMN: the model has no such column. UNSEEN_CATEGORY: no training row had this value. ' +
        'MISSING_VALUE: there is no value. OUT_OF_RANGE: the number is beyond those of the training rows by more than they are ' +
        'apart. NO_INK: the picture is blank.',
    }),
    column: Type.Optional(Type.String({ description: 'Left out for pictures.' })),
    count: Type.Integer({ description: 'How many rows or pictures it concerns.' }),
    message: Type.String(),
  }),
);

export const Prediction = component(
  'Prediction',
  Type.Object({
    label: Type.Optional(nullable(rankedClass.label)),
    index: Type.Optional(nullable(rankedClass.index)),
    confidence: Type.Optional(rankedClass.confidence),
    abstained: Type.Optional(
      Type.Boolean({
        description: 'Whether the confidence is below `abstain_below`; left out without that option.',
      }),
    ),
    probabilities: Type.Optional(
      Type.Array(Type.Number(), { description: 'By class index; they sum to 1.' }),
    ),
    top: Type.Optional(
      Type.Array(Type.Object(rankedClass), { description: 'The likeliest first; only with `top_k`.' }),
    ),
    value: Type.Optional(
      Type.Number({ description: 'The predicted value, of a model that predicts one value.' }),
    ),
    values: Type.Optional(
      Type.Record(Type.String(), Type.Number(), {
        description: 'The predicted values by name, of a model that predicts several.',
      }),
    ),
    network_inputs: Type.Optional(
      Type.Array(Type.Number(), {
        description:
          'What the sample became: of a picture its pixels once it is cropped and centred, of a row of a table ' +
          'what the preprocessing made of its cells. Only with `network_inputs`.',
      }),
    ),
  }),
);

const answerFields = {
  predictions: Type.Array(Prediction.ref, {
    description:
      'One for each sample, in the order of the inputs: its likeliest class with `label`, `index` and `confidence`, or ' +
      'its `value` or `values`, where the model predicts values.',
  }),
  warnings: Type.Optional(
    Type.Array(PredictionWarning.ref, {
      description: 'What is legal in the samples and may yet be a mistake. Left out when there is none.',
    }),
  ),
};

export const PredictionResponse = component(
  'PredictionResponse',
  Type.Object(
    {
      model: Type.String(),
      version: Type.Integer({ description: 'The version that answered the whole request.' }),
      ...answerFields,
    },
    {
      description: 'The predictions.',
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

/** The types of the numbers in a body of raw bytes. */
export const numberTypes = ['float32', 'float64', 'uint8'] as const;

/** The body is these bytes: OpenAPI 3.1 describes them with a schema without a type. */
function bytesOf(contentMediaType: string, description: string, example: string) {
  return Type.Unsafe<Buffer>({ contentMediaType, description, examples: [example] });
}

export const PngImage = component(
  'PngImage',
  bytesOf('image/png', 'A PNG file. The example shows one in base64.', examplePng),
);

export const JpegImage = component(
  'JpegImage',
  bytesOf('image/jpeg', 'A JPEG file. The example shows one in base64.', exampleJpeg),
);

export const RawSamples = component(
  'RawSamples',
  bytesOf(
    'application/octet-stream',
    `Samples one after the other, at most ${mostSamples}, each the raw numbers as in its dataset, little-endian; ` +
      '`dtype` states their type. The example shows one of uint8, in base64.',
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
        description:
          'PNG or JPEG files; with the package sharp also WebP, AVIF, TIFF and GIF. The name `file` is accepted too.',
      }),
    },
    {
      description:
        'Images to classify. Every parameter of the query string may be a field of the form instead.',
      examples: [{ image: [examplePng] }],
    },
  ),
);

const bytesOptions = {
  image_fit: Type.Optional(
    Type.Enum([...pictureFits], {
      description:
        'How an image becomes an input. A model of a dataset of pictures fits it as it fitted those. For others `digit`, the ' +
        'default, does what MNIST did: white on black, cropped to the drawing, scaled and centred; `stretch` only scales.',
    }),
  ),
  dtype: Type.Optional(
    Type.Enum([...numberTypes], {
      description:
        'The type of the numbers in a body of `application/octet-stream`. By default it is detected from the ' +
        'length of the body and from the numbers; an ambiguous body is refused.',
    }),
  ),
};

/** A JSON body holds all options itself. No default is declared, because Swagger UI would send it, with JSON too. */
export const PredictionQuery = Type.Object(
  { ...choiceOptions, ...answerOptions, ...bytesOptions },
  { additionalProperties: false },
);

/** A checkpoint is named in the path. */
export const CheckpointPredictionQuery = Type.Object(
  { ...answerOptions, ...bytesOptions },
  { additionalProperties: false },
);

export const CheckpointPredictionRequest = component(
  'CheckpointPredictionRequest',
  Type.Object(
    {
      inputs: samples('Samples, as for `POST /predict`.'),
      instances: samples('Another name for `inputs`.'),
      ...answerOptions,
    },
    {
      additionalProperties: false,
      oneOf: [{ required: ['inputs'] }, { required: ['instances'] }],
      description: 'Samples to predict from.',
      examples: [{ inputs: [{ x: 0.5, y: -0.2 }], network_inputs: true }],
    },
  ),
);

export const CheckpointPredictions = component(
  'CheckpointPredictions',
  Type.Object(
    {
      job_id: Type.String(),
      step: Type.Integer({ description: 'The checkpoint that answered: the steps done by then.' }),
      ...answerFields,
    },
    {
      description: 'The predictions.',
      examples: [
        {
          job_id: 'job_01KA9YB0GT2ZV7M4E8WQ5D3HNC',
          step: 120,
          predictions: [
            {
              label: 'a',
              index: 0,
              confidence: 0.8,
              probabilities: [0.8, 0.2],
              network_inputs: [0.31, -0.74],
            },
          ],
        },
      ],
    },
  ),
);
