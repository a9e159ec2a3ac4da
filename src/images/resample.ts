/** Scales pictures along one axis and then the other: down by averaging areas, up by linear interpolation. */
import type { Size } from './grey-image.js';

/** A part of a larger picture whose rows have `stride` pixels: (height, width). */
export interface Region extends Size {
  pixels: Uint8Array | Float32Array;
  /** The index of its first pixel. */
  first: number;
  stride: number;
}

/** The sources of one pixel: `weights.length` pixels from `first` on. The weights add up to 1. */
interface Share {
  first: number;
  weights: number[];
}

/** (to.height, to.width) */
export function resample(region: Region, to: Size): Float32Array {
  const { pixels, width, height, first, stride } = region;
  if (width === to.width && height === to.height) return copyOf(region);
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

/** (height, width) */
function copyOf({ pixels, width, height, first, stride }: Region): Float32Array {
  const copy = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = first + row * stride;
    copy.set(pixels.subarray(start, start + width), row * width);
  }
  return copy;
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

/** For each of `to` pixels, its share of a line of `from` pixels. */
function shares(from: number, to: number): Share[] {
  const pixelsEach = from / to;
  return Array.from({ length: to }, (_, index) =>
    from > to
      ? coveredBy(index * pixelsEach, Math.min((index + 1) * pixelsEach, from))
      : between((index + 0.5) * pixelsEach - 0.5, from),
  );
}

/** The pixels between the two places, each weighted by the part of it that lies between them. */
function coveredBy(start: number, end: number): Share {
  const first = Math.floor(start);
  const weights = Array.from({ length: Math.ceil(end) - first }, (_, i) => {
    const covered = Math.min(first + i + 1, end) - Math.max(first + i, start);
    return covered / (end - start);
  });
  return { first, weights };
}

/** The two pixels whose centres are next to the place, or only one beyond the outermost centre. */
function between(place: number, count: number): Share {
  const inside = Math.min(Math.max(place, 0), count - 1);
  const first = Math.floor(inside);
  const beyond = inside - first;
  return { first, weights: beyond === 0 ? [1] : [1 - beyond, beyond] };
}
