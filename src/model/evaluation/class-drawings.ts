/** What there is to draw of rows with class probabilities: the ROC and the precision–recall curve, and the calibration. */
import { calibrationBins } from '../metrics/probabilities.js';
import { probabilityOf, rankBy, type Ranking } from '../metrics/ranking.js';
import type { ClassJudge, ClassRows } from './evaluate-classes.js';
import type { SplitEvaluation, ThresholdPoint } from './evaluation.js';

const mostPoints = 101;

/** What there is to draw of the rows, beside the figures. */
export function classDrawings(
  rows: ClassRows,
  judge: ClassJudge,
): Pick<SplitEvaluation, 'thresholds' | 'calibration_bins'> {
  const { probabilities, classes, weights } = rows;
  const width = judge.labels.length;
  const thresholds = width === 2 ? thresholdCurve(rows, judge) : [];
  return {
    ...(thresholds.length > 0 && { thresholds }),
    calibration_bins: calibrationBins(probabilities, classes, width, weights),
  };
}

/**
 * By descending threshold; [] where the rows are of one class alone. Of more thresholds than there is room for, those are kept whose
 * points lie evenly along both curves. The one by which the model answers is always among them.
 */
function thresholdCurve(
  { probabilities, classes, weights }: ClassRows,
  { positive, threshold }: Pick<ClassJudge, 'positive' | 'threshold'>,
): ThresholdPoint[] {
  const ranking = rankBy(probabilities, classes, 2, positive, weights);
  const { bits, positiveCount, negativeCount } = ranking;
  if (positiveCount === 0 || negativeCount === 0) return [];
  const answering = threshold?.at_least ?? 0.5;
  const all = pointsOf(ranking, answering);
  const kept = new Set<number>([0, all.length - 1]);
  const own = all.findIndex(({ at_least }) => at_least === answering);
  if (own !== -1) kept.add(own);
  const places = mostPoints - kept.size;
  let filled = 0;
  for (const [index, { true_positives, false_positives }] of all.entries()) {
    const along = (true_positives / positiveCount + false_positives / negativeCount) / 2;
    if (bits.length <= mostPoints || along * places >= filled + 0.5) {
      kept.add(index);
      filled = Math.floor(along * places + 0.5);
    }
  }
  return all.filter((_, index) => kept.has(index));
}

/**
 * One for each distinct probability. Its threshold lies halfway to the next lower one, 0 below all of them; the threshold that
 * answers is as it is.
 */
function pointsOf(ranking: Ranking, answering: number): ThresholdPoint[] {
  const { bits, positives, negatives } = ranking;
  const points: ThresholdPoint[] = [];
  let [true_positives, false_positives] = [0, 0];
  for (let group = bits.length - 1; group >= 0; group--) {
    // Rows that weigh nothing move no point.
    if (positives[group] + negatives[group] === 0) continue;
    true_positives += positives[group];
    false_positives += negatives[group];
    const [lower, own] = [
      group === 0 ? -1 : probabilityOf(ranking, group - 1),
      probabilityOf(ranking, group),
    ];
    const isAnswering = lower < answering && answering <= own;
    const at_least = isAnswering ? answering : group === 0 ? 0 : (lower + own) / 2;
    points.push({ at_least, true_positives, false_positives });
  }
  return points;
}
