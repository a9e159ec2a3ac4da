/**
 * Counts how the answers of an epoch come out, from the outputs that its evaluation computes anyway. Counts do not depend on the
 * order of the rows, so they are the same however often a run is stopped.
 */
import type { BatchReport } from '../../model/engines/engine.js';
import type { ClassHead, ValueHead } from '../../model/heads/head.js';
import { largestColumn } from '../../model/metrics/classification.js';
import {
  bins,
  longestLabel,
  mostClasses,
  mostPairs,
  mostValues,
  type EpochOutcomes,
  type ValueOutcomes,
} from '../runs/outcomes.js';
import type { LoadedData } from './loaded-data.js';

type Counted = Omit<EpochOutcomes, 'member' | 'epoch'>;

export interface OutcomeCounter {
  /** Batches of an evaluation; those of other splits are passed over. */
  add(split: string, report: Pick<BatchReport, 'rows' | 'outputs'>): void;
  /** Of the rows since the last call. */
  take(): Counted;
}

/** null: nothing is counted, as no rows are evaluated or there are too many classes. */
export function createOutcomeCounter({
  data,
  description: { head },
}: Pick<LoadedData, 'data' | 'description'>): OutcomeCounter | null {
  const split = data.validation.count > 0 ? 'validation' : 'test';
  const { count, targets } = data[split];
  if (count === 0) return null;
  if (head.kind === 'values') {
    return targets instanceof Float32Array ? countValues(head, { split, count, targets }) : null;
  }
  return head.labels.length <= mostClasses ? countClasses(head, { split, count, targets }) : null;
}

interface CountedSplit<Targets> {
  split: Counted['split'];
  count: number;
  targets: Targets;
}

function countClasses(
  { labels }: ClassHead,
  { split, count, targets }: CountedSplit<ArrayLike<number>>,
): OutcomeCounter {
  const width = labels.length;
  /** (classes · classes) */
  let confusion = new Uint32Array(width * width);
  const shownLabels = labels.map((label) => label.slice(0, longestLabel));
  return {
    add(of, { rows, outputs }) {
      if (of !== split) return;
      for (let i = 0; i < rows.length; i++) {
        const given = largestColumn(outputs, i * width, width);
        const cell = (targets[rows[i] ?? 0] ?? 0) * width + given;
        confusion[cell] = (confusion[cell] ?? 0) + 1;
      }
    },

    take() {
      const matrix = labels.map((_, row) => Array.from(confusion.subarray(row * width, (row + 1) * width)));
      confusion = new Uint32Array(width * width);
      return { split, rows: count, labels: shownLabels, confusion: matrix };
    },
  };
}

function countValues(
  { names, scaling }: ValueHead,
  { split, count, targets }: CountedSplit<Float32Array>,
): OutcomeCounter {
  const width = names.length;
  const stride = Math.ceil(count / mostPairs);
  const outputs = names.slice(0, mostValues).map((name, output) => {
    const { mean, std } = scaling?.[output] ?? { mean: 0, std: 1 };
    /** (count) In units of `std`. Each row has its own place, so the order does not matter. */
    return { name, output, mean, std, residuals: new Float64Array(count), pairs: [] as number[][] };
  });
  return {
    add(of, { rows, outputs: predicted }) {
      if (of !== split) return;
      for (const { output, mean, std, residuals, pairs } of outputs) {
        for (let i = 0; i < rows.length; i++) {
          const row = rows[i] ?? 0;
          const answer = predicted[i * width + output] ?? 0;
          const actual = targets[row * width + output] ?? 0;
          residuals[row] = answer - actual;
          if (row % stride === 0)
            pairs[row / stride] = [short(actual * std + mean), short(answer * std + mean)];
        }
      }
    },

    take: () => ({
      split,
      rows: count,
      values: outputs.map((output) => histogramOf(output)),
    }),
  };
}

/**
 * The bins reach as far to both sides as a power of two of standard deviations of the value, the first that has at least 98 % of the
 * residuals within it: so the edges are the same for most epochs, and a few outliers do not squeeze the others into one bin.
 */
function histogramOf({
  name,
  std,
  residuals,
  pairs,
}: {
  name: string;
  std: number;
  residuals: Float64Array;
  pairs: number[][];
}): ValueOutcomes {
  const reach = 2 ** reachOf(residuals);
  const counts = new Array<number>(bins).fill(0);
  for (const residual of residuals) {
    const bin = Math.floor(((residual / reach + 1) / 2) * bins);
    const inside = Math.min(bins - 1, Math.max(0, bin));
    counts[inside] = (counts[inside] ?? 0) + 1;
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => short(((2 * i) / bins - 1) * reach * std));
  return { name, edges, counts, pairs: [...pairs] };
}

const exponents = { least: -30, most: 30 };

function reachOf(residuals: Float64Array): number {
  const { least, most } = exponents;
  /** By the exponent of the first power of two that is not below the residual. */
  const within = new Uint32Array(most - least + 1);
  for (const residual of residuals) {
    const exponent = Math.ceil(Math.log2(Math.abs(residual)));
    const place = Math.min(most, Math.max(least, exponent)) - least;
    within[place] = (within[place] ?? 0) + 1;
  }
  let soFar = 0;
  for (let i = 0; i < within.length; i++) {
    soFar += within[i] ?? 0;
    if (soFar >= 0.98 * residuals.length) return i + least;
  }
  return most;
}

/** Five digits are enough to look at, and few enough to hide how float32 rounds. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}
