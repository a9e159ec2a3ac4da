/** ReLU, in place. A NaN stays a NaN in both directions, as in PyTorch, so that divergence cannot hide. */
import type { Matrix } from './matrix.js';

/** values (batch, units) ← max(0, values) */
export function reluForward(values: Matrix): void {
  for (const row of values) {
    for (let i = 0; i < row.length; i++) row[i] = Math.max(0, row[i]);
  }
}

/** dValues (batch, units) ← 0 wherever the activated `values` (batch, units) are 0; the gradient at 0 itself is 0 */
export function reluBackward(dValues: Matrix, values: Matrix): void {
  for (let b = 0; b < values.length; b++) {
    for (let i = 0; i < values[b].length; i++) {
      if (values[b][i] === 0) dValues[b][i] = 0;
    }
  }
}
