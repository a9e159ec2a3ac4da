/**
 * Collects the pixels of a picture as they are decoded, in any order, and averages squares of them. A picture of any size takes
 * the memory of one that is a few hundred pixels wide.
 */
import type { Size } from './grey-image.js';
import type { Picture } from './picture.js';

/** Larger pictures are averaged. It is far more than is kept, so that the last squares, which are cut, do not matter. */
const mostSide = 512;

export class ReducedPicture {
  readonly #size: Size;
  /** The side of a square. */
  readonly #each: number;
  readonly #width: number;
  readonly #height: number;
  /** (3, height, width) Sums of the levels in each square. */
  readonly #sums: Uint32Array;

  constructor(size: Size) {
    this.#size = size;
    this.#each = Math.max(1, Math.floor(Math.max(size.width, size.height) / mostSide));
    this.#width = Math.ceil(size.width / this.#each);
    this.#height = Math.ceil(size.height / this.#each);
    this.#sums = new Uint32Array(3 * this.#width * this.#height);
  }

  /** Each pixel once; its levels are bytes. */
  add(x: number, y: number, red: number, green: number, blue: number): void {
    const plane = this.#width * this.#height;
    const at = Math.floor(y / this.#each) * this.#width + Math.floor(x / this.#each);
    this.#sums[at] += red;
    this.#sums[plane + at] += green;
    this.#sums[2 * plane + at] += blue;
  }

  picture(): Picture {
    const [width, height] = [this.#width, this.#height];
    const pixels = new Uint8Array(this.#sums.length);
    for (let row = 0; row < height; row++) {
      const rows = Math.min(this.#each, this.#size.height - row * this.#each);
      for (let column = 0; column < width; column++) {
        const count = rows * Math.min(this.#each, this.#size.width - column * this.#each);
        for (let at = row * width + column; at < pixels.length; at += width * height) {
          pixels[at] = Math.round(this.#sums[at] / count);
        }
      }
    }
    return { width, height, channels: 3, pixels };
  }
}
