/** From a network's outputs to class probabilities, as the loss that it was trained with understands them. */
import type { Loss } from '../network/losses.js';

type Floats = Float32Array | Float64Array;

/** outputs (classes) → probabilities (classes), in float64, summing to 1; all NaN where an output is not finite. */
export function fillProbabilities(loss: Loss, probabilities: Floats, outputs: Floats): void {
  if (!outputs.every(Number.isFinite)) probabilities.fill(NaN);
  else if (loss === 'cross_entropy') softmax(probabilities, outputs);
  else nearestDistribution(probabilities, outputs);
}

/** Stable for outputs of any size: exponents are never above 0. */
function softmax(probabilities: Floats, outputs: Floats): void {
  const largest = largestOf(outputs);
  let sum = 0;
  for (const output of outputs) sum += Math.exp(output - largest);
  for (let c = 0; c < outputs.length; c++) probabilities[c] = Math.exp(outputs[c] - largest) / sum;
}

/**
 * Least squares on one-hot targets estimates the probabilities themselves, but for bounds and sum: the distribution
 * nearest to the outputs, their Euclidean projection onto the simplex. J. Duchi et al., "Efficient Projections onto the
 * l1-Ball for Learning in High Dimensions", 2008, figure 1. It depends on the outputs' differences alone; taken from the
 * largest, they keep their bits beside outputs of any size.
 */
function nearestDistribution(probabilities: Floats, outputs: Floats): void {
  const largest = largestOf(outputs);
  const falling = Float64Array.from(outputs, (output) => output - largest)
    .sort()
    .reverse();
  let sum = 0;
  let shift = 0;
  for (let i = 0; i < falling.length; i++) {
    sum += falling[i];
    const candidate = (sum - 1) / (i + 1);
    if (falling[i] <= candidate) break;
    shift = candidate;
  }
  for (let c = 0; c < outputs.length; c++) probabilities[c] = Math.max(0, outputs[c] - largest - shift);
}

function largestOf(outputs: Floats): number {
  let largest = -Infinity;
  for (const output of outputs) largest = Math.max(largest, output);
  return largest;
}
