/** What has proved best for pictures; bench/README.md has the figures. */
import type { ArraysInfo } from '../../../data/dataset.js';
import { digitsAugmentation } from '../../../model/augmentation/amounts.js';
import { arePictures } from '../augment.js';
import { plainArrays } from './plain.js';
import type { Recipe } from './recipe.js';

/** For classes of square pictures in bytes. Other arrays get the classic network. */
export function picturesRecipe(dataset: ArraysInfo): Recipe {
  if (!arePictures(dataset) || dataset.targets.kind !== 'classes') return plainArrays;
  const side = Math.sqrt(dataset.inputs);
  return {
    ...plainArrays,
    hidden: [{ units: 512 }],
    optimizer: { type: 'adam', learning_rate: 0.003, schedule: { type: 'one_cycle' } },
    epochs: 7,
    batch_size: 128,
    augment: digitsAugmentation,
    reasons: {
      augment: `A sample is ${side} × ${side} bytes, which is taken for a drawing: each epoch sees it moved, turned and with another pen, so that the network does not learn the pixels by heart.`,
      'network.hidden':
        'One layer of 512 units: pictures that differ in each epoch can fill twice the classic width.',
      optimizer:
        'A learning rate that rises to 0.003 and falls to nothing reaches in few epochs what a constant one does not reach.',
      epochs: 'Changed pictures are learnt by heart only after many more epochs.',
      batch_size:
        'Twice the classic batch takes half the steps, and costs no accuracy with this learning rate.',
    },
  };
}
