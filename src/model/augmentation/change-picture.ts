/**
 * Changes one picture as its random words say. Only whole numbers, and sums, products and quotients of float64, which have
 * the same bits on every machine.
 */
import type { Augmentation } from './amounts.js';

/** Random words that one picture takes for everything but its noise. */
export const wordsOfPicture = 24;

/** A picture's place in the words: what each is for. */
const word = {
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
  details: 13,
} as const;

/** Most specks and lines of one picture: each takes a word of the details. */
const mostMarks = 5;

export interface PictureSize {
  width: number;
  height: number;
}

/** The first columns and rows inside it, and the first after it. */
interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** In 1/65,536 of a pixel. */
interface Origin {
  fromX: { x: number; y: number };
  fromY: { x: number; y: number };
  firstX: number;
  firstY: number;
}

/** Its buffers are used again for each picture. */
export class PictureChanger {
  readonly #amounts: Augmentation;
  readonly #width: number;
  readonly #height: number;
  /** (height, width) */
  readonly #moved: Uint8Array;
  /** tan of half the largest angle. */
  readonly #halfTangent: number;

  constructor(amounts: Augmentation, { width, height }: PictureSize) {
    this.#amounts = amounts;
    this.#width = width;
    this.#height = height;
    this.#moved = new Uint8Array(width * height);
    this.#halfTangent = tangent(((amounts.rotation / 2) * 3.141592653589793) / 180);
  }

  /**
   * @param source (height, width) the picture; @param words (wordsOfPicture) its random words
   * @param noiseWords gives the words of its noise, (⌈height · width / 2⌉), where it has noise
   * @param out (height, width) the changed picture
   */
  change(source: Uint8Array, words: Uint32Array, noiseWords: () => Uint32Array, out: Uint8Array): void {
    const { stroke, noise, specks, lines, shade } = this.#amounts;
    const strength = Math.round(256 * stroke * signed(words[word.stroke]));
    if (strength === 0) {
      this.#move(source, words, out);
    } else {
      const drawing = this.#move(source, words, this.#moved);
      this.#changeStrokes(drawing, strength, out);
    }
    const amount = fraction(words[word.amount]);
    const details = words.subarray(word.details, word.details + mostMarks);
    if (fraction(words[word.shade]) < shade) this.#addShade(out, amount, details);
    if (fraction(words[word.lines]) < lines) this.#addLines(out, amount, details);
    if (fraction(words[word.specks]) < specks) this.#addSpecks(out, amount, details);
    if (fraction(words[word.noise]) < noise) addNoise(out, amount, noiseWords());
  }

