/** How much the rows of each class count in the losses. */
import type { ClassWeight } from '../runs/run-spec.js';

/** (labels) `classes`: of all rows; `train`: the training rows, whose numbers balance. null: all count the same. */
export function classWeights(
  wanted: ClassWeight,
  { labels, classes, train }: { labels: readonly string[]; classes: ArrayLike<number>; train: Uint32Array },
): number[] | null {
  if (wanted === 'none') return null;
  if (wanted !== 'balanced') {
    return labels.map((label) => (Object.hasOwn(wanted, label) ? (wanted[label] ?? 1) : 1));
  }
  const counts = labels.map(() => 0);
  for (const row of train) counts[classes[row] ?? 0] = (counts[classes[row] ?? 0] ?? 0) + 1;
  return counts.map((count) => (count === 0 ? 1 : train.length / (labels.length * count)));
}
