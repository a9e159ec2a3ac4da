/** Pictures made smaller by averaging areas and larger by linear interpolation, along one axis and then along the other. */
import type { Size } from './grey-image.js';

/** A part of a larger picture, (height, width) of its rows of `stride` pixels. */
export interface Region extends Size {
  pixels: Uint8Array | Float32Array;
  /** The pixel it begins with. */
  first: number;
  stride: number;
}

/** What pixel of a line is made of: `weights.length` pixels from `first` on. The weights add up to 1. */
interface Share {
  first: number;
  weights: number[];
}

/** (to.height, to.width) */
export function resample(region: Region, to: Size): Float32Array {
  const { pixels, width, height, first, stride } = region;
  const across = new Float32Array(height * to.width);
  const columns = shares(width, to.width);
  for (let row = 0; row < height; row++) {
    for (const [column, share] of columns.entries()) {
      across[row * to.width + column] = weighted(pixels, first + row * stride, 1, share);
    }
  }
  const resampled = new Float32Array(to.height * to.width);
  for (const [row, share] of shares(height, to.height).entries()) {
    for (let column = 0; column < to.width; column++) {
      resampled[row * to.width + column] = weighted(across, column, to.width, share);
    }
  }
  return resampled;
}

function weighted(
  pixels: Uint8Array | Float32Array,
  start: number,
  step: number,
  { first, weights }: Share,
): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * pixels[start + (first + i) * step];
  return sum;
}

/** A line of `from` pixels as one of `to`. */
function shares(from: number, to: number): Share[] {
  const pixelsEach = from / to;
  return Array.from({ length: to }, (_, index) =>
    from > to
      ? coveredBy(index * pixelsEach, Math.min((index + 1) * pixelsEach, from))
      : between((index + 0.5) * pixelsEach - 0.5, from),
  );
}

/** Each pixel by how much of it lies between the two. */
function coveredBy(start: number, end: number): Share {
  const first = Math.floor(start);
  const weights = Array.from({ length: Math.ceil(end) - first }, (_, i) => {
    const covered = Math.min(first + i + 1, end) - Math.max(first + i, start);
    return covered / (end - start);
  });
  return { first, weights };
}

/** The two pixels whose middles lie around the place; beyond the outermost middle there is but one. */
function between(place: number, count: number): Share {
  const inside = Math.min(Math.max(place, 0), count - 1);
  const first = Math.floor(inside);
  const beyond = inside - first;
  return { first, weights: beyond === 0 ? [1] : [1 - beyond, beyond] };
}
