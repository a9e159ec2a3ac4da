/** The optimisers' defaults, and from what a client asked for to a whole optimiser. */
import { TrainyardError } from '../../errors.js';
import type { OptimizerSpec, SgdSpec } from '../../model/network/optimizers.js';
import type { OptimizerRequest } from '../runs/documents.js';

/** PyTorch's, but for SGD's learning rate, which is 0.001 there. */
export const optimizerDefaults = {
  adam: { type: 'adam', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
  adamw: { type: 'adamw', learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 },
  sgd: { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 },
  rmsprop: { type: 'rmsprop', learning_rate: 0.01, alpha: 0.99, epsilon: 1e-8, weight_decay: 0 },
} as const satisfies Record<OptimizerSpec['type'], OptimizerSpec>;

/**
 * `request` has passed the API's schema, and so has no field of another optimiser.
 * @throws TrainyardError INVALID_REQUEST for Nesterov's momentum without a momentum
 */
export function resolveOptimizer(request: OptimizerRequest): OptimizerSpec {
  if (request.type === 'sgd') return withMomentum({ ...optimizerDefaults.sgd, ...request });
  if (request.type === 'rmsprop') return { ...optimizerDefaults.rmsprop, ...request };
  return { ...optimizerDefaults[request.type ?? 'adam'], ...request };
}

function withMomentum(spec: SgdSpec): SgdSpec {
  if (!spec.nesterov || spec.momentum > 0) return spec;
  const message = 'optimizer.nesterov needs an optimizer.momentum above 0.';
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/optimizer/nesterov' });
}
