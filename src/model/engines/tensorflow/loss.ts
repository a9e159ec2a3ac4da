/**
 * The losses: their gradients on the device, where the way back begins; their values here, in float64 from the logits, so
 * that a step needs no kernel for them.
 */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { sampleLoss, type Loss } from '../../network/losses.js';
import type { Constants } from './constants.js';
import type { Tf } from './tensorflow.js';

/**
 * Of the batch's mean loss, in a tidy: logits (batch, classes), one-hot targets (batch, classes) → (batch, classes)
 */
export function lossGradient(
  tf: Tf,
  { of }: Constants,
  loss: Loss,
  logits: Tensor2D,
  targets: Tensor2D,
): Tensor2D {
  const [batch, classes] = logits.shape;
  return loss === 'cross_entropy'
    ? tf.mul(tf.sub(tf.softmax(logits), targets), of(1 / batch))
    : tf.mul(tf.sub(logits, targets), of(2 / classes / batch));
}

/** logits (batch · classes), labels (batch) → the sum of the samples' losses */
export function lossSumOf(loss: Loss, logits: Float32Array, labels: Uint8Array): number {
  const classes = logits.length / labels.length;
  let lossSum = 0;
  labels.forEach((_, sample) => {
    const outputs = logits.subarray(sample * classes, (sample + 1) * classes);
    lossSum += sampleLoss(loss, outputs, labels, sample);
  });
  return lossSum;
}
