/** The numbers that an optimiser's kernel reads, worked out in float64; kernels/optimizers.ts says what they are. */
import type { OptimizerSpec } from '../../network/optimizers.js';

/** Room for those of any optimiser. */
export const settingsCount = 16;

/** Of the step that is the `step`th of the run, from 1. */
export function optimizerSettings(spec: OptimizerSpec, step: number): number[] {
  const { learning_rate: rate, weight_decay: decay } = spec;
  switch (spec.type) {
    case 'adam':
    case 'adamw': {
      const { beta1, beta2, epsilon } = spec;
      const [shrink, added] = spec.type === 'adamw' ? [1 - rate * decay, 0] : [1, decay];
      const size = rate / (1 - beta1 ** step);
      const root = 1 / Math.sqrt(1 - beta2 ** step);
      return [shrink, added, beta1, 1 - beta1, beta2, 1 - beta2, size, root, epsilon];
    }
    case 'sgd':
      return spec.momentum > 0
        ? [decay, rate, spec.momentum, ...(spec.nesterov ? [1, spec.momentum] : [0, 1])]
        : [decay, rate];
    case 'rmsprop':
      return [decay, rate, spec.alpha, 1 - spec.alpha, spec.epsilon];
  }
}
