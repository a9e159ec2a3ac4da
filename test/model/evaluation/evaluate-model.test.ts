import { expect, test } from 'vitest';
import type { Samples } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { evaluateModel, type EvaluationTask } from '../../../src/model/evaluation/evaluate-model.js';
import { summaryOf } from '../../../src/model/evaluation/evaluation.js';
import { trainLinearModel } from '../../../src/model/evaluation/linear-baseline.js';
import type { Head } from '../../../src/model/heads/head.js';
import type { FittedColumn, TablePreprocessing } from '../../../src/model/preprocessing/table.js';

const column = (name: string): FittedColumn => ({
  name,
  format: { type: 'number', decimal: '.', grouping: '', missing: [] },
  seen: { kind: 'numbers', missing: 0, min: -1, median: 0, max: 1 },
  parts: [{ kind: 'standard', width: 1, fill: 0, mean: 0, std: 1 }],
});

const preprocessing: TablePreprocessing = {
  kind: 'table',
  columns: [column('signal'), column('noise')],
  width: 2,
  targets: ['target'],
  ignored: [],
};

/** Two inputs; the first decides. */
function samplesOf(count: number, from: number, targetOf: (signal: number, row: number) => number): Samples {
  const at = (row: number, part: number): number => {
    const x = Math.sin((from + row) * 12.9898 + part * 78.233) * 43_758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  };
  const inputs = Float32Array.from({ length: count * 2 }, (_, i) => at(Math.floor(i / 2), i % 2));
  const targets = Array.from({ length: count }, (_, row) => targetOf(at(row, 0), row));
  return { count, width: 2, inputs, targets: Float32Array.from(targets), weights: null };
}

const asClasses = (samples: Samples): Samples => ({ ...samples, targets: Uint8Array.from(samples.targets) });
const network = { inputs: 2, hidden: [], outputs: 2 };
const labels = ['low', 'high'];

function classifierTask(): EvaluationTask {
  // One of five is noise.
  const classOf = (signal: number, row: number): number => Number(signal > 0.3 !== (row % 5 === 0));
  const of = (count: number, from: number) => asClasses(samplesOf(count, from, classOf));
  const head: Head = { kind: 'classes', labels, probabilities: 'softmax' };
  return {
    model: {
      network,
      head,
      preprocessing,
      predict: (inputs, count) =>
        Promise.resolve(
          Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 0 : 8 * (inputs[i - 1] - 0.3))),
        ),
    },
    train: of(300, 0),
    validation: { samples: of(100, 1_000), rows: Uint32Array.from({ length: 100 }, (_, i) => 2 * i) },
    test: { samples: of(80, 2_000), rows: Uint32Array.from({ length: 80 }, (_, i) => 2 * i + 1) },
    wanted: { calibrated: true, threshold: 'auto' },
    seed: 7,
  };
}

test('a classifier has figures beside baselines, and mistakes by the rows of the dataset', async () => {
  const { evaluation } = await evaluateModel(classifierTask());
  const { test: onTest, validation, mistakes, positive } = evaluation;
  expect(positive).toBe('high');
  expect(onTest?.rows).toBe(80);
  expect(onTest?.figures.accuracy).toBeGreaterThan(onTest?.baselines.constant.accuracy ?? 1);
  expect(onTest?.baselines.constant.roc_auc).toBe(0.5);
  expect(onTest?.confusion?.flat().reduce((sum, count) => sum + count, 0)).toBe(80);
  expect(mistakes?.split).toBe('test');
  const confidences = mistakes?.rows.map((row) => ('confidence' in row ? row.confidence : NaN)) ?? [];
  expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
  expect(mistakes?.rows.every(({ row }) => row % 2 === 1)).toBe(true);
  expect(summaryOf(evaluation).validation?.figures).toEqual(validation?.figures);
});

test('calibration lowers the log loss of the validation rows, and the head has what they decided', async () => {
  const { evaluation, head } = await evaluateModel(classifierTask());
  const before = evaluation.calibration?.before.validation?.log_loss ?? 0;
  expect(evaluation.validation?.figures.log_loss).toBeLessThan(before);
  expect(head).toMatchObject({
    temperature: evaluation.calibration?.temperature,
    threshold: { positive: 1, at_least: evaluation.threshold?.at_least },
  });
});

test('the column that decides is the important one, and the same evaluation has the same bits', async () => {
  const engine = createReferenceEngine();
  const task = (): EvaluationTask => {
    const plain = classifierTask();
    return {
      ...plain,
      linear: async (onProgress) => {
        const resources = { threads: 1, memoryLimitBytes: 2 ** 28 };
        const { train, seed } = plain;
        const parts = { engine, network, scaling: null, loss: 'cross_entropy' as const };
        const linear = await trainLinearModel({ ...parts, train, seed, resources, onProgress });
        return linear && engine.predictor({ network: linear.network, scaling: null }, linear.parameters);
      },
    };
  };
  const [one, other] = [await evaluateModel(task()), await evaluateModel(task())];
  expect(one).toEqual(other);
  const { importance, validation } = one.evaluation;
  expect(importance?.columns.map((each) => each.column)).toEqual(['signal', 'noise']);
  expect(importance?.columns[0]?.mean).toBeGreaterThan(0.1);
  // The model does not look at the other column.
  expect(importance?.columns[1]).toEqual({ column: 'noise', mean: 0, std: 0 });
  expect(validation?.baselines.linear?.accuracy).toBeGreaterThan(
    validation?.baselines.constant.accuracy ?? 1,
  );
});

test('values are evaluated in their unit, beside the mean of the training rows', async () => {
  const head: Head = { kind: 'values', names: ['price'], scaling: [{ mean: 100, std: 50 }] };
  const of = (count: number, from: number) => samplesOf(count, from, (signal) => signal);
  const { evaluation } = await evaluateModel({
    model: {
      network: { inputs: 2, hidden: [], outputs: 1 },
      head,
      // Right but for 0.1 of a deviation, which is 5 in the unit.
      predict: (inputs, count) =>
        Promise.resolve(Float32Array.from({ length: count }, (_, i) => inputs[2 * i] + 0.1)),
    },
    train: of(300, 0),
    validation: { samples: of(0, 0), rows: [] },
    test: { samples: of(50, 500), rows: Uint32Array.from({ length: 50 }, (_, i) => i) },
    wanted: {},
    seed: 0,
  });
  expect(evaluation.validation).toBeUndefined();
  expect(evaluation.test?.figures.rmse).toBeCloseTo(5, 3);
  expect(evaluation.test?.figures.median_absolute_error).toBeCloseTo(5, 3);
  expect(evaluation.test?.figures.r2).toBeGreaterThan(0.9);
  expect(evaluation.test?.baselines.constant.r2).toBeLessThanOrEqual(0);
});
