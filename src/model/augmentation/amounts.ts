/** How much the pictures of a training split are changed for each epoch. The amounts are part of a run's spec. */

/**
 * A document. Each picture draws its own changes, evenly from both sides of none; 0 leaves a change out. `noise`, `specks`,
 * `lines` and `shade` are the fractions of the pictures that get them, and are meant for light drawings on a dark ground.
 */
export interface Augmentation {
  /** The farthest that a picture is moved each way, as a fraction of its side. */
  shift: number;
  /** The largest angle, in degrees. */
  rotation: number;
  /** The largest change of its size, as a fraction. Both directions draw half of it on their own. */
  scale: number;
  /** The farthest that its upper edge is moved against its lower one, as a fraction of its side. */
  shear: number;
  /** How far strokes become wider or narrower: 1 moves their edges by a pixel. */
  stroke: number;
  noise: number;
  specks: number;
  lines: number;
  shade: number;
}

export const augmentationAmounts = [
  'shift',
  'rotation',
  'scale',
  'shear',
  'stroke',
  'noise',
  'specks',
  'lines',
  'shade',
] as const satisfies (keyof Augmentation)[];

/** The most that a request may ask for. */
export const mostAugmentation: Augmentation = {
  shift: 0.5,
  rotation: 45,
  scale: 0.5,
  shear: 0.5,
  stroke: 1,
  noise: 1,
  specks: 1,
  lines: 1,
  shade: 1,
};

export const noAugmentation: Augmentation = {
  shift: 0,
  rotation: 0,
  scale: 0,
  shear: 0,
  stroke: 0,
  noise: 0,
  specks: 0,
  lines: 0,
  shade: 0,
};

/** For handwritten digits as MNIST has them. */
export const digitsAugmentation: Augmentation = {
  shift: 0.04,
  rotation: 10,
  scale: 0.12,
  shear: 0.15,
  stroke: 0.5,
  noise: 0.03,
  specks: 0.03,
  lines: 0.03,
  shade: 0.02,
};

/** For pictures of anything: where it is, how large and how upright says nothing of what it is. */
export const picturesAugmentation: Augmentation = {
  ...noAugmentation,
  shift: 0.08,
  rotation: 8,
  scale: 0.15,
  shear: 0.05,
};
