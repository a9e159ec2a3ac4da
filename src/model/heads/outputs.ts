/** What is read off the outputs that a network has for one sample, (classes), in float64. */

type Floats = Float32Array | Float64Array;

/** Among equal outputs the lowest index, as in `torch.argmax` on a CPU. */
export function largestIndex(outputs: Floats): number {
  let best = 0;
  for (let c = 1; c < outputs.length; c++) {
    if (outputs[c] > outputs[best]) best = c;
  }
  return best;
}

/** log Σ exp(logits), stable for logits of any finite size: exponents are never above 0. */
export function logSumExp(logits: Floats): number {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

/** The mean over the classes of (output − one-hot(label))². */
export function squaredError(outputs: Floats, label: number): number {
  let squares = 0;
  outputs.forEach((output, c) => (squares += (output - (c === label ? 1 : 0)) ** 2));
  return squares / outputs.length;
}
