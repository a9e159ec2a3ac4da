/** The optimisers by name. */
import type { OptimizerSpec } from '../../network/optimizers.js';
import { adamStep } from './adam.js';
import type { LearnedTensor } from './learned-tensor.js';
import { rmspropStep } from './rmsprop.js';
import { sgdStep } from './sgd.js';

/** One update in place; `step` counts from 1. */
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
