/** What an evaluation has to be drawn, where there are more rows than there is room for. */
import { expect, test } from 'vitest';
import { cellExamples } from '../../../src/model/evaluation/cell-examples.js';
import { classDrawings } from '../../../src/model/evaluation/class-drawings.js';
import { evaluateAndDrawValues } from '../../../src/model/evaluation/value-drawings.js';

const labels = ['no', 'yes'];

/** Two classes, whose probabilities overlap; each row has its own. */
function manyRows(count: number) {
  const share = (i: number): number => ((i * 7919) % count) / count;
  const classes = Array.from({ length: count }, (_, i) => Number(i % 10 === 0));
  const probabilities = Float32Array.from(
    classes.flatMap((of, i) => {
      const p = (share(i) + of) / 2;
      return [1 - p, p];
    }),
  );
  return { classes, probabilities };
}

test('a curve keeps at most 101 thresholds, with both its ends and the one by which the model answers', () => {
  const rows = manyRows(5_000);
  const threshold = { positive: 1, at_least: 0.37 };
  const { thresholds = [] } = classDrawings(rows, { labels, positive: 1, threshold });
  expect(thresholds.length).toBeLessThanOrEqual(101);
  expect(thresholds.length).toBeGreaterThan(90);
  const own = thresholds.find(({ at_least }) => at_least === 0.37);
  const named = rows.classes.filter((_, i) => rows.probabilities[2 * i + 1] >= 0.37);
  expect(own?.true_positives).toBe(named.filter((of) => of === 1).length);
  expect(own?.false_positives).toBe(named.filter((of) => of === 0).length);
  expect(thresholds.at(-1)).toEqual({ at_least: 0, true_positives: 500, false_positives: 4_500 });
  const steps = thresholds.map(
    ({ true_positives, false_positives }) => true_positives / 1_000 + false_positives / 9_000,
  );
  // No gap wider than a few hundredths on the way from no row to all.
  steps.forEach((along, place) => expect(along - (steps[place - 1] ?? 0)).toBeLessThan(0.04));
});

test('rows of one class have no curve', () => {
  const { thresholds, calibration_bins } = classDrawings(
    { probabilities: Float32Array.of(0.2, 0.8, 0.6, 0.4), classes: [1, 1] },
    { labels, positive: 1 },
  );
  expect(thresholds).toBeUndefined();
  expect(calibration_bins).toHaveLength(2);
});

test('each cell of the confusion matrix has its five most confident rows, and none that weighs nothing', () => {
  const confidences = [0.6, 0.9, 0.7, 0.9, 0.55, 0.8, 0.99];
  const probabilities = Float32Array.from([...confidences.flatMap((p) => [1 - p, p]), 0.75, 0.25]);
  const rows = { probabilities, classes: [0, 0, 0, 0, 0, 0, 0, 1], weights: [1, 1, 1, 1, 1, 1, 0, 2] };
  const numbers = Array.from(rows.classes, (_, i) => 100 + i);
  expect(cellExamples(rows, { labels }, numbers)).toEqual([
    [[], [101, 103, 105, 102, 100]],
    [[107], []],
  ]);
  const many = Array.from({ length: 33 }, (_, i) => String(i));
  expect(
    cellExamples({ probabilities: new Float32Array(33), classes: [0] }, { labels: many }, [0]),
  ).toBeNull();
});

test('at most 300 values are kept to be drawn, from all over the rows', () => {
  const actual = Float64Array.from({ length: 4_000 }, (_, i) => i);
  const { pairs = [], residuals } = evaluateAndDrawValues({ actual, predicted: actual.map((x) => x + 2) }, [
    'y',
  ]);
  expect(pairs).toHaveLength(300);
  expect(pairs.at(-1)?.actual).toBeGreaterThan(3_950);
  expect(residuals?.map(({ value }) => value)).toEqual([2, 2, 2, 2, 2]);
  const wide = Array.from({ length: 400 }, (_, i) => `y${i}`);
  expect(evaluateAndDrawValues({ actual, predicted: actual }, wide).pairs).toHaveLength(300);
});
