/** The mean squared error, of the outputs against one-hot targets. */
import { squaredError } from '../../heads/outputs.js';
import type { Matrix } from './matrix.js';

/** outputs (batch, classes), labels (batch) → the sum of the samples' losses, each a mean over the classes */
export function squaredErrorForward(outputs: Matrix, labels: Uint8Array): number {
  return outputs.reduce((sum, row, b) => sum + squaredError(row, labels[b]), 0);
}

/** Of the batch's mean loss: dOutputs (batch, classes) = 2 (outputs − one-hot(labels)) / classes / batch */
export function squaredErrorBackward(dOutputs: Matrix, outputs: Matrix, labels: Uint8Array): void {
  const batch = outputs.length;
  outputs.forEach((row, b) =>
    row.forEach((output, c) => {
      dOutputs[b][c] = (2 * (output - target(c, labels[b]))) / row.length / batch;
    }),
  );
}

function target(c: number, label: number): number {
  return c === label ? 1 : 0;
}
