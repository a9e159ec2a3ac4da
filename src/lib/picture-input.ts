/** How a picture becomes the input of a network. Datasets, jobs, models and predictions agree on it. */

export const pictureFits = ['cover', 'contain', 'stretch', 'digit'] as const;

/**
 * cover: scaled until it covers the input, and cut in the middle. contain: scaled until it fits in, on its own background.
 * stretch: scaled in each direction alone. digit: drawn like the digits of MNIST, of grey squares only.
 */
export type PictureFit = (typeof pictureFits)[number];

/** A document: it is part of a run's spec and of its model. An input is (channels, height, width), bytes. */
export interface PictureInput {
  width: number;
  height: number;
  /** 1: grey. 3: red, green, blue. */
  channels: 1 | 3;
  fit: PictureFit;
}

/** Longer than this a picture is not kept, and no input is. */
export const mostPictureSide = 128;

/** Numbers in one input. */
export function pictureInputs({ width, height, channels }: PictureInput): number {
  return width * height * channels;
}