  /**
   * Shift, rotation, scale and shear: each pixel is interpolated between the four around where it comes from.
   * @returns the box outside of which `out` is 0
   */
  #move(source: Uint8Array, words: Uint32Array, out: Uint8Array): Box {
    const width = this.#width;
    const height = this.#height;
    const origin = this.#originOf(words);
    const { fromX, fromY, firstX, firstY } = origin;
    const box = this.#whereGoes(this.#boxOf(source), origin);
    out.fill(0);
    // `| 0` keeps them integers for the machine, which is three times as fast.
    const stepX = fromX.x | 0;
    const stepY = fromX.y | 0;
    // Places in the source, in 1/65,536 of a pixel.
    for (let row = box.top; row < box.bottom; row++) {
      let x = (firstX + row * fromY.x + box.left * stepX) | 0;
      let y = (firstY + row * fromY.y + box.left * stepY) | 0;
      const end = row * width + box.right;
      for (let at = row * width + box.left; at < end; at++) {
        let column = x >> 16;
        let line = y >> 16;
        let right = (x >> 8) & 255;
        let below = (y >> 8) & 255;
        x = (x + stepX) | 0;
        y = (y + stepY) | 0;
        // Beyond its edge a picture goes on as its edge is.
        if (column < 0) column = right = 0;
        else if (column > width - 2) {
          column = width - 2;
          right = 256;
        }
        if (line < 0) line = below = 0;
        else if (line > height - 2) {
          line = height - 2;
          below = 256;
        }
        const from = line * width + column;
        const above = source[from] * (256 - right) + source[from + 1] * right;
        const under = source[from + width] * (256 - right) + source[from + width + 1] * right;
        out[at] = (above * (256 - below) + under * below + 32768) >> 16;
      }
    }
    return box;
  }

  /** Where the first pixel comes from, and how far the origin moves from column to column and from row to row. */
  #originOf(words: Uint32Array): Origin {
    const { shift, scale, shear } = this.#amounts;
    const t = this.#halfTangent * signed(words[word.rotation]);
    const cos = (1 - t * t) / (1 + t * t);
    const sin = (2 * t) / (1 + t * t);
    const size = 1 + scale * signed(words[word.scale]);
    const across = 1 / (size * (1 + (scale / 2) * signed(words[word.scaleX])));
    const down = 1 / (size * (1 + (scale / 2) * signed(words[word.scaleY])));
    const slant = shear * signed(words[word.shear]);
    const fromX = { x: fixed(cos * across), y: fixed(sin * down) };
    const fromY = { x: fixed((slant * cos - sin) * across), y: fixed((slant * sin + cos) * down) };
    const side = Math.max(this.#width, this.#height);
    const middleX = (this.#width - 1) / 2;
    const middleY = (this.#height - 1) / 2;
    const toX = middleX + shift * side * signed(words[word.shiftX]);
    const toY = middleY + shift * side * signed(words[word.shiftY]);
    return {
      fromX,
      fromY,
      firstX: Math.round(65536 * middleX - toX * fromX.x - toY * fromY.x),
      firstY: Math.round(65536 * middleY - toX * fromX.y - toY * fromY.y),
    };
  }

  /** Around the pixels that are not 0; the whole picture where they reach its edge, as they go on beyond it. */
  #boxOf(source: Uint8Array): Box {
    const width = this.#width;
    const height = this.#height;
    let [left, right, top, bottom] = [width, 0, height, 0];
    for (let row = 0, at = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at++) {
        if (source[at] === 0) continue;
        if (column < left) left = column;
        if (column >= right) right = column + 1;
        if (row < top) top = row;
        bottom = row + 1;
      }
    }
    const isInside = left > 0 && top > 0 && right < width && bottom < height;
    return isInside ? { left, right, top, bottom } : { left: 0, right: width, top: 0, bottom: height };
  }

  /** The box to which the drawing in a box of the source moves. */
  #whereGoes(box: Box, { fromX, fromY, firstX, firstY }: Origin): Box {
    const width = this.#width;
    const height = this.#height;
    const whole = { left: 0, right: width, top: 0, bottom: height };
    if (box.right === width) return whole;
    const determinant = fromX.x * fromY.y - fromX.y * fromY.x;
    let [left, right, top, bottom] = [width, 0, height, 0];
    for (let corner = 0; corner < 4; corner++) {
      const x = 65536 * (corner % 2 === 0 ? box.left - 1 : box.right) - firstX;
      const y = 65536 * (corner < 2 ? box.top - 1 : box.bottom) - firstY;
      const column = (x * fromY.y - y * fromY.x) / determinant;
      const row = (y * fromX.x - x * fromX.y) / determinant;
      left = Math.min(left, column);
      right = Math.max(right, column);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
    }
    return {
      left: Math.max(0, Math.floor(left)),
      right: Math.min(width, Math.ceil(right) + 1),
      top: Math.max(0, Math.floor(top)),
      bottom: Math.min(height, Math.ceil(bottom) + 1),
    };
  }

  /**
   * Each pixel goes towards the lightest of itself and its four neighbours, or towards the darkest where `strength`, of 256,
   * is below 0. Outside of the box all pixels are 0.
   */
  #changeStrokes(box: Box, strength: number, out: Uint8Array): void {
    const pixels = this.#moved;
    const width = this.#width;
    const height = this.#height;
    const most = Math.abs(strength);
    const isWider = strength > 0;
    const bottom = Math.min(height, box.bottom + 1);
    const right = Math.min(width, box.right + 1);
    out.fill(0);
    for (let row = Math.max(0, box.top - 1); row < bottom; row++) {
      for (let column = Math.max(0, box.left - 1); column < right; column++) {
        const at = row * width + column;
        const own = pixels[at];
        const up = row > 0 ? pixels[at - width] : own;
        const down = row < height - 1 ? pixels[at + width] : own;
        const before = column > 0 ? pixels[at - 1] : own;
        const after = column < width - 1 ? pixels[at + 1] : own;
        let towards = own;
        if (isWider) {
          if (up > towards) towards = up;
          if (down > towards) towards = down;
          if (before > towards) towards = before;
          if (after > towards) towards = after;
        } else {
          if (up < towards) towards = up;
          if (down < towards) towards = down;
          if (before < towards) towards = before;
          if (after < towards) towards = after;
        }
        out[at] = own + (((towards - own) * most) >> 8);
      }
    }
  }

  /** Light that grows evenly from one side to the other. */
  #addShade(pixels: Uint8Array, amount: number, details: Uint32Array): void {
    const width = this.#width;
    const height = this.#height;
    const most = 20 + 80 * amount;
    const x = signed(details[0]);
    const y = signed(details[1]);
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
    const width = this.#width;
    const height = this.#height;
    const grey = Math.floor(60 + 160 * amount);
    const isUpright = details[0] % 4 === 0;
    const many = 1 + (details[1] % 2);
    for (let line = 0; line < many; line++) {
      const place = details[2 + line] % (isUpright ? width : height);
      const length = isUpright ? height : width;
      for (let along = 0; along < length; along++) {
        const at = isUpright ? along * width + place : place * width + along;
        pixels[at] = Math.max(pixels[at], grey);
      }
    }
  }

  /** A few dots of one to four pixels, light or dark. */
  #addSpecks(pixels: Uint8Array, amount: number, details: Uint32Array): void {
    const width = this.#width;
    const many = 1 + Math.floor(amount * mostMarks);
    for (let speck = 0; speck < many; speck++) {
      const drawn = details[speck % details.length];
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

function fixed(number: number): number {
  return Math.round(65536 * number);
}

/** A word as a number in [0, 1). */
function fraction(drawn: number): number {
  return drawn / 2 ** 32;
}

/** A word as a number in [-1, 1). */
function signed(drawn: number): number {
  return drawn / 2 ** 31 - 1;
}

/** Taylor's series: Math.tan may differ between machines. Within 0.0001 up to half of 45 degrees. */
function tangent(angle: number): number {
  const square = angle * angle;
  return angle * (1 + square * (1 / 3 + square * (2 / 15 + (square * 17) / 315)));
}
