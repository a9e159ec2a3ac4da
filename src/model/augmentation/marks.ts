/** What spoils a few of the pictures: uneven light, lines, specks and noise. */
import type { Augmentation } from './amounts.js';
import { drawsOfPicture, fraction, place, type Draws } from './draws.js';
import type { PictureSize } from './picture-memory.js';

/** Each takes a word of the details. */
const mostSpecks = 5;

export class Marks {
  readonly #amounts: Augmentation;
  readonly #size: PictureSize & { channels: number };
  readonly #draws: Draws;

  constructor(amounts: Augmentation, size: PictureSize & { channels: number }, draws: Draws) {
    this.#amounts = amounts;
    this.#size = size;
    this.#draws = draws;
  }

  /**
   * The planes of a picture get the same marks.
   * @param numbers (samples, drawsOfPicture) from sample `first` on
   * @param pictures (samples, channels, height · width) changed in place
   */
  add(numbers: Uint16Array, first: number, pictures: Uint8Array): void {
    const size = this.#size.width * this.#size.height;
    const { shade, lines, specks, noise } = this.#amounts;
    for (let plane = 0; plane < pictures.length / size; plane++) {
      const i = Math.floor(plane / this.#size.channels);
      const drawn = (what: number): number => fraction(numbers[i * drawsOfPicture + what]);
      const hasShade = drawn(place.shade) < shade;
      const hasLines = drawn(place.lines) < lines;
      const hasSpecks = drawn(place.specks) < specks;
      const hasNoise = drawn(place.noise) < noise;
      if (!hasShade && !hasLines && !hasSpecks && !hasNoise) continue;
      const pixels = pictures.subarray(plane * size, (plane + 1) * size);
      const amount = drawn(place.amount);
      const details = this.#draws.details(first + i);
      if (hasShade) this.#addShade(pixels, amount, details);
      if (hasLines) this.#addLines(pixels, amount, details);
      if (hasSpecks) this.#addSpecks(pixels, amount, details);
      if (hasNoise) addNoise(pixels, amount, this.#draws.noise(first + i, 4 * Math.ceil(size / 8)));
    }
  }

  /** Light that grows evenly from one side to the other. */
  #addShade(pixels: Uint8Array, amount: number, details: Uint32Array): void {
    const width = this.#size.width;
    const height = this.#size.height;
    const most = 20 + 80 * amount;
    const x = details[0] / 2 ** 31 - 1;
    const y = details[1] / 2 ** 31 - 1;
    const reach = Math.abs(x) + Math.abs(y);
    for (let row = 0, at = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at++) {
        const along = x * (column / width - 0.5) + y * (row / height - 0.5);
        const light = Math.floor(most * (0.5 + along / (reach === 0 ? 1 : reach)));
        pixels[at] = pixels[at] + (((255 - pixels[at]) * light) >> 8);
      }
    }
  }

  /** One or two level or upright lines, as of ruled paper, from edge to edge. */
  #addLines(pixels: Uint8Array, amount: number, details: Uint32Array): void {
    const width = this.#size.width;
    const height = this.#size.height;
    const grey = Math.floor(60 + 160 * amount);
    const isUpright = details[0] % 4 === 0;
    const many = 1 + (details[1] % 2);
    for (let line = 0; line < many; line++) {
      const across = details[2 + line] % (isUpright ? width : height);
      const length = isUpright ? height : width;
      for (let along = 0; along < length; along++) {
        const at = isUpright ? along * width + across : across * width + along;
        pixels[at] = Math.max(pixels[at], grey);
      }
    }
  }

  /** A few dots of one to four pixels, light or dark. */
  #addSpecks(pixels: Uint8Array, amount: number, details: Uint32Array): void {
    const width = this.#size.width;
    const many = 1 + Math.floor(amount * mostSpecks);
    for (let speck = 0; speck < many; speck++) {
      const drawn = details[speck];
      const at = drawn % (pixels.length - width - 1);
      const bits = Math.floor(drawn / 2 ** 24);
      const grey = bits % 4 === 0 ? 0 : 100 + (bits % 128);
      pixels[at] = grey;
      if (bits & 16) pixels[at + 1] = grey;
      if (bits & 32) pixels[at + width] = grey;
      if ((bits & 48) === 48) pixels[at + width + 1] = grey;
    }
  }
}

/** Differences that are the sum of two even draws, as far as `amount` says; two pixels a word. */
function addNoise(pixels: Uint8Array, amount: number, words: Uint32Array): void {
  const most = 15 + Math.floor(45 * amount);
  for (let at = 0; at < pixels.length; at++) {
    const drawn = at % 2 === 0 ? words[at >> 1] & 0xffff : words[at >> 1] >>> 16;
    const difference = (((drawn & 0xff) + (drawn >>> 8) - 255) * most) >> 7;
    pixels[at] = Math.min(255, Math.max(0, pixels[at] + difference));
  }
}
