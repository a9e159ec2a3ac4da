/** The numbers by which an optimiser's step is computed, worked out in float64 for the kernels that take them as float32. */
import { emaDecayAt, optimizerAt, type OptimizerSpec } from '../network/optimizers.js';

export interface StepSettings {
  /** The factor of the parameter. */
  shrink: number;
  /** The fraction of the parameter that is added to its gradient. */
  penalty: number;
  /** The learning rate; of Adam corrected for the bias of its first steps. */
  stepSize: number;
  /** β1 of Adam or the momentum, and 1 − β1. */
  beta1: number;
  less1: number;
  /** β2 of Adam or α of RMSprop, and 1 − β2. */
  beta2: number;
  less2: number;
  /** 1 / √(1 − β2^step) */
  root: number;
  epsilon: number;
  /** The fractions of the gradient and of the buffer in a step with momentum. */
  ofGradient: number;
  ofBuffer: number;
  /** The decay of the average, and 1 − decay. */
  averageKeep: number;
  averageTake: number;
}

const none: StepSettings = {
  shrink: 1,
  penalty: 0,
  stepSize: 0,
  beta1: 0,
  less1: 0,
  beta2: 0,
  less2: 0,
  root: 0,
  epsilon: 0,
  ofGradient: 0,
  ofBuffer: 0,
  averageKeep: 0,
  averageTake: 0,
};

/** Of a step, counted from 1, of a run of `steps`. Those that the optimiser does not have are 0. */
export function stepSettings(spec: OptimizerSpec, step: number, steps: number): StepSettings {
  const settings = { ...none, ...ofOptimizer(optimizerAt(spec, step, steps), step) };
  if (spec.ema === undefined) return settings;
  const decay = emaDecayAt(spec.ema, step);
  return { ...settings, averageKeep: decay, averageTake: 1 - decay };
}

function ofOptimizer(spec: OptimizerSpec, step: number): Partial<StepSettings> {
  const { learning_rate: rate, weight_decay: decay } = spec;
  switch (spec.type) {
    case 'adam':
    case 'adamw': {
      const { beta1, beta2, epsilon } = spec;
      return {
        ...(spec.type === 'adamw' ? { shrink: 1 - rate * decay } : { penalty: decay }),
        stepSize: rate / (1 - beta1 ** step),
        beta1,
        less1: 1 - beta1,
        beta2,
        less2: 1 - beta2,
        root: 1 / Math.sqrt(1 - beta2 ** step),
        epsilon,
      };
    }
    case 'sgd': {
      const { momentum, nesterov } = spec;
      const [ofGradient, ofBuffer] = nesterov ? [1, momentum] : [0, 1];
      return { penalty: decay, stepSize: rate, beta1: momentum, ofGradient, ofBuffer };
    }
    case 'rmsprop':
      return {
        penalty: decay,
        stepSize: rate,
        beta2: spec.alpha,
        less2: 1 - spec.alpha,
        epsilon: spec.epsilon,
      };
  }
}
