/** What has proved best for pictures; bench/README.md has the figures. */
import type { ArraysInfo } from '../../../data/dataset.js';
import type { PictureInput } from '../../../lib/picture-input.js';
import {
  digitsAugmentation,
  noAugmentation,
  picturesAugmentation,
} from '../../../model/augmentation/amounts.js';
import { arePictures } from '../augment.js';
import { plainArrays } from './plain.js';
import type { RowCounts } from '../../runs/run-spec.js';
import type { Recipe } from './recipe.js';

/**
 * A larger share of the contrast is a drawing: ink on paper has little between black and white. MNIST has 84 %, the clothes of
 * Fashion-MNIST 61 %, grey photographs about 25 %.
 */
const contrastOfDrawings = 0.7;

/** For classes of square pictures in bytes. Other arrays get the classic network. */
export function picturesRecipe(dataset: ArraysInfo): Recipe {
  if (!arePictures(dataset) || dataset.targets.kind !== 'classes') return plainArrays;
  const side = Math.sqrt(dataset.inputs);
  const contrast = contrastOf(dataset);
  const sample = `A sample is ${side} × ${side} bytes with ${Math.round(100 * contrast)} % of the contrast of pure black and white`;
  return contrast > contrastOfDrawings ? drawingsRecipe(sample) : otherPicturesRecipe(sample);
}

/** The variance of the pixels, as a part of what it would be if each were black or white: mean · (1 − mean). */
function contrastOf({ scaling }: ArraysInfo): number {
  if (scaling === null) return 0;
  const { mean, std } = scaling;
  return mean > 0 && mean < 1 ? std ** 2 / (mean * (1 - mean)) : 0;
}

const risingAndFalling = {
  optimizer: { type: 'adam', learning_rate: 0.003, schedule: { type: 'one_cycle' } },
  batch_size: 128,
} as const;

const reasonsOfRising = {
  optimizer:
    'A learning rate that rises to 0.003 and falls to nothing reaches in few epochs what a constant one does not reach.',
  batch_size: 'Twice the classic batch takes half the steps, and costs no accuracy with this learning rate.',
};

function drawingsRecipe(sample: string): Recipe {
  return {
    ...plainArrays,
    ...risingAndFalling,
    hidden: [{ units: 512 }],
    epochs: 7,
    augment: digitsAugmentation,
    reasons: {
      augment: `${sample}, which is taken for a drawing: each epoch sees it moved, turned and with another pen, so that the network does not learn the pixels by heart.`,
      'network.hidden':
        'One layer of 512 units: pictures that differ in each epoch can fill twice the classic width.',
      ...reasonsOfRising,
      epochs: 'Changed pictures are learnt by heart only after many more epochs.',
    },
  };
}

function otherPicturesRecipe(sample: string): Recipe {
  return {
    ...plainArrays,
    ...risingAndFalling,
    hidden: [{ units: 512, dropout: 0.2 }],
    epochs: 15,
    augment: { ...noAugmentation, shift: 0.02 },
    reasons: {
      augment: `${sample}, which is not taken for a drawing: it is moved by half a pixel at most, as larger changes cost accuracy.`,
      'network.hidden':
        'One layer of 512 units, and dropout 0.2 in place of larger changes, which keeps them from learning single pictures by heart.',
      ...reasonsOfRising,
      epochs: 'With dropout, twice the epochs of a drawing pay.',
    },
  };
}

/** Steps after which the figures of small sets of pictures stop getting better. */
const enoughSteps = 3_000;
const epochsBetween = { least: 7, most: 60 } as const;
const fewPictures = 4_000;

/** For a dataset of pictures of any number. */
export function folderRecipe(
  { train, validation }: RowCounts,
  { width, height, channels, fit }: PictureInput,
): Recipe {
  const batchSize = train < fewPictures ? 32 : 128;
  const wanted = Math.ceil(enoughSteps / Math.ceil(train / batchSize));
  const epochs = Math.min(epochsBetween.most, Math.max(epochsBetween.least, wanted));
  const isBest = validation > 0;
  return {
    ...plainArrays,
    hidden: [{ units: 512 }],
    optimizer: { type: 'adam', learning_rate: 0.001, schedule: { type: 'one_cycle' } },
    epochs,
    batch_size: batchSize,
    augment: fit === 'digit' ? digitsAugmentation : picturesAugmentation,
    publish: isBest ? 'best' : 'final',
    reasons: {
      image: `Each picture becomes ${width} × ${height} ${channels === 1 ? 'grey levels' : 'colours'}: as the pictures are, or as large as a network without convolutions can use.`,
      augment:
        'Each epoch sees the pictures moved, turned and scaled a little, so that the network does not learn the pixels by heart.',
      'network.hidden': 'One layer of 512 units: pictures that differ in each epoch can fill it.',
      optimizer:
        'A learning rate that rises and falls to nothing reaches in few epochs what a constant one does not reach.',
      epochs: `${train} pictures to learn from: so many epochs make some ${enoughSteps} steps, within bounds.`,
      batch_size: 'Small sets need small batches to take enough steps.',
      ...(isBest && { publish: 'The epoch that is best on the validation pictures is published.' }),
    },
  };
}
