/** What most inputs are, for the engines that leave it out. */
import { applyAffine, type AffineMap } from '../preprocessing/affine.js';
import type { Samples } from './engine.js';

/** A number that so many inputs have that the first layer need not compute its contribution again and again. */
export interface Background {
  /** As it is in the data: a byte, or 0 of float32 inputs. */
  raw: number;
  /** What it becomes, as a float32. */
  value: number;
}

/** So many inputs, spread over the samples, are enough to decide. */
const inputsLookedAt = 1_000_000;

/** null where no number has `leastShare` of the inputs. Only the inputs decide, so it is the same on every machine. */
export function findBackground(
  inputs: Samples['inputs'],
  scaling: AffineMap | null,
  leastShare: number,
): Background | null {
  // An odd stride, so that it does not always look at the same columns.
  const stride = 2 * Math.floor(inputs.length / inputsLookedAt / 2) + 1;
  const counts = new Uint32Array(256);
  for (let i = 0; i < inputs.length; i += stride) {
    // Of float32 inputs only 0 can be the background.
    if (scaling !== null || inputs[i] === 0) counts[inputs[i]]++;
  }
  const most = counts.reduce((a, b) => Math.max(a, b));
  if (most < leastShare * Math.ceil(inputs.length / stride)) return null;
  const raw = counts.indexOf(most);
  return { raw, value: scaling === null ? raw : applyAffine(scaling, raw) };
}
