/** How light the paper is at each place of a picture, so that a shadow is not taken for ink. */
import type { GreyImage } from './grey-image.js';
import { resample } from './resample.js';

/** What differs by less than this over the whole picture counts as even. */
const leastUnevenness = 12;

/** The surface is fitted to a picture of at most so many pixels on a side. */
const fittedSide = 64;

/** The outer part of a picture, where there is mostly paper. */
const borderPart = 0.15;

const rounds = 8;

/** The terms of a quadratic surface at (x, y), each from -1 to 1. */
function termsAt(x: number, y: number): number[] {
  return [1, x, y, x * x, x * y, y * y];
}

/**
 * (height, width): the paper's grey level at each pixel, a quadratic surface; null where the light is even.
 * @param isLight whether the drawing is darker than the paper
 */
export function unevenLight({ width, height, grey }: GreyImage, isLight: boolean): Float32Array | null {
  const scale = Math.min(1, fittedSide / Math.max(width, height));
  const size = {
    width: Math.max(2, Math.round(width * scale)),
    height: Math.max(2, Math.round(height * scale)),
  };
  const pixels = resample({ pixels: grey, width, height, first: 0, stride: width }, size);
  const surface = fitPaper(pixels, size.width, size.height, isLight);
  const paper = surfaceOf(surface, width, height);
  let [least, most] = [Infinity, -Infinity];
  for (const level of paper) {
    if (level < least) least = level;
    if (level > most) most = level;
  }
  // A surface that leaves the range of grey levels fits something else than light.
  return most - least < leastUnevenness || least < 8 || most > 300 ? null : paper;
}

/**
 * The six coefficients, by least squares on the border and then again and again on all that is about as light as the surface
 * so far.
 */
function fitPaper(pixels: Float32Array, width: number, height: number, isLight: boolean): number[] {
  const isBorder = (column: number, row: number): boolean =>
    Math.min(column, width - 1 - column) < borderPart * width ||
    Math.min(row, height - 1 - row) < borderPart * height;
  let surface: number[] | null = null;
  let tolerance = Infinity;
  for (let round = 0; round < rounds; round++) {
    const fitted = surface && surfaceOf(surface, width, height);
    const inkAt = (at: number): number =>
      fitted === null ? 0 : isLight ? fitted[at] - pixels[at] : pixels[at] - fitted[at];
    const equations = new Equations();
    let deviation = 0;
    let count = 0;
    for (let row = 0, at = 0; row < height; row++) {
      for (let column = 0; column < width; column++, at++) {
        const ink = inkAt(at);
        if ((round < 3 && !isBorder(column, row)) || ink > tolerance || ink < -3 * tolerance) continue;
        equations.add(termsAt((2 * column) / (width - 1) - 1, (2 * row) / (height - 1) - 1), pixels[at]);
        deviation += Math.abs(ink);
        count++;
      }
    }
    if (count < 12) break;
    surface = equations.solution();
    tolerance = Math.max(6, round === 0 ? 40 : (2.5 * deviation) / count);
  }
  return surface ?? [0, 0, 0, 0, 0, 0];
}

function surfaceOf(surface: readonly number[], width: number, height: number): Float32Array {
  const levels = new Float32Array(width * height);
  const [a, b, c, d, e, f] = surface;
  for (let row = 0, at = 0; row < height; row++) {
    const y = (2 * row) / (height - 1) - 1;
    for (let column = 0; column < width; column++, at++) {
      const x = (2 * column) / (width - 1) - 1;
      levels[at] = a + x * (b + d * x + e * y) + y * (c + f * y);
    }
  }
  return levels;
}

/** The normal equations of a least-squares fit in six unknowns. */
class Equations {
  /** Six rows of six coefficients and the right side. */
  readonly #rows = Array.from({ length: 6 }, () => new Float64Array(7));

  add(terms: readonly number[], value: number): void {
    for (let row = 0; row < 6; row++) {
      for (let column = 0; column < 6; column++) this.#rows[row][column] += terms[row] * terms[column];
      this.#rows[row][6] += terms[row] * value;
    }
  }

  /** By elimination; a little is added to the diagonal, so that there is a solution where the terms do not differ. */
  solution(): number[] {
    const rows = this.#rows;
    for (let pivot = 0; pivot < 6; pivot++) rows[pivot][pivot] += 1e-6 * (rows[pivot][pivot] + 1);
    for (let pivot = 0; pivot < 6; pivot++) {
      for (let row = 0; row < 6; row++) {
        if (row === pivot) continue;
        const factor = rows[row][pivot] / rows[pivot][pivot];
        for (let column = pivot; column < 7; column++) rows[row][column] -= factor * rows[pivot][column];
      }
    }
    return rows.map((row, index) => row[6] / row[index]);
  }
}
