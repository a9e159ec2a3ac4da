/** The optimisers as PyTorch computes them: one update of one parameter, in place. */
import {
  clipFactor,
  type AdamSpec,
  type OptimizerSpec,
  type RmspropSpec,
  type SgdSpec,
} from '../../network/optimizers.js';
import type { Floats } from './matrix.js';

/** A parameter and what training keeps beside it, all of the parameter's shape. */
export interface LearnedTensor {
  values: Floats;
  gradients: Floats;
  /** In the order of optimizerSlots. */
  slots: Floats[];
}

/** In place, all gradients of a step together; see `OptimizerOptions`. */
export function clipGradients(
  tensors: readonly Pick<LearnedTensor, 'gradients'>[],
  clipNorm: number | undefined,
): void {
  if (clipNorm === undefined) return;
  let squares = 0;
  for (const { gradients } of tensors) for (const gradient of gradients) squares += gradient * gradient;
  const factor = clipFactor(clipNorm, Math.sqrt(squares));
  if (factor === 1) return;
  for (const { gradients } of tensors) for (let i = 0; i < gradients.length; i++) gradients[i] *= factor;
}

/** After an update: the average follows the values. */
export function averageTensor(
  { values, average }: { values: Floats; average: Floats | null },
  decay: number,
): void {
  if (average === null) return;
  for (let i = 0; i < values.length; i++) average[i] = decay * average[i] + (1 - decay) * values[i];
}

/** `step` counts from 1. */
export function updateTensor(tensor: LearnedTensor, step: number, spec: OptimizerSpec): void {
  switch (spec.type) {
    case 'adam':
    case 'adamw':
      adamStep(tensor, step, spec);
      break;
    case 'sgd':
      sgdStep(tensor, spec);
      break;
    case 'rmsprop':
      rmspropStep(tensor, spec);
  }
}

/**
 * Adam and AdamW, bias-corrected; they differ only in their weight decay. D. P. Kingma, J. Ba, 2015, algorithm 1, with
 * m = exp_avg and v = exp_avg_sq.
 */
function adamStep({ values, gradients, slots }: LearnedTensor, step: number, spec: AdamSpec): void {
  const [expAvg, expAvgSq] = slots;
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

/** Stochastic gradient descent without dampening. Without a momentum no buffer is kept. */
function sgdStep({ values, gradients, slots }: LearnedTensor, spec: SgdSpec): void {
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

/** RMSprop, not centred and without momentum. */
function rmspropStep({ values, gradients, slots }: LearnedTensor, spec: RmspropSpec): void {
  const { learning_rate, alpha, epsilon, weight_decay } = spec;
  const [squareAvg] = slots;
  for (let i = 0; i < values.length; i++) {
    const gradient = gradients[i] + weight_decay * values[i];
    const v = alpha * squareAvg[i] + (1 - alpha) * gradient * gradient;
    squareAvg[i] = v;
    values[i] -= (learning_rate * gradient) / (Math.sqrt(v) + epsilon);
  }
}
