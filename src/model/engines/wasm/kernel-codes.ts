/** The numbers by which kernels/ tell activations, losses and optimisers apart. */
import type { Loss } from '../../network/losses.js';
import type { Activation } from '../../network/network.js';
import type { OptimizerSpec } from '../../network/optimizers.js';
import { optimizerCode } from '../optimizer-code.js';

/** As kernels/activation.ts numbers them. */
export const activationCodes: Readonly<Record<Activation, number>> = {
  identity: 0,
  relu: 1,
  leaky_relu: 2,
  sigmoid: 3,
  tanh: 4,
  gelu: 5,
  silu: 6,
  mish: 7,
  selu: 8,
};

/** As kernels/losses.ts numbers them. */
export const errorLossCodes: Readonly<Record<Exclude<Loss, 'cross_entropy'>, number>> = {
  one_hot_mse: 0,
  mse: 1,
  mae: 2,
  huber: 3,
};

/** As kernels/update.ts numbers them; null: nothing is learnt. */
export function updateCode(spec: OptimizerSpec | null): number {
  return spec === null ? 4 : optimizerCode(spec);
}
