/** The losses by name. */
import type { ClassLoss } from '../../network/losses.js';
import { crossEntropyBackward, crossEntropyForward } from './cross-entropy.js';
import type { Matrix } from './matrix.js';
import { squaredErrorBackward, squaredErrorForward } from './squared-error.js';

interface LossFunction {
  /** outputs (batch, classes), labels (batch) → the sum of the samples' losses */
  forward(outputs: Matrix, labels: Uint8Array): number;
  /** Fills dOutputs (batch, classes), the gradient of the batch's mean loss. */
  backward(dOutputs: Matrix, outputs: Matrix, labels: Uint8Array): void;
}

export const lossFunctions: Record<ClassLoss, LossFunction> = {
  cross_entropy: { forward: crossEntropyForward, backward: crossEntropyBackward },
  one_hot_mse: { forward: squaredErrorForward, backward: squaredErrorBackward },
};
