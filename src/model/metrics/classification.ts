/** Figures of a classifier, from its raw outputs and the classes of its samples. */

/**
 * How many samples have their largest output, of equals the first, at their class. `outputs` is (rows.length, classes);
 * `classes` (count) holds the class index of every sample of the split; `rows` says which of them were seen.
 */
export function countCorrect(
  { rows, outputs }: { rows: Uint32Array; outputs: Float32Array },
  classes: ArrayLike<number>,
): number {
  const width = outputs.length / rows.length;
  let correct = 0;
  for (let i = 0; i < rows.length; i++) {
    if (largestColumn(outputs, i * width, width) === classes[rows[i]]) correct++;
  }
  return correct;
}

/** Of the `width` outputs from `first`, of equals the first. Without a view of each row, as this is done for every sample of an epoch. */
export function largestColumn(outputs: ArrayLike<number>, first: number, width: number): number {
  let largest = 0;
  for (let column = 1; column < width; column++) {
    if (outputs[first + column] > outputs[first + largest]) largest = column;
  }
  return largest;
}
