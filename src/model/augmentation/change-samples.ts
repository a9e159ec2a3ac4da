/** The changed copy of the training pictures for one epoch: a pure function of the seed, the epoch and the sample. */
import { fillWords } from '../../lib/philox.js';
import type { Augmentation } from './amounts.js';
import { PictureChanger, wordsOfPicture, type PictureSize } from './change-picture.js';

export interface AugmentationPlan extends PictureSize {
  amounts: Augmentation;
  seed: number;
}

/** Pictures whose words are drawn at once. */
const picturesTogether = 256;

/** What the words of a stream are for: its part. */
const parts = { changes: 0, noise: 1 } as const;

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
  const changer = new PictureChanger(amounts, { width, height });
  const size = width * height;
  const count = inputs.length / size;
  const words = new Uint32Array(picturesTogether * wordsOfPicture);
  const noise = new Uint32Array(4 * Math.ceil(size / 8));
  const stream = { seed, purpose: 'augmentation', step: epoch } as const;
  for (let first = 0; first < count; first += picturesTogether) {
    fillWords({ ...stream, part: parts.changes }, first * wordsOfPicture, words);
    for (let sample = first; sample < Math.min(count, first + picturesTogether); sample++) {
      const at = (sample - first) * wordsOfPicture;
      changer.change(
        inputs.subarray(sample * size, (sample + 1) * size),
        words.subarray(at, at + wordsOfPicture),
        () => {
          fillWords({ ...stream, part: parts.noise }, sample * noise.length, noise);
          return noise;
        },
        out.subarray(sample * size, (sample + 1) * size),
      );
    }
  }
}
