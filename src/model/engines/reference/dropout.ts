/** Dropout of a whole batch. Its gradient is the same product. */
import { fillDropoutFactors, type DropoutPlace } from '../../network/dropout.js';
import type { Matrix } from './matrix.js';

/** values (batch, units) ← values · factors. What is not a number stays so. */
export function applyDropout(values: Matrix, rate: number, at: Omit<DropoutPlace, 'row'>): void {
  if (rate === 0) return;
  values.forEach((units, row) => {
    const factors = new Float64Array(units.length);
    fillDropoutFactors({ ...at, row, rate }, factors);
    for (let u = 0; u < units.length; u++) units[u] *= factors[u];
  });
}
