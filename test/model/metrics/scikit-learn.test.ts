/**
 * The figures against scikit-learn 1.x on the samples of scikit-learn.json, whose probabilities are multiples of 1/32: exact
 * in float32, and often equal. The interval of the ROC AUC is compared with DeLong's variance, and others with the deviation
 * over thousands of bootstrap samples. `weighted` is the same with `sample_weight`, multiples of 1/4, some of them 0.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { classReports, confusionMatrix, labelFigures } from '../../../src/model/metrics/class-report.js';
import { errorsOfAll, errorsOfOutput } from '../../../src/model/metrics/errors-of-values.js';
import { classDrawings } from '../../../src/model/evaluation/class-drawings.js';
import { classFrequencies, meansOf } from '../../../src/model/evaluation/constant-baseline.js';
import { evaluateClasses } from '../../../src/model/evaluation/evaluate-classes.js';
import { evaluateValues } from '../../../src/model/evaluation/evaluate-values.js';
import { evaluateAndDrawValues } from '../../../src/model/evaluation/value-drawings.js';
import { jackknifeInterval, type Interval } from '../../../src/model/metrics/intervals.js';
import { calibrationError, logLosses } from '../../../src/model/metrics/probabilities.js';
import { addRocInfluence, averagePrecision, rankBy, rocAuc } from '../../../src/model/metrics/ranking.js';

interface ClassFixture extends ClassFigures, Drawn {
  classes: number[];
  probabilities: number[];
  calibration_error: number;
  delong_variance?: number;
  weighted: ClassFigures &
    Drawn & {
      weights: number[];
      class_frequencies: number[];
      accuracy_bootstrap_std: number;
      balanced_accuracy_bootstrap_std: number;
    };
}

interface ClassFigures {
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
  roc_auc_bootstrap_std: number;
}

/** Curves are of two classes, by descending threshold, without the point where no sample has the label. */
interface Drawn {
  calibration_bins: { confidence: number[]; accuracy: number[] };
  roc_curve?: { at_least: number[]; fpr: number[]; tpr: number[] };
  precision_recall_curve?: { at_least: number[]; precision: number[]; recall: number[] };
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
    /** [output] At 0.05, 0.25, 0.5, 0.75 and 0.95, by NumPy's `inverted_cdf`. */
    residual_quantiles: number[][];
    weighted: {
      weights: number[];
      outputs: ErrorsFixture[];
      all: ErrorsFixture;
      means: number[];
      residual_quantiles: number[][];
      /** By differences of `r2_score` with a little more of each weight. */
      r2_jackknife_std: number;
    };
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

test.each(['two', 'three'] as const)(
  'of %s classes weighted figures are those of scikit-learn',
  async (name) => {
    const { classes, probabilities, weighted: expected } = fixture[name];
    const { weights } = expected;
    const labels = name === 'two' ? ['no', 'yes'] : ['a', 'b', 'c'];
    const rows = { probabilities: Float32Array.from(probabilities), classes, weights };
    const found = await evaluateClasses(rows, { labels, positive: 1 });
    const { figures, intervals } = found;
    for (const figure of ['accuracy', 'balanced_accuracy', 'f1', 'roc_auc', 'pr_auc'] as const) {
      expect(figures[figure], figure).toBeCloseTo(expected[figure], 12);
    }
    expect(figures.log_loss).toBeCloseTo(expected.log_loss, 7);
    expect(found.confusion?.flat()).toEqual(expected.confusion);
    found.classes?.forEach((report, c) => {
      expect(report.precision).toBeCloseTo(expected.precision[c] ?? NaN, 12);
      expect(report.recall).toBeCloseTo(expected.recall[c] ?? NaN, 12);
      expect(report.f1).toBeCloseTo(expected.f1_of_classes[c] ?? NaN, 12);
      expect(report.support).toBe(expected.support[c]);
    });
    expect(found.weights?.sum).toBe(weights.reduce((sum, weight) => sum + weight, 0));
    const frequencies = classFrequencies(classes, labels.length, weights);
    frequencies.forEach((frequency, c) =>
      expect(frequency).toBeCloseTo(expected.class_frequencies[c] ?? NaN, 6),
    );
    for (const figure of ['balanced_accuracy', 'roc_auc', 'accuracy'] as const) {
      const deviation = deviationOf(intervals[figure] ?? [NaN, NaN]);
      const ratio = deviation / expected[`${figure}_bootstrap_std`];
      expect(Math.abs(ratio - 1), `${figure}: ${ratio}`).toBeLessThan(0.15);
    }
  },
);

test('weighted errors of values are those of scikit-learn, and so is the mean', () => {
  const { actual, predicted } = fixture.values;
  const { weights, outputs, all, means, r2_jackknife_std } = fixture.values.weighted;
  const found = evaluateValues({ actual, predicted, weights }, ['a', 'b']);
  const figuresOf = ({ rmse, mae, median, r2 }: ErrorsFixture) => ({
    rmse,
    mae,
    median_absolute_error: median,
    r2,
  });
  [...outputs, all].forEach((expected, output) => {
    const { figures } = found.outputs?.[output] ?? found;
    for (const [figure, value] of Object.entries(figuresOf(expected))) {
      expect(figures[figure as keyof typeof figures], figure).toBeCloseTo(value, 10);
    }
  });
  meansOf(actual, 2, weights).forEach((mean, output) => expect(mean).toBeCloseTo(means[output] ?? NaN, 10));
  const { r2 } = errorsOfOutput(predicted, actual, 2, 0, weights).intervals;
  expect(deviationOf(r2 ?? [NaN, NaN])).toBeCloseTo(r2_jackknife_std, 5);
});

test.each(['plain', 'weighted'] as const)(
  'the curves of %s rows are those of scikit-learn, and each threshold gives the counts of its point',
  (kind) => {
    const { classes, probabilities, ...two } = fixture.two;
    const expected = kind === 'plain' ? two : two.weighted;
    const weights = kind === 'plain' ? null : two.weighted.weights;
    const rows = { probabilities: Float32Array.from(probabilities), classes, weights };
    const { thresholds = [] } = classDrawings(rows, { labels: ['no', 'yes'], positive: 1 });
    const sumOf = (isCounted: (i: number) => boolean): number =>
      classes.reduce((sum, _, i) => sum + (isCounted(i) ? (weights?.[i] ?? 1) : 0), 0);
    const positives = sumOf((i) => classes[i] === 1);
    const negatives = sumOf((i) => classes[i] === 0);
    const { roc_curve: roc, precision_recall_curve: pr } = expected;
    expect(thresholds).toHaveLength(roc?.at_least.length ?? -1);
    thresholds.forEach(({ at_least, true_positives, false_positives }, place) => {
      expect(true_positives / positives).toBeCloseTo(roc?.tpr[place] ?? NaN, 12);
      expect(false_positives / negatives).toBeCloseTo(roc?.fpr[place] ?? NaN, 12);
      // scikit-learn's curve ends where all samples of the class have the label.
      if (place < (pr?.recall.length ?? 0)) {
        expect(true_positives / positives).toBeCloseTo(pr?.recall[place] ?? NaN, 12);
        const precision = true_positives / (true_positives + false_positives);
        expect(precision).toBeCloseTo(pr?.precision[place] ?? NaN, 12);
      }
      const isNamed = (i: number): boolean => probabilities[2 * i + 1] >= at_least;
      expect(sumOf((i) => isNamed(i) && classes[i] === 1)).toBe(true_positives);
      expect(sumOf((i) => isNamed(i) && classes[i] === 0)).toBe(false_positives);
    });
  },
);

test.each(['two', 'three'] as const)('the calibration of %s classes is that of scikit-learn', (name) => {
  const { classes, probabilities, ...plain } = fixture[name];
  const labels = name === 'two' ? ['no', 'yes'] : ['a', 'b', 'c'];
  for (const [expected, weights] of [
    [plain, null] as const,
    [plain.weighted, plain.weighted.weights] as const,
  ]) {
    const rows = { probabilities: Float32Array.from(probabilities), classes, weights };
    const { calibration_bins: bins = [] } = classDrawings(rows, { labels, positive: 1 });
    const { confidence, accuracy } = expected.calibration_bins;
    expect(bins).toHaveLength(confidence.length);
    bins.forEach((bin, place) => {
      expect(bin.confidence).toBeCloseTo(confidence[place] ?? NaN, 7);
      expect(bin.accuracy).toBeCloseTo(accuracy[place] ?? NaN, 12);
    });
  }
});

test('the quantiles of residuals are those of NumPy', () => {
  const { actual, predicted, weighted, residual_quantiles } = fixture.values;
  const expected = [
    [residual_quantiles, null],
    [weighted.residual_quantiles, weighted.weights],
  ] as const;
  for (const [quantiles, weights] of expected) {
    const { outputs = [], pairs = [] } = evaluateAndDrawValues({ actual, predicted, weights }, ['a', 'b']);
    outputs.forEach(({ residuals = [] }, output) =>
      residuals.forEach(({ value }, place) =>
        expect(value).toBeCloseTo(quantiles[output]?.[place] ?? NaN, 5),
      ),
    );
    const counted = weights?.filter((weight) => weight > 0).length ?? actual.length / 2;
    expect(pairs).toHaveLength(2 * Math.min(150, counted));
  }
});

test('a row of weight 2 counts as two alike, and one of weight 0 not at all', async () => {
  const labels = ['no', 'yes'];
  const at = (...values: number[]) => Float32Array.from(values.flatMap((p) => [1 - p, p]));
  const weighted = await evaluateClasses(
    { probabilities: at(0.25, 0.5, 0.875, 0.625), classes: [0, 1, 1, 0], weights: [2, 1, 1, 0] },
    { labels, positive: 1 },
  );
  const repeated = await evaluateClasses(
    { probabilities: at(0.25, 0.25, 0.5, 0.875), classes: [0, 0, 1, 1] },
    { labels, positive: 1 },
  );
  expect(weighted.figures).toEqual(repeated.figures);
  expect(weighted.confusion).toEqual(repeated.confusion);
  const values = { actual: [1, 1, 4, 9], predicted: [2, 2, 2, 2] };
  const once = evaluateValues({ actual: [1, 4, 9, 100], predicted: [2, 2, 2, 2], weights: [2, 1, 1, 0] }, [
    'a',
  ]);
  expect(once.figures).toEqual(evaluateValues(values, ['a']).figures);
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
