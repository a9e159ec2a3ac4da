/** From class probabilities to named classes. */
import { TrainyardError } from '../../errors.js';

/** A document. */
export interface RankedClass {
  label: string;
  index: number;
  /** The class's probability. */
  confidence: number;
}

/** The rows (classes) of `probabilities` (count, classes), as views of it. */
export function classRows(probabilities: Float32Array, classes: number): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let start = 0; start < probabilities.length; start += classes) {
    rows.push(probabilities.subarray(start, start + classes));
  }
  return rows;
}

/** The likeliest class of a row (classes), of equals the first. */
export function likeliest(row: Float32Array, labels: readonly string[]): RankedClass {
  const index = largestIndex(row);
  return { label: labels[index], index, confidence: row[index] };
}

/** Among equal outputs the lowest index, as `torch.argmax` on a CPU. */
function largestIndex(outputs: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < outputs.length; c++) {
    if (outputs[c] > outputs[best]) best = c;
  }
  return best;
}

/** The classes of a row (classes), the likeliest first, of equals the first; at most `most` of them. */
export function rankClasses(row: Float32Array, labels: readonly string[], most: number): RankedClass[] {
  // The sort is stable.
  const falling = labels.map((label, index) => ({ label, index, confidence: row[index] }));
  return falling.sort((a, b) => b.confidence - a.confidence).slice(0, most);
}

/**
 * Of inputs so large that the network's outputs are infinite nothing can be said. `probabilities` (count, classes).
 * @throws TrainyardError INVALID_REQUEST
 */
export function refuseIfOverflown(probabilities: Float32Array, classes: number, field = 'inputs'): void {
  // All of a row are NaN, or none is.
  for (let start = 0; start < probabilities.length; start += classes) {
    if (Number.isFinite(probabilities[start])) continue;
    const sample = start / classes;
    const message = `${field}[${sample}] is too large: what the model makes of it is not finite`;
    throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/${field}/${sample}` });
  }
}
