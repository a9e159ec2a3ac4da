/** The loss of a batch and its gradient. What the loss of one sample is, network/losses.ts says. */
import { logSumExp, outputErrors, sampleLoss, type Loss } from '../../network/losses.js';
import { weightSumOf } from '../batch-report.js';
import type { Samples } from '../engine.js';
import type { Floats, Matrix } from './matrix.js';

/** The targets and weights of a split, and which of its rows are in the batch. */
export interface Batch {
  split: Pick<Samples, 'targets' | 'weights'>;
  /** (batch) */
  rows: Uint32Array;
}

/** The weighted sum of the samples' losses; `outputs` (batch, outputs). */
export function lossSumOf(loss: Loss, outputs: Matrix, { split, rows }: Batch, smoothing = 0): number {
  return outputs.reduce((sum, row, b) => {
    return sum + weightOf(split, rows[b]) * sampleLoss(loss, row, split.targets, rows[b], smoothing);
  }, 0);
}

/** Fills dOutputs (batch, outputs) with the gradient of the batch's loss: Σ w·dl / Σ w, and 0 where Σ w is 0. */
export function lossGradient(
  loss: Loss,
  dOutputs: Matrix,
  outputs: Matrix,
  { split, rows }: Batch,
  smoothing = 0,
): void {
  const weightSum = weightSumOf(split, rows);
  outputs.forEach((row, b) => {
    const gradient = sampleGradient(loss, row, split.targets, rows[b], smoothing);
    const weight = weightOf(split, rows[b]);
    for (let i = 0; i < row.length; i++) {
      dOutputs[b][i] = weightSum === 0 ? 0 : (gradient[i] * weight) / weightSum;
    }
  });
}

function weightOf({ weights }: Batch['split'], row: number): number {
  return weights === null ? 1 : weights[row];
}

/** (outputs) The gradient of one sample's loss, in float64. As in PyTorch, that of |e| is 0 at e = 0. */
function sampleGradient(
  loss: Loss,
  outputs: Floats,
  targets: Samples['targets'],
  sample: number,
  smoothing: number,
): Float64Array {
  if (loss === 'cross_entropy') {
    const normalizer = logSumExp(outputs);
    return Float64Array.from(outputs, (logit, i) => {
      const target = (i === targets[sample] ? 1 - smoothing : 0) + smoothing / outputs.length;
      return Math.exp(logit - normalizer) - target;
    });
  }
  const slope = errorSlopes[loss];
  return outputErrors(loss, outputs, targets, sample).map((error) => slope(error) / outputs.length);
}

const errorSlopes: Record<Exclude<Loss, 'cross_entropy'>, (error: number) => number> = {
  one_hot_mse: (error) => 2 * error,
  mse: (error) => 2 * error,
  mae: Math.sign,
  huber: (error) => Math.max(-1, Math.min(1, error)),
};
