/** What has proved best for pictures, and for other samples that come as arrays. */
import type { ArraysInfo } from '../../../data/dataset.js';
import { digitsAugmentation } from '../../../model/augmentation/amounts.js';
import { arePictures } from '../augment.js';
import { plainArrays } from './plain.js';
import type { Recipe } from './recipe.js';

export function picturesRecipe(dataset: ArraysInfo): Recipe {
  const pictures = arePictures(dataset);
  const side = Math.sqrt(dataset.inputs);
  return {
    ...plainArrays,
    hidden: [{ units: 512 }, { units: 256 }],
    optimizer: { type: 'adam', learning_rate: 0.003, schedule: { type: 'one_cycle' } },
    epochs: 10,
    batch_size: 256,
    ...(pictures && { augment: digitsAugmentation }),
    reasons: {
      ...(pictures && {
        augment: `The samples are ${side} × ${side} bytes, which is taken for drawings: each epoch sees them changed a little.`,
      }),
    },
  };
}
