/** The affine map that suits inputs that are bytes. */
import type { Scaling } from './dataset.js';

/** By mean and standard deviation of the training pixels, which are bytes and count from 0 to 1. */
export function scalingOfBytes(inputs: Uint8Array): Scaling {
  const counts = new Float64Array(256);
  for (const pixel of inputs) counts[pixel] = (counts[pixel] ?? 0) + 1;
  const mean = counts.reduce((sum, count, pixel) => sum + count * pixel, 0) / inputs.length;
  const variance = counts.reduce((sum, count, pixel) => sum + count * (pixel - mean) ** 2, 0) / inputs.length;
  // Pictures of one colour have no deviation to divide by.
  return { divide_by: 255, mean: mean / 255, std: Math.sqrt(variance) / 255 || 1 };
}
