/** What POST /predict takes beside JSON, and the query string that goes with it. */
import Type from 'typebox';
import { component } from '../../lib/named-schema.js';
import { exampleDigit } from './example-digit.js';
import { exampleJpeg, examplePng } from './example-images.js';
import { answerOptions, choiceOptions, mostSamples } from './prediction-schemas.js';

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
