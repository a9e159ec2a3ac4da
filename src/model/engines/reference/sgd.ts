/** Stochastic gradient descent as `torch.optim.SGD` computes it, without dampening. */
import type { SgdSpec } from '../../network/optimizers.js';
import type { LearnedTensor } from './learned-tensor.js';

/** One update in place. Without a momentum no buffer is kept. */
export function sgdStep({ values, gradients, slots }: LearnedTensor, spec: SgdSpec): void {
  const { learning_rate, momentum, nesterov, weight_decay } = spec;
  const buffer = momentum > 0 ? slots[0] : null;
  for (let i = 0; i < values.length; i++) {
    const gradient = gradients[i] + weight_decay * values[i];
    let direction = gradient;
    if (buffer) {
      // A buffer of 0 becomes the gradient itself, as PyTorch's does at the first step.
      const moving = momentum * buffer[i] + gradient;
      buffer[i] = moving;
      direction = nesterov ? gradient + momentum * moving : moving;
    }
    values[i] -= learning_rate * direction;
  }
}
