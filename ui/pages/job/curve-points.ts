/** The points of curves: kept few enough to draw smoothly, and smoothed if wanted. */
import type { EpochMetrics } from './job-records.js';

/** Above it a curve is thinned to half as many points. */
const mostPoints = 2_000;

export function epochKey({ member = 1, epoch }: { member?: number | undefined; epoch: number }): string {
  return `${member}/${epoch}`;
}

/** With the metrics of another epoch, once. */
export function extendCurve(curve: readonly EpochMetrics[], next: EpochMetrics): EpochMetrics[] {
  const last = curve.at(-1);
  if (last && last.step >= next.step) return [...curve];
  const longer = [...curve, next];
  return longer.length > mostPoints ? thinned(longer) : longer;
}

/** Of each stretch of four those with the lowest and the highest loss, and the newest points as they are. */
function thinned(curve: readonly EpochMetrics[]): EpochMetrics[] {
  const lossOf = ({ validation_loss, test_loss, train_loss }: EpochMetrics): number =>
    validation_loss ?? test_loss ?? train_loss;
  const kept: EpochMetrics[] = [];
  for (let first = 0; first < curve.length; first += 4) {
    const stretch = [...curve.slice(first, first + 4)].sort((a, b) => lossOf(a) - lossOf(b));
    const ends = [stretch.at(0), stretch.at(-1)].filter((each) => each !== undefined);
    kept.push(...new Set(ends.sort((a, b) => a.step - b.step)));
  }
  return kept;
}

/** The newest of them: only the epochs under way are drawn from these. */
export function shownPoints<Point>(points: readonly Point[]): Point[] {
  return points.length > mostPoints
    ? points.filter((_, i) => i % 2 === 0 || i === points.length - 1)
    : [...points];
}

/**
 * An exponential moving average, without the pull towards the start that a plain one has. `weight` from 0, which changes nothing, to
 * below 1.
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  let average = 0;
  let total = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return average / total;
  });
}
