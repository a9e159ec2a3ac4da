/** Softmax cross-entropy from logits, stable for logits of any finite size: exponents are never above 0. */
import type { Floats, Matrix } from './matrix.js';

/** log Σ exp(logits) */
function logSumExp(logits: Floats): number {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

/** logits (classes) → probabilities (classes), summing to 1 */
export function softmax(probabilities: Floats, logits: Floats): void {
  const normalizer = logSumExp(logits);
  for (let c = 0; c < logits.length; c++) probabilities[c] = Math.exp(logits[c] - normalizer);
}

/** The class of the largest logit; among equal ones the lowest index, as in `torch.argmax` on a CPU. */
function largestIndex(logits: Floats): number {
  let best = 0;
  for (let c = 1; c < logits.length; c++) {
    if (logits[c] > logits[best]) best = c;
  }
  return best;
}

/** logits (batch, classes), labels (batch) → the sum of the samples' losses, and how many were right */
export function crossEntropyForward(
  logits: Matrix,
  labels: Uint8Array,
): { lossSum: number; correct: number } {
  let lossSum = 0;
  let correct = 0;
  for (let b = 0; b < logits.length; b++) {
    lossSum += logSumExp(logits[b]) - logits[b][labels[b]];
    if (largestIndex(logits[b]) === labels[b]) correct += 1;
  }
  return { lossSum, correct };
}

/** Of the batch's mean loss: dLogits (batch, classes) = (softmax(logits) − one-hot(labels)) / batch */
export function crossEntropyBackward(dLogits: Matrix, logits: Matrix, labels: Uint8Array): void {
  const batch = logits.length;
  for (let b = 0; b < batch; b++) {
    const normalizer = logSumExp(logits[b]);
    for (let c = 0; c < logits[b].length; c++) {
      const target = c === labels[b] ? 1 : 0;
      dLogits[b][c] = (Math.exp(logits[b][c] - normalizer) - target) / batch;
    }
  }
}
