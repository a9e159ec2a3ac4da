/** Figures of a classifier, from its raw outputs and the classes of its samples. */
import { largestIndex } from '../heads/outputs.js';

/**
 * How many samples have their largest output at their class. `outputs` (rows.length, classes); `classes` holds the class
 * index of every sample of the split, `rows` which samples were seen.
 */
export function countCorrect(
  { rows, outputs }: { rows: Uint32Array; outputs: Float32Array },
  classes: ArrayLike<number>,
): number {
  const width = outputs.length / rows.length;
  let correct = 0;
  for (let i = 0; i < rows.length; i++) {
    if (largestIndex(outputs.subarray(i * width, (i + 1) * width)) === classes[rows[i]]) correct++;
  }
  return correct;
}
