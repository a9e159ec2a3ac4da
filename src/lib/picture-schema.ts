/** The input that a picture becomes, as the API shows it of datasets, jobs and models. */
import Type from 'typebox';
import { pictureFits, type PictureFit } from './picture-input.js';

export const PictureInput = Type.Object(
  {
    width: Type.Integer({ description: 'In pixels.' }),
    height: Type.Integer({ description: 'In pixels.' }),
    channels: Type.Unsafe<1 | 3>({ type: 'integer', description: '1: grey. 3: red, green, blue.' }),
    fit: Type.Unsafe<PictureFit>({
      type: 'string',
      enum: [...pictureFits],
      description:
        '`cover`: scaled and cut in the middle. `contain`: the whole picture, on its own background. `stretch`: scaled ' +
        'in each direction alone. `digit`: drawn like the digits of MNIST.',
    }),
  },
  { description: 'What a picture becomes: channel by channel, row by row, from 0 to 255.' },
);
