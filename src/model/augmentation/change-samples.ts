/** The changed copy of the training pictures for one epoch: a pure function of the seed, the epoch and the sample. */
import type { Augmentation } from './amounts.js';
import { Draws, drawsOfPicture } from './draws.js';
import { Marks } from './marks.js';
import { movementsBy } from './movement.js';
import { changesOfPicture, PictureMemory, type PictureSize } from './picture-memory.js';

export interface AugmentationPlan extends PictureSize {
  amounts: Augmentation;
  seed: number;
}

/**
 * @param inputs (count, height · width) the pictures
 * @param epoch from 0
 * @param out (count, height · width) the changed pictures
 */
export function changeSamples(
  { amounts, seed, width, height }: AugmentationPlan,
  inputs: Uint8Array,
  epoch: number,
  out: Uint8Array,
): void {
  const size = width * height;
  const count = inputs.length / size;
  const draws = new Draws(seed, epoch);
  const writeMovement = movementsBy(amounts, { width, height });
  const marks = new Marks(amounts, { width, height }, draws);
  const memory = new PictureMemory({ width, height });
  const numbers = new Uint16Array(memory.capacity * drawsOfPicture);
  for (let first = 0; first < count; first += memory.capacity) {
    const many = Math.min(memory.capacity, count - first);
    draws.fill(first, numbers);
    for (let i = 0; i < many; i++) {
      writeMovement(numbers, i * drawsOfPicture, memory.changes, i * changesOfPicture);
    }
    memory.sources.set(inputs.subarray(first * size, (first + many) * size));
    memory.change(many);
    const pictures = out.subarray(first * size, (first + many) * size);
    pictures.set(memory.changed.subarray(0, many * size));
    marks.add(numbers, first, pictures);
  }
}
