/** Adam as `torch.optim.Adam` computes it: bias-corrected, with the weight decay added to the gradient. */
import type { AdamSpec } from '../../optimizer.js';
import type { Floats } from './matrix.js';

/** A parameter and what training keeps beside it; all of the parameter's shape. */
export interface LearnedTensor {
  values: Floats;
  gradients: Floats;
  /** The first moment, m. */
  expAvg: Floats;
  /** The second moment, v. */
  expAvgSq: Floats;
}

/** One update in place; `step` counts from 1. D. P. Kingma, J. Ba, 2015, algorithm 1. */
export function adamStep(tensor: LearnedTensor, step: number, spec: AdamSpec): void {
  const { values, gradients, expAvg, expAvgSq } = tensor;
  const { beta1, beta2, epsilon } = spec;
  const stepSize = spec.learning_rate / (1 - beta1 ** step);
  const correction2 = Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < values.length; i++) {
    const gradient = gradients[i] + spec.weight_decay * values[i];
    const m = beta1 * expAvg[i] + (1 - beta1) * gradient;
    const v = beta2 * expAvgSq[i] + (1 - beta2) * gradient * gradient;
    expAvg[i] = m;
    expAvgSq[i] = v;
    values[i] -= (stepSize * m) / (Math.sqrt(v) / correction2 + epsilon);
  }
}
