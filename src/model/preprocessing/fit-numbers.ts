/** What the parts of a column of numbers need to know of the training rows: means, medians, edges of bins. */
import { phases, type Part, type Period } from './parts.js';

/** Numbers that differ by less, as a fraction of the largest of them, differ by what arithmetic has left. */
const leastDifference = 1e-12;

/** Smaller differences have too few bits to divide by. */
const smallestDifference = 1e-290;

export const unusedInput: Part = { kind: 'unused', width: 1 };

/** `sorted` are the numbers of the training rows, ascending. */
export function fitStandard(sorted: Float64Array): Part {
  const [min, max] = [sorted[0], sorted[sorted.length - 1]];
  if (sorted.length === 0 || min === max) return unusedInput;
  // A power of two changes no bits; with it, squares neither overflow nor vanish.
  const unit = 2 ** Math.min(1023, Math.floor(Math.log2(Math.max(Math.abs(min), Math.abs(max)))));
  let sum = 0;
  for (const value of sorted) sum += value / unit;
  const mean = sum / sorted.length;
  let squares = 0;
  for (const value of sorted) squares += (value / unit - mean) ** 2;
  const std = Math.sqrt(squares / sorted.length) * unit;
  // The smallest numbers can differ by less than a number can express.
  if (std === 0) return unusedInput;
  return { kind: 'standard', width: 1, fill: medianOf(sorted), mean: mean * unit, std };
}

/** -1 and 1, and 0 where it is missing. */
export function fitBoolean(sorted: Float64Array): Part {
  return isConstant(sorted, (value) => value)
    ? unusedInput
    : { kind: 'standard', width: 1, fill: 0.5, mean: 0.5, std: 0.5 };
}

/**
 * The median and the distance of the quartiles. Where half of the numbers are the same, the distance is 0, and half of the range
 * takes its place, as in the source of `RobustPart`; of two numbers the one becomes what the other becomes with the other sign.
 */
export function fitRobust(sorted: Float64Array): Part {
  if (sorted.length === 0 || !isApart(sorted[0], sorted[sorted.length - 1], sorted)) return unusedInput;
  const [min, max] = [sorted[0], sorted[sorted.length - 1]];
  const median = medianOf(sorted);
  const [low, high] = [quantileOf(sorted, 0.25), quantileOf(sorted, 0.75)];
  const halfRange = max / 2 - min / 2;
  if (sorted.every((value) => value === min || value === max)) {
    const center = min / 2 + max / 2;
    return { kind: 'robust', width: 1, fill: center, center, scale: halfRange };
  }
  const scale = isApart(low, high, sorted) ? Math.min(Number.MAX_VALUE, high - low) : halfRange;
  return { kind: 'robust', width: 1, fill: median, center: median, scale };
}

/** @param width how many bins there may be */
export function fitPiecewise(sorted: Float64Array, width: number): Part {
  const edges: number[] = [];
  for (const edge of candidateEdges(sorted, width)) {
    if (edges.length === 0 || isApart(edges[edges.length - 1], edge, sorted)) edges.push(edge);
  }
  return edges.length < 2
    ? { kind: 'unused', width }
    : { kind: 'piecewise', width, fill: medianOf(sorted), edges };
}

/** All numbers, where there are no more of them than edges; else the quantiles. Ascending. */
function candidateEdges(sorted: Float64Array, bins: number): number[] {
  const distinct: number[] = [];
  for (const value of sorted) {
    if (value !== distinct[distinct.length - 1]) distinct.push(value);
    if (distinct.length > bins + 1) {
      return Array.from({ length: bins + 1 }, (_, i) => quantileOf(sorted, i / bins));
    }
  }
  return distinct;
}

export function fitCycle(sorted: Float64Array, period: Period): Part {
  return isConstant(sorted, phases[period])
    ? { kind: 'unused', width: 2 }
    : { kind: 'cycle', width: 2, period };
}

export function rangeOf(sorted: Float64Array): {
  min: number | null;
  median: number | null;
  max: number | null;
} {
  if (sorted.length === 0) return { min: null, median: null, max: null };
  return { min: sorted[0], median: medianOf(sorted), max: sorted[sorted.length - 1] };
}

/** Whether two numbers, the second not below the first, differ by more than rounding. */
function isApart(low: number, high: number, sorted: Float64Array): boolean {
  const largest = Math.max(Math.abs(sorted[0]), Math.abs(sorted[sorted.length - 1]));
  return high / 2 - low / 2 > Math.max(leastDifference * (largest / 2), smallestDifference);
}

/** Between the two numbers that the fraction lies between, as `numpy.quantile`. Of numbers in ascending order, at least one. */
function quantileOf(sorted: Float64Array, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  const part = at - Math.floor(at);
  // A weighted mean, since the difference of two large numbers overflows.
  return part === 0 ? low : low * (1 - part) + high * part;
}

function isConstant(numbers: Float64Array, of: (number: number) => number): boolean {
  return numbers.every((number) => of(number) === of(numbers[0]));
}

/** Of numbers in ascending order, at least one. */
function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  // Halved before they are added: the sum of two large numbers overflows.
  return sorted.length % 2 === 1 ? upper : sorted[middle - 1] / 2 + upper / 2;
}
