/** How light the paper is at each place of a picture, so that a shadow is not taken for ink. */
import type { GreyImage } from './grey-image.js';
import { resample } from './resample.js';

/** What differs by less than this over the whole picture counts as even. */
const leastUnevenness = 12;

/** The surface is fitted to a picture of at most so many pixels on a side. */
const fittedSide = 64;

/** The outer part of a picture, where there is mostly paper. */
const borderPart = 0.15;

/** And so much of it is never reached by the drawing, where somebody made the picture of a drawing alone. */
const evenPart = 0.1;

const rounds = 8;
/** So many of them look at the border alone. */
const borderRounds = 3;

/**
 * (height, width): the paper's grey level at each pixel, a quadratic surface; null where the light is even.
 * @param isLight whether the drawing is darker than the paper
 */
export function unevenLight({ width, height, grey }: GreyImage, isLight: boolean): Float32Array | null {
  if (isBorderOfOneLevel(grey, width, height)) return null;
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

/** No camera sees so even a border: the picture was drawn, on paper of one level. */
function isBorderOfOneLevel(grey: Uint8Array, width: number, height: number): boolean {
  const level = grey[0];
  const across = Math.ceil(evenPart * width);
  const down = Math.ceil(evenPart * height);
  for (let row = 0; row < height; row++) {
    const isWhole = row < down || row >= height - down;
    const start = row * width;
    for (let column = 0; column < width; column++) {
      if (!isWhole && column === across) column = width - across;
      if (grey[start + column] !== level) return false;
    }
  }
  return true;
}

/**
 * The six coefficients, by least squares on the border and then again and again on all that is about as light as the surface
 * so far. When a round changes nothing, the next ones would not either.
 */
function fitPaper(pixels: Float32Array, width: number, height: number, isLight: boolean): number[] {
  const border = borderOf(width, height);
  /** 1: the pixel is taken for paper. */
  let taken = new Uint8Array(pixels.length);
  let takenBefore = new Uint8Array(pixels.length);
  let surface: number[] | null = null;
  let levels: Float32Array | null = null;
  let tolerance = Infinity;
  for (let round = 0; round < rounds; round++) {
    [taken, takenBefore] = [takenBefore, taken];
    let isSame = surface !== null;
    let deviation = 0;
    let count = 0;
    for (let at = 0; at < pixels.length; at++) {
      const ink = levels === null ? 0 : isLight ? levels[at] - pixels[at] : pixels[at] - levels[at];
      const isPaper =
        (round >= borderRounds || border[at] === 1) && ink <= tolerance && ink >= -3 * tolerance;
      taken[at] = isPaper ? 1 : 0;
      if (taken[at] !== takenBefore[at]) isSame = false;
      if (!isPaper) continue;
      deviation += Math.abs(ink);
      count++;
    }
    if (count < 12) break;
    if (!isSame) {
      surface = surfaceThrough(pixels, taken, width, height);
      levels = surfaceOf(surface, width, height);
    }
    const next = Math.max(6, round === 0 ? 40 : (2.5 * deviation) / count);
    if (isSame && next === tolerance) {
      if (round >= borderRounds) break;
      round = borderRounds - 1;
    }
    tolerance = next;
  }
  return surface ?? [0, 0, 0, 0, 0, 0];
}

/** (height, width): 1 at the border. */
function borderOf(width: number, height: number): Uint8Array {
  const border = new Uint8Array(width * height);
  for (let row = 0, at = 0; row < height; row++) {
    const isEdgeRow = Math.min(row, height - 1 - row) < borderPart * height;
    for (let column = 0; column < width; column++, at++) {
      if (isEdgeRow || Math.min(column, width - 1 - column) < borderPart * width) border[at] = 1;
    }
  }
  return border;
}

/** The powers of x and y in the terms of a quadratic surface: 1, x, y, x², xy, y². */
const termPowers = [
  [0, 0],
  [1, 0],
  [0, 1],
  [2, 0],
  [1, 1],
  [0, 2],
] as const;

/**
 * The least-squares fit to the pixels that are taken. The normal equations have 36 coefficients, but only 15 different sums of
 * xⁱyʲ. Those of a row are its five sums of xⁱ, times yʲ.
 */
function surfaceThrough(pixels: Float32Array, taken: Uint8Array, width: number, height: number): number[] {
  /** (5, 5) and (3, 3): at [i, j] the sum of xⁱyʲ, and of level · xⁱyʲ. */
  const sums = new Float64Array(25);
  const levelSums = new Float64Array(9);
  const rowSums = new Float64Array(5);
  const rowLevelSums = new Float64Array(3);
  for (let row = 0, at = 0; row < height; row++) {
    // Local variables: sums that are kept in an array take three times as long.
    let count = 0;
    let x1 = 0;
    let x2 = 0;
    let x3 = 0;
    let x4 = 0;
    let level0 = 0;
    let level1 = 0;
    let level2 = 0;
    for (let column = 0; column < width; column++, at++) {
      if (taken[at] === 0) continue;
      const x = (2 * column) / (width - 1) - 1;
      const square = x * x;
      const level = pixels[at];
      count++;
      x1 += x;
      x2 += square;
      x3 += square * x;
      x4 += square * square;
      level0 += level;
      level1 += level * x;
      level2 += level * square;
    }
    rowSums[0] = count;
    rowSums[1] = x1;
    rowSums[2] = x2;
    rowSums[3] = x3;
    rowSums[4] = x4;
    rowLevelSums[0] = level0;
    rowLevelSums[1] = level1;
    rowLevelSums[2] = level2;
    const y = (2 * row) / (height - 1) - 1;
    addRow(sums, rowSums, y);
    addRow(levelSums, rowLevelSums, y);
  }
  const equations = new Float64Array(6 * 7);
  for (const [row, [i, j]] of termPowers.entries()) {
    for (const [column, [k, l]] of termPowers.entries()) {
      equations[7 * row + column] = sums[5 * (i + k) + j + l];
    }
    equations[7 * row + 6] = levelSums[3 * i + j];
  }
  return solution(equations);
}

/** Adds a row's sums of xⁱ, each times the powers of its y, as far as the degree of all together goes. */
function addRow(sums: Float64Array, rowSums: Float64Array, y: number): void {
  const degrees = rowSums.length;
  for (let i = 0; i < degrees; i++) {
    let term = rowSums[i];
    for (let j = 0; i + j < degrees; j++, term *= y) sums[degrees * i + j] += term;
  }
}

/**
 * Of (6, 7) equations with six unknowns, each its coefficients and the right side: by elimination. A little is added to the
 * diagonal, so that there is a solution where the terms do not differ.
 */
function solution(equations: Float64Array): number[] {
  for (let pivot = 0; pivot < 6; pivot++) equations[8 * pivot] += 1e-6 * (equations[8 * pivot] + 1);
  for (let pivot = 0; pivot < 6; pivot++) {
    for (let row = 0; row < 6; row++) {
      if (row === pivot) continue;
      const factor = equations[7 * row + pivot] / equations[8 * pivot];
      for (let column = pivot; column < 7; column++) {
        equations[7 * row + column] -= factor * equations[7 * pivot + column];
      }
    }
  }
  return Array.from({ length: 6 }, (_, row) => equations[7 * row + 6] / equations[8 * row]);
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
