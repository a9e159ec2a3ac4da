/** The losses by name, and which answers are right: the same for all of them. */
import type { Loss } from '../../network/losses.js';
import { largestIndex } from '../../heads/outputs.js';
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.js';
import type { Matrix } from './matrix.js';
import { squaredErrorBackward, squaredErrorForward } from './squared-error.js';

interface LossFunction {
  /** outputs (batch, classes), labels (batch) → the sum of the samples' losses */
  forward(outputs: Matrix, labels: Uint8Array): number;
  /** Fills dOutputs (batch, classes), the gradient of the batch's mean loss. */
  backward(dOutputs: Matrix, outputs: Matrix, labels: Uint8Array): void;
}

export const lossFunctions: Record<Loss, LossFunction> = {
  cross_entropy: { forward: crossEntropyForward, backward: crossEntropyBackward },
  mse: { forward: squaredErrorForward, backward: squaredErrorBackward },
};

/** outputs (batch, classes), labels (batch) → how many samples have their largest output at the right class */
export function countCorrect(outputs: Matrix, labels: Uint8Array): number {
  return outputs.filter((row, b) => largestIndex(row) === labels[b]).length;
}
