/** A few rows behind each cell of the confusion matrix. */
import { answeredIndex } from '../heads/class-ranking.js';
import type { ClassJudge, ClassRows } from './evaluate-classes.js';

/** Of more classes there are none: nobody looks at so many cells. */
const mostClassesWithExamples = 32;

const examplesShown = 5;

/**
 * [class][label] The rows of the class that got the label, the most confident first, without those that weigh nothing; `numbers`
 * (count) are theirs in the dataset. null: there are too many classes.
 */
export function cellExamples(
  { probabilities, classes, weights = null }: ClassRows,
  { labels, threshold }: Pick<ClassJudge, 'labels' | 'threshold'>,
  numbers: ArrayLike<number>,
): number[][][] | null {
  const width = labels.length;
  if (width > mostClassesWithExamples) return null;
  const cells = labels.map(() => labels.map((): { i: number; confidence: number }[] => []));
  for (let i = 0; i < classes.length; i++) {
    if (weights?.[i] === 0) continue;
    const row = probabilities.subarray(i * width, (i + 1) * width);
    const given = answeredIndex(row, { threshold });
    insert(cells[classes[i]][given], { i, confidence: row[given] });
  }
  return cells.map((ofClass) => ofClass.map((cell) => cell.map(({ i }) => numbers[i])));
}

/** Keeps the cell short, and in its order; of equals the first row stays first. */
function insert(cell: { i: number; confidence: number }[], example: { i: number; confidence: number }): void {
  const after = cell.findIndex(({ confidence }) => confidence < example.confidence);
  if (after !== -1) cell.splice(after, 0, example);
  else if (cell.length < examplesShown) cell.push(example);
  if (cell.length > examplesShown) cell.pop();
}
