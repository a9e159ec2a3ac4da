/** What of Adam's update is the same for every parameter of a step. */
import type { AdamSpec } from '../../network/optimizers.js';

/**
 * p ← p − stepSize · m / (√v + epsilon), the bias corrections having gone into both; `step` counts from 1. D. P. Kingma,
 * J. Ba, 2015, section 2, its last paragraph.
 */
export function adamStep(
  { learning_rate, beta1, beta2, epsilon }: AdamSpec,
  step: number,
): { stepSize: number; epsilon: number } {
  const correction2 = Math.sqrt(1 - beta2 ** step);
  return {
    stepSize: (learning_rate * correction2) / (1 - beta1 ** step),
    epsilon: epsilon * correction2,
  };
}
