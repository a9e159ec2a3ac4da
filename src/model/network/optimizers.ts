/** The settings of the optimisers, and the state that each keeps. Each engine implements what they compute. */

/**
 * Adam: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1, with the weight decay of
 * `torch.optim.Adam` (added to the gradient). AdamW: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization",
 * 2019, algorithm 2, as `torch.optim.AdamW` (subtracted from the parameter). A document.
 */
export interface AdamSpec {
  type: 'adam' | 'adamw';
  learning_rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weight_decay: number;
}

/** As `torch.optim.SGD` without dampening; `nesterov` needs a momentum above 0. A document. */
export interface SgdSpec {
  type: 'sgd';
  learning_rate: number;
  momentum: number;
  nesterov: boolean;
  weight_decay: number;
}

/** As `torch.optim.RMSprop`, not centred and without momentum. A document. */
export interface RmspropSpec {
  type: 'rmsprop';
  learning_rate: number;
  alpha: number;
  epsilon: number;
  weight_decay: number;
}

export type OptimizerSpec = AdamSpec | SgdSpec | RmspropSpec;

export const optimizerTypes = ['adam', 'adamw', 'sgd', 'rmsprop'] as const satisfies OptimizerSpec['type'][];

/** PyTorch's names of the state of each parameter, which has the parameter's shape: `fc1.weight.exp_avg`, … */
export function optimizerSlots(spec: OptimizerSpec): readonly string[] {
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
