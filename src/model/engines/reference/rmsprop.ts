/** RMSprop as `torch.optim.RMSprop` computes it, not centred and without momentum. */
import type { RmspropSpec } from '../../network/optimizers.js';
import type { LearnedTensor } from './learned-tensor.js';

/** One update in place. */
export function rmspropStep({ values, gradients, slots }: LearnedTensor, spec: RmspropSpec): void {
  const { learning_rate, alpha, epsilon, weight_decay } = spec;
  const [squareAvg] = slots;
  for (let i = 0; i < values.length; i++) {
    const gradient = gradients[i] + weight_decay * values[i];
    const v = alpha * squareAvg[i] + (1 - alpha) * gradient * gradient;
    squareAvg[i] = v;
    values[i] -= (learning_rate * gradient) / (Math.sqrt(v) + epsilon);
  }
}
