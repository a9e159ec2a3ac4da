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

/** logits (batch, classes), labels (batch) → the sum of the samples' losses */
export function crossEntropyForward(logits: Matrix, labels: Uint8Array): number {
  return logits.reduce((sum, row, b) => sum + logSumExp(row) - row[labels[b]], 0);
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
