/** Pictures of datasets as the API shows them. */
import Type from 'typebox';
import { PictureInput } from '../../lib/picture-schema.js';

export const DatasetPictures = Type.Object(
  {
    labels: Type.Array(Type.String(), { description: 'The classes, by index.' }),
    counts: Type.Array(Type.Integer(), { description: 'How many pictures each class has.' }),
    splits: Type.Unsafe<Record<string, number> | null>({
      type: ['object', 'null'],
      additionalProperties: { type: 'integer' },
      description:
        'How many pictures the archive gives to each split; null: it has no splits, and a job makes them.',
    }),
    image: Type.Object(PictureInput.properties, {
      description: 'What a picture becomes unless the job says otherwise.',
    }),
  },
  { description: 'Of a dataset of pictures; null for others.' },
);

/** Of a sample. */
export const SamplePicture = Type.Object(
  {
    file: Type.String({ description: 'Where it lies in the archive.' }),
    width: Type.Integer({ description: 'As it is kept: 128 pixels at most on a side.' }),
    height: Type.Integer(),
    png: Type.String({ description: 'The picture as a PNG file, in base64.' }),
  },
  { description: 'Of a dataset of pictures.' },
);
