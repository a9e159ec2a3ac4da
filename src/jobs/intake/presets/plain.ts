/** The classic networks, the same for every dataset. */
import { usualBins } from '../../../model/preprocessing/table.js';
import type { Recipe, TableRecipe } from './recipe.js';

/** The classic MNIST example. */
export const plainArrays = {
  hidden: [{ units: 256, activation: 'relu', dropout: 0 }],
  optimizer: {},
  epochs: 5,
  batch_size: 64,
  label_smoothing: 0,
  patience: null,
  publish: 'final',
  reasons: {},
} as const satisfies Recipe;

export const plainTable = {
  ...plainArrays,
  hidden: [{ units: 256 }, { units: 256 }],
  epochs: 50,
  encoding: 'standard',
  bins: usualBins,
  /** final, where no rows are set apart to find the best epoch by. */
  publish: 'best',
} as const satisfies TableRecipe;
