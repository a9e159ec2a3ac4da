/** The random numbers that each picture draws for its changes: a pure function of the seed, the epoch and the sample. */
import { fillWords, type RandomStream } from '../../lib/philox.js';

/** A picture's place in the numbers: what each is for. */
export const place = {
  shiftX: 0,
  shiftY: 1,
  rotation: 2,
  scale: 3,
  scaleX: 4,
  scaleY: 5,
  shear: 6,
  stroke: 7,
  noise: 8,
  specks: 9,
  lines: 10,
  shade: 11,
  amount: 12,
} as const;

/** Numbers of one picture, each half a word: two blocks of the generator. */
export const drawsOfPicture = 16;

/** Words that say where the marks of a picture are; few pictures have any. */
const detailsOfPicture = 8;

/** What the words of a stream are for: its part. */
const parts = { changes: 0, noise: 1, details: 2 } as const;

export class Draws {
  readonly #stream: Omit<RandomStream, 'part'>;

  constructor(seed: number, epoch: number) {
    this.#stream = { seed, purpose: 'augmentation', step: epoch };
  }

  /** The numbers of samples `first` …: (samples, drawsOfPicture) */
  fill(first: number, out: Uint16Array): void {
    const words = new Uint32Array(out.length / 2);
    fillWords({ ...this.#stream, part: parts.changes }, (first * drawsOfPicture) / 2, words);
    for (let i = 0; i < words.length; i++) {
      out[2 * i] = words[i] & 0xffff;
      out[2 * i + 1] = words[i] >>> 16;
    }
  }

  /** (detailsOfPicture) */
  details(sample: number): Uint32Array {
    const words = new Uint32Array(detailsOfPicture);
    fillWords({ ...this.#stream, part: parts.details }, sample * detailsOfPicture, words);
    return words;
  }

  /** (count), the same count for each picture of a run. */
  noise(sample: number, count: number): Uint32Array {
    const words = new Uint32Array(count);
    fillWords({ ...this.#stream, part: parts.noise }, sample * count, words);
    return words;
  }
}

/** A draw as a number in [0, 1). */
export function fraction(draw: number): number {
  return draw / 2 ** 16;
}

/** A draw as a number in [-1, 1). */
export function signed(draw: number): number {
  return draw / 2 ** 15 - 1;
}
