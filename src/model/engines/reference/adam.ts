/** Adam and AdamW as PyTorch computes them, bias-corrected. They differ in their weight decay alone. */
import type { AdamSpec } from '../../network/optimizers.js';
import type { LearnedTensor } from './learned-tensor.js';

/**
 * One update in place; `step` counts from 1. D. P. Kingma, J. Ba, 2015, algorithm 1, with m = exp_avg and
 * v = exp_avg_sq.
 */
export function adamStep(tensor: LearnedTensor, step: number, spec: AdamSpec): void {
  const { values, gradients } = tensor;
  const [expAvg, expAvgSq] = tensor.slots;
  const { beta1, beta2, epsilon, learning_rate, weight_decay } = spec;
  const penalty = spec.type === 'adam' ? weight_decay : 0;
  const shrinkage = spec.type === 'adamw' ? 1 - learning_rate * weight_decay : 1;
  const stepSize = learning_rate / (1 - beta1 ** step);
  const correction2 = Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < values.length; i++) {
    const gradient = gradients[i] + penalty * values[i];
    const m = beta1 * expAvg[i] + (1 - beta1) * gradient;
    const v = beta2 * expAvgSq[i] + (1 - beta2) * gradient * gradient;
    expAvg[i] = m;
    expAvgSq[i] = v;
    values[i] = shrinkage * values[i] - (stepSize * m) / (Math.sqrt(v) / correction2 + epsilon);
  }
}
