/**
 * The figures against scikit-learn 1.x on the samples of scikit-learn.json, whose probabilities are multiples of 1/32: exact
 * in float32, and often equal. The interval of the ROC AUC is compared with DeLong's variance, and others with the deviation
 * over thousands of bootstrap samples.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { classReports, confusionMatrix, labelFigures } from '../../../src/model/metrics/class-report.js';
import { errorsOfAll, errorsOfOutput } from '../../../src/model/metrics/errors-of-values.js';
import { jackknifeInterval, type Interval } from '../../../src/model/metrics/intervals.js';
import { calibrationError, logLosses } from '../../../src/model/metrics/probabilities.js';
import { addRocInfluence, averagePrecision, rankBy, rocAuc } from '../../../src/model/metrics/ranking.js';

interface ClassFixture {
  classes: number[];
  probabilities: number[];
  accuracy: number;
  balanced_accuracy: number;
  log_loss: number;
  f1: number;
  roc_auc: number;
  pr_auc: number;
  precision: number[];
  recall: number[];
  f1_of_classes: number[];
  support: number[];
  confusion: number[];
  calibration_error: number;
  roc_auc_bootstrap_std: number;
  delong_variance?: number;
}

interface ErrorsFixture {
  rmse: number;
  mae: number;
  median: number;
  r2: number;
}

const fixture = JSON.parse(readFileSync(new URL('scikit-learn.json', import.meta.url), 'utf8')) as {
  two: ClassFixture;
  three: ClassFixture;
  values: {
    actual: number[];
    predicted: number[];
    outputs: ErrorsFixture[];
    all: ErrorsFixture;
    r2_bootstrap_std: number;
  };
};

function likeliest(row: number[]): number {
  return row.indexOf(Math.max(...row));
}

const deviationOf = ([low, high]: Interval): number => (high - low) / 2 / 1.959963984540054;

test.each(['two', 'three'] as const)('of %s classes all figures are those of scikit-learn', (name) => {
  const expected = fixture[name];
  const { classes } = expected;
  const width = expected.support.length;
  const probabilities = Float32Array.from(expected.probabilities);
  const given = classes.map((_, i) => likeliest(expected.probabilities.slice(i * width, (i + 1) * width)));

  const confusion = confusionMatrix(given, classes, width);
  expect(Array.from(confusion)).toEqual(expected.confusion);
  const reports = classReports(confusion, width);
  reports.forEach((report, c) => {
    expect(report.precision).toBeCloseTo(expected.precision[c] ?? NaN, 12);
    expect(report.recall).toBeCloseTo(expected.recall[c] ?? NaN, 12);
    expect(report.f1).toBeCloseTo(expected.f1_of_classes[c] ?? NaN, 12);
    expect(report.support).toBe(expected.support[c]);
  });
  const figures = labelFigures(reports);
  expect(figures.accuracy).toBeCloseTo(expected.accuracy, 12);
  expect(figures.balancedAccuracy).toBeCloseTo(expected.balanced_accuracy, 12);
  expect(figures.f1).toBeCloseTo(expected.f1, 12);
  const losses = logLosses(probabilities, classes, width);
  expect(losses.reduce((sum, loss) => sum + loss, 0) / classes.length).toBeCloseTo(expected.log_loss, 7);
  expect(calibrationError(probabilities, classes, width)).toBeCloseTo(expected.calibration_error, 7);
});

test.each(['two', 'three'] as const)('of %s classes the areas under the curves are too', (name) => {
  const expected = fixture[name];
  const { classes } = expected;
  const width = expected.support.length;
  const probabilities = Float32Array.from(expected.probabilities);
  const positives = width === 2 ? [1] : [0, 1, 2];
  const rankings = positives.map((positive) => rankBy(probabilities, classes, width, positive));
  const mean = (of: (ranking: (typeof rankings)[number]) => number | null): number =>
    rankings.reduce((sum, ranking) => sum + (of(ranking) ?? NaN), 0) / rankings.length;
  expect(mean(rocAuc)).toBeCloseTo(expected.roc_auc, 12);
  expect(mean(averagePrecision)).toBeCloseTo(expected.pr_auc, 12);

  const influence = new Float64Array(classes.length);
  rankings.forEach((ranking, i) => {
    const of = { probabilities, classes, width, positive: positives[i] ?? 0 };
    addRocInfluence(ranking, of, 1 / rankings.length, influence);
  });
  const deviation = deviationOf(jackknifeInterval(expected.roc_auc, influence));
  expect(Math.abs(deviation / expected.roc_auc_bootstrap_std - 1)).toBeLessThan(0.1);
  // DeLong divides by one sample less, which is 3 % of so few.
  if (expected.delong_variance !== undefined)
    expect(Math.abs(deviation / Math.sqrt(expected.delong_variance) - 1)).toBeLessThan(0.04);
});

test('the errors of values are those of scikit-learn, of each output and of all', () => {
  const { actual, predicted, outputs, all, r2_bootstrap_std } = fixture.values;
  [...outputs, all].forEach((expected, output) => {
    const errors =
      output < 2 ? errorsOfOutput(predicted, actual, 2, output) : errorsOfAll(predicted, actual, 2);
    expect(errors.rmse).toBeCloseTo(expected.rmse, 10);
    expect(errors.mae).toBeCloseTo(expected.mae, 10);
    expect(errors.medianAbsoluteError).toBeCloseTo(expected.median, 10);
    expect(errors.r2).toBeCloseTo(expected.r2, 10);
  });
  const { r2 } = errorsOfOutput(predicted, actual, 2, 0).intervals;
  if (r2 === undefined) throw new Error('R² has no interval');
  expect(Math.abs(deviationOf(r2) / r2_bootstrap_std - 1)).toBeLessThan(0.15);
});

test('values that do not vary have no R²', () => {
  const { r2, rmse, intervals } = errorsOfAll([1, 3], [2, 2], 1);
  expect({ r2, rmse, hasInterval: 'r2' in intervals }).toEqual({ r2: null, rmse: 1, hasInterval: false });
});

test('rows of one class have no ROC AUC, and rows without the class no average precision', () => {
  const probabilities = Float32Array.of(0.2, 0.8, 0.6, 0.4);
  expect(rocAuc(rankBy(probabilities, [1, 1], 2, 1))).toBeNull();
  expect(averagePrecision(rankBy(probabilities, [0, 0], 2, 1))).toBeNull();
});
