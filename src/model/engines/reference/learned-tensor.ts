/** A parameter and what training keeps beside it. */
import type { Floats } from './matrix.js';

/** All of the parameter's shape. */
export interface LearnedTensor {
  values: Floats;
  gradients: Floats;
  /** In the order of optimizerSlots. */
  slots: Floats[];
}
