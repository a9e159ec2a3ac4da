/** Softmax cross-entropy from logits. */
import { logSumExp } from '../../heads/outputs.js';
import type { Matrix } from './matrix.js';

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
