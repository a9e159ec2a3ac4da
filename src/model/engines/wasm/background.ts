/**
 * Whether a dataset's inputs are mostly one byte, as the pixels around a digit are, so that the first layer need not work
 * out again and again what that byte contributes; see kernels/sparse.ts.
 */
import { applyAffine, type AffineMap } from '../../preprocessing/affine.js';
import type { Samples } from '../engine.js';

export interface Background {
  byte: number;
  /** What the byte becomes, as a float32. */
  value: number;
}

/** Of the inputs; with fewer of them alike, the dense kernels are about as fast. Measured with noise on a background. */
const leastShare = 0.5;
/** So many bytes, spread over the samples, tell enough. */
const bytesLookedAt = 1_000_000;

/** The same for the same data. */
export function findBackground({ inputs }: Samples, preprocessing: AffineMap): Background | null {
  // An odd stride, so that it is not always the same inputs that are looked at.
  const stride = 2 * Math.floor(inputs.length / bytesLookedAt / 2) + 1;
  const counts = new Uint32Array(256);
  for (let i = 0; i < inputs.length; i += stride) counts[inputs[i]]++;
  const most = counts.reduce((a, b) => Math.max(a, b));
  if (most < leastShare * Math.ceil(inputs.length / stride)) return null;
  const byte = counts.indexOf(most);
  return { byte, value: applyAffine(preprocessing, byte) };
}

/** (256) What each byte differs by from the background, worked out in float64 and rounded once. */
export function differenceTable({ divide_by, std }: AffineMap, { byte }: Background): Float32Array {
  return Float32Array.from({ length: 256 }, (_, raw) => (raw - byte) / divide_by / std);
}
