/** The settings of the optimisers, and the state that each keeps. Each engine implements what they compute. */
import { scheduleFactor, type Schedule } from './schedules.js';

/** What every optimiser can do besides. Left out: it does not. */
interface OptimizerOptions {
  /** Multiplies the learning rate, and with it AdamW's weight decay. */
  schedule?: Schedule;
  /**
   * All gradients of a step are multiplied by min(1, clip_norm / (norm + 1e-6)), where norm is that of all of them together: as
   * `torch.nn.utils.clip_grad_norm_`.
   */
  clip_norm?: number;
  /**
   * Evaluations and predictions use an exponential moving average of the parameters: after each step
   * average ← d · average + (1 − d) · parameter, with d from `emaDecayAt`.
   */
  ema?: number;
}

/**
 * Adam: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1, with the weight decay of
 * `torch.optim.Adam` (added to the gradient). AdamW: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization",
 * 2019, algorithm 2, as `torch.optim.AdamW` (subtracted from the parameter). A document.
 */
export interface AdamSpec extends OptimizerOptions {
  type: 'adam' | 'adamw';
  learning_rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weight_decay: number;
}

/** As `torch.optim.SGD` without dampening; `nesterov` needs a momentum above 0. A document. */
export interface SgdSpec extends OptimizerOptions {
  type: 'sgd';
  learning_rate: number;
  momentum: number;
  nesterov: boolean;
  weight_decay: number;
}

/** As `torch.optim.RMSprop`, not centred and without momentum. A document. */
export interface RmspropSpec extends OptimizerOptions {
  type: 'rmsprop';
  learning_rate: number;
  alpha: number;
  epsilon: number;
  weight_decay: number;
}

export type OptimizerSpec = AdamSpec | SgdSpec | RmspropSpec;

export const optimizerTypes = ['adam', 'adamw', 'sgd', 'rmsprop'] as const satisfies OptimizerSpec['type'][];

/**
 * The slot of a parameter that is averaged: the parameter that the steps change. The parameter itself, in the state dict, is the
 * average.
 */
export const liveSlot = 'live';

/** PyTorch's names of the state of each parameter, which has the parameter's shape: `fc1.weight.exp_avg`, … */
export function optimizerSlots(spec: OptimizerSpec): readonly string[] {
  return spec.ema === undefined ? momentSlots(spec) : [...momentSlots(spec), liveSlot];
}

/** Without `liveSlot`. */
export function momentSlots(spec: OptimizerSpec): readonly string[] {
  switch (spec.type) {
    case 'adam':
    case 'adamw':
      return ['exp_avg', 'exp_avg_sq'];
    case 'sgd':
      return spec.momentum > 0 ? ['momentum_buffer'] : [];
    case 'rmsprop':
      return ['square_avg'];
  }
}

/** The optimiser with the learning rate of a step, counted from 1, of a run of `steps`. */
export function optimizerAt(spec: OptimizerSpec, step: number, steps: number): OptimizerSpec {
  if (spec.schedule === undefined) return spec;
  return { ...spec, learning_rate: spec.learning_rate * scheduleFactor(spec.schedule, step - 1, steps) };
}

/**
 * The decay of the average after a step, counted from 1: min(decay, (1 + step) / (10 + step)), as
 * `tf.train.ExponentialMovingAverage` with `num_updates`, so that the first parameters are soon forgotten.
 */
export function emaDecayAt(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

/** What all gradients, whose norm is `norm`, are multiplied by. */
export function clipFactor(clipNorm: number, norm: number): number {
  return Math.min(1, clipNorm / (norm + 1e-6));
}
