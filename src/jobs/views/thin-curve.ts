/** Thins a curve so that it looks the same: no peak and no dip is lost. */
import type { EpochMetrics } from '../runs/run-events.js';

/**
 * At most `most` points, at least 2, in their order. The first and the last are among them, and of each stretch between the lowest
 * and the highest by `valueOf`.
 */
export function thinCurve<Point>(
  curve: readonly Point[],
  most: number,
  valueOf: (point: Point) => number,
): Point[] {
  if (curve.length <= most) return [...curve];
  const kept = new Set([0, curve.length - 1]);
  const stretches = Math.floor((most - 2) / 2);
  const inner = curve.length - 2;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const first = 1 + Math.floor((stretch * inner) / stretches);
    const end = 1 + Math.floor(((stretch + 1) * inner) / stretches);
    const [lowest, highest] = extremesOf(curve, valueOf, [first, end]);
    kept.add(lowest).add(highest);
  }
  return curve.filter((_, i) => kept.has(i));
}

/** Indices of the first of the lowest and of the highest from `first` to before `end`. */
function extremesOf<Point>(
  curve: readonly Point[],
  valueOf: (point: Point) => number,
  [first, end]: [number, number],
): [number, number] {
  let [lowest, highest] = [first, first];
  let [low, high] = [Infinity, -Infinity];
  curve.slice(first, end).forEach((point, i) => {
    const value = valueOf(point);
    if (value < low) [low, lowest] = [value, first + i];
    if (value > high) [high, highest] = [value, first + i];
  });
  return [lowest, highest];
}

/** At most `most` of them, at least 2, evenly spaced, with the first and the last. */
export function thinEvenly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  const stride = (items.length - 1) / (most - 1);
  const kept = new Set(Array.from({ length: most }, (_, i) => Math.round(i * stride)));
  return items.filter((_, i) => kept.has(i));
}

/** The loss by which a curve is thinned: of the rows that no step was made for, where there are such. */
export function lossOf({ validation_loss, test_loss, train_loss }: EpochMetrics): number {
  return validation_loss ?? test_loss ?? train_loss;
}
