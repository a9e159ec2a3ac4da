/** The changed copy of the training pictures for one epoch: a pure function of the seed, the epoch and the sample. */
import type { Augmentation } from './amounts.js';
import { Draws, drawsOfPicture } from './draws.js';
import { Marks } from './marks.js';
import { movementsBy } from './movement.js';
import { changesOfPicture, PictureMemory, type PictureSize } from './picture-memory.js';

export interface AugmentationPlan extends PictureSize {
  /** The planes of a picture change alike. */
  channels: number;
  amounts: Augmentation;
  seed: number;
}

/**
 * @param inputs (count, channels · height · width) the pictures
 * @param epoch from 0
 * @param out (count, channels · height · width) the changed pictures
 */
export function changeSamples(
  { amounts, seed, width, height, channels }: AugmentationPlan,
  inputs: Uint8Array,
  epoch: number,
  out: Uint8Array,
): void {
  const size = width * height;
  const count = inputs.length / (size * channels);
  const draws = new Draws(seed, epoch);
  const writeMovement = movementsBy(amounts, { width, height });
  const marks = new Marks(amounts, { width, height, channels }, draws);
  const memory = new PictureMemory({ width, height }, channels);
  const most = memory.capacity / channels;
  const numbers = new Uint16Array(most * drawsOfPicture);
  for (let first = 0; first < count; first += most) {
    const many = Math.min(most, count - first);
    const planes = many * channels;
    draws.fill(first, numbers);
    for (let plane = 0; plane < planes; plane++) {
      const picture = Math.floor(plane / channels);
      writeMovement(numbers, picture * drawsOfPicture, memory.changes, plane * changesOfPicture);
    }
    const part = [first * channels * size, (first * channels + planes) * size] as const;
    memory.sources.set(inputs.subarray(...part));
    memory.change(planes);
    const pictures = out.subarray(...part);
    pictures.set(memory.changed.subarray(0, planes * size));
    marks.add(numbers, first, pictures);
  }
}
