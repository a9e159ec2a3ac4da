/** The number by which compiled code knows an optimiser: wasm/kernels/update.ts and native/addon/calls.h number them alike. */
import type { OptimizerSpec } from '../network/optimizers.js';

export function optimizerCode(spec: OptimizerSpec): number {
  switch (spec.type) {
    case 'adam':
    case 'adamw':
      return 0;
    case 'sgd':
      return spec.momentum > 0 ? 2 : 1;
    case 'rmsprop':
      return 3;
  }
}
