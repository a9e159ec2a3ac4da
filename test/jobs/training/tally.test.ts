import { describe, expect, test } from 'vitest';
import type { BatchReport } from '../../../src/model/engines/engine.js';
import { createPace } from '../../../src/jobs/training/pace.js';
import { Tally, type TallyState } from '../../../src/jobs/training/tally.js';
import { smallMnist, smallSpec } from './small-mnist.js';

const spec = await smallSpec();
const { train, test: testSplit } = await smallMnist();
const noSamples = { ...train, count: 0, targets: new Uint8Array() };
const data = { train, validation: noSamples, test: testSplit };
const startTally = (start: TallyState | null = null): Tally => new Tally(spec, data, start);

/** Batches of these losses, whose first samples are answered rightly: one a batch, if it is not said how many. */
function report(split: typeof train, sizes: number[], losses: number[], correct = sizes.length): BatchReport {
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const rows = Uint32Array.from({ length: samples }, (_, row) => row);
  const outputs = new Float32Array(samples * 10);
  for (const row of rows) outputs[row * 10 + ((split.targets[row] + (row < correct ? 0 : 1)) % 10)] = 1;
  return { lossSums: Float64Array.from(losses), weightSums: Float64Array.from(sizes), rows, outputs };
}

const steps = (...losses: number[]): BatchReport =>
  report(
    train,
    losses.map(() => 64),
    losses,
  );
/** Of the test split, in batches of 64 and of 36. */
const evaluation = [report(testSplit, [64], [40], 60), report(testSplit, [36], [10], 30)];

describe('a tally', () => {
  test('makes an epoch’s means of its sums', () => {
    const tally = startTally();
    tally.addSteps(steps(64, 128));
    expect(tally.stepsLeft()).toBe(3);
    tally.addSteps(steps(64, 64, 0));
    expect(tally.stepsLeft()).toBe(0);
    for (const slice of evaluation) tally.addEvaluation(slice);
    expect(tally.endEpoch()).toEqual({
      epoch: 1,
      step: 5,
      train_loss: 1,
      train_accuracy: 1 / 64,
      test_loss: 0.5,
      test_accuracy: 0.9,
    });
    expect(tally.stepsLeft()).toBe(5);
  });

  test('knows what is left of an evaluation, and when all epochs are done', () => {
    const tally = startTally();
    for (let epoch = 1; epoch <= 3; epoch++) {
      tally.addSteps(steps(1, 1, 1, 1, 1));
      expect(tally.evaluationLeft()).toEqual({ split: 'test', first: 0, batches: 2 });
      tally.addEvaluation(evaluation[0]);
      expect(tally.evaluationLeft()).toEqual({ split: 'test', first: 1, batches: 1 });
      tally.addEvaluation(evaluation[1]);
      expect(tally.isDone()).toBe(false);
      tally.endEpoch();
    }
    expect(tally.isDone()).toBe(true);
  });

  test('that goes on in the middle of an evaluation begins it anew', () => {
    const tally = startTally();
    tally.addSteps(steps(64, 64, 64, 64, 64));
    tally.addEvaluation(evaluation[0]);
    const resumed = startTally(structuredClone({ ...tally.state }));
    expect(resumed.stepsLeft()).toBe(0);
    expect(resumed.evaluationLeft()).toEqual({ split: 'test', first: 0, batches: 2 });
    for (const slice of evaluation) resumed.addEvaluation(slice);
    expect(resumed.endEpoch()).toMatchObject({ train_loss: 1, test_loss: 0.5 });
  });

  test('adds to the same bits however the batches are divided', () => {
    const losses = [0.1, 0.2, 0.3, 1e16, -1e16];
    const once = startTally();
    once.addSteps(steps(...losses));
    once.addEvaluation(
      report(
        testSplit,
        losses.map(() => 20),
        losses,
      ),
    );
    const bitByBit = startTally();
    for (const loss of losses) bitByBit.addSteps(steps(loss));
    for (const loss of losses) bitByBit.addEvaluation(report(testSplit, [20], [loss]));
    const resumed = startTally(structuredClone({ ...bitByBit.state }));
    expect(resumed.state).toEqual(once.state);
    expect(bitByBit.endEpoch()).toEqual(once.endEpoch());
  });

  test.each([NaN, Infinity])('refuses a loss of %f and says at which step it came', (loss) => {
    const tally = startTally();
    tally.addSteps(steps(1, 2));
    expect(() => tally.addSteps(steps(1, loss, 1))).toThrow(
      expect.objectContaining({
        code: 'TRAINING_DIVERGED',
        message: expect.stringContaining('step 4 of 15') as string,
      }),
    );
  });

  test('refuses a test loss that is not finite', () => {
    const tally = startTally();
    tally.addSteps(steps(1, 1, 1, 1, 1));
    expect(() => tally.addEvaluation(report(testSplit, [64, 36], [1, NaN]))).toThrow(
      'The loss became NaN at step 5 of 15',
    );
  });

  test('tells how far it is', () => {
    const tally = startTally();
    const [training, evaluating] = [createPace(), createPace()];
    expect(tally.progress(training, evaluating)).toEqual({
      epoch: 0,
      epochs: 3,
      step: 0,
      steps: 15,
      fraction: 0,
      samples_per_second: null,
      eta_seconds: null,
      train_loss: null,
      train_accuracy: null,
    });
    tally.addSteps(steps(32, 32, 32));
    training.ran(3, 192, 100);
    evaluating.ran(2, 100, 1_000);
    // 12 steps of 64 at 1,920 a second, and three evaluations of a second.
    expect(tally.progress(training, evaluating)).toMatchObject({
      epoch: 1,
      step: 3,
      fraction: 0.2,
      samples_per_second: 1_920,
      eta_seconds: 3.4,
      train_loss: 0.5,
      train_accuracy: 3 / 192,
    });
    tally.addSteps(steps(32, 32));
    tally.addEvaluation(evaluation[0]);
    // 10 steps, 36 samples of this evaluation, and two more.
    expect(tally.progress(training, evaluating).eta_seconds).toBe(2.7);
  });
});

describe('a tally of a member', () => {
  const ensemble = { ...spec, ensemble: 3, steps: 3 * spec.steps };
  const first = new Tally(ensemble, data, null);
  for (let epoch = 1; epoch <= 3; epoch++) {
    first.addSteps(steps(64, 64, 64, 64, 64));
    for (const slice of evaluation) first.addEvaluation(slice);
    first.endEpoch();
  }
  test('counts its own epochs, and the steps of all', () => {
    expect(first.isDone()).toBe(true);
    expect(first.nextMember()).toMatchObject({ member: 2, step: 15, position: { samples: 0 } });
    const second = new Tally(ensemble, data, first.nextMember());
    expect([second.isDone(), second.ownStep, second.stepsLeft(), second.epochs]).toEqual([false, 0, 5, []]);
    second.addSteps(steps(64, 64, 64, 64, 64));
    for (const slice of evaluation) second.addEvaluation(slice);
    expect(second.endEpoch()).toMatchObject({ member: 2, epoch: 1, step: 20 });
    expect(second.state.metrics.map(({ member, epoch }) => [member, epoch])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
    ]);
    const last = new Tally(ensemble, data, second.nextMember());
    expect(last.nextMember()).toBeNull();
  });

  test('tells how much all members have left', () => {
    const [training, evaluating] = [createPace(), createPace()];
    training.ran(15, 960, 1_000);
    evaluating.ran(6, 300, 1_000);
    // A member is trained in a second and evaluated in another.
    expect(first.progress(training, evaluating)).toMatchObject({
      member: 1,
      members: 3,
      epoch: 3,
      step: 15,
      steps: 45,
      fraction: 1 / 3,
      eta_seconds: 4,
    });
    const second = new Tally(ensemble, data, first.nextMember());
    expect(second.progress(training, evaluating)).toMatchObject({
      member: 2,
      epoch: 0,
      step: 15,
      fraction: 1 / 3,
      eta_seconds: 4,
      train_loss: null,
    });
  });
});

describe('a tally with a validation split', () => {
  const validation = { ...testSplit, count: 70, targets: testSplit.targets.slice(0, 70) };
  const start = (): Tally => new Tally(spec, { ...data, validation }, null);

  test('evaluates it before the test split, and has figures of both', () => {
    const tally = start();
    tally.addSteps(steps(64, 64, 64, 64, 64));
    expect(tally.evaluationLeft()).toEqual({ split: 'validation', first: 0, batches: 2 });
    tally.addEvaluation(report(validation, [64], [128], 7));
    expect(tally.evaluationLeft()).toEqual({ split: 'validation', first: 1, batches: 1 });
    tally.addEvaluation(report(validation, [6], [12], 0));
    for (const slice of evaluation) tally.addEvaluation(slice);
    expect(tally.evaluationLeft()).toMatchObject({ batches: 0 });
    expect(tally.endEpoch()).toMatchObject({
      validation_loss: 2,
      validation_accuracy: 0.1,
      test_loss: 0.5,
      test_accuracy: 0.9,
    });
  });

  test('counts its samples among what is left', () => {
    const tally = start();
    tally.addSteps(steps(1, 1, 1, 1, 1));
    tally.addEvaluation(report(validation, [64], [1]));
    const [training, evaluating] = [createPace(), createPace()];
    training.ran(5, 320, 1_000);
    evaluating.ran(1, 170, 1_000);
    // Ten steps of 64, the rest of this evaluation, and two more.
    const seconds = 640 / 320 + (3 * 170 - 64) / 170;
    expect(tally.progress(training, evaluating).eta_seconds).toBeCloseTo(seconds, 1);
  });
});

test('a tally without samples to evaluate ends its epoch at once, without figures of them', () => {
  const tally = new Tally(spec, { ...data, test: noSamples }, null);
  tally.addSteps(steps(64, 64, 64, 64, 64));
  expect(tally.evaluationLeft().batches).toBe(0);
  expect(Object.keys(tally.endEpoch())).toEqual(['epoch', 'step', 'train_loss', 'train_accuracy']);
});

describe('a tally of values', () => {
  const network = { ...spec.network, outputs: 2 };
  const values = { count: 320, targets: Float32Array.from({ length: 640 }, (_, i) => Math.sin(i)) };
  const splits = { train: values, validation: { ...values, count: 0 }, test: { ...values, count: 100 } };
  const start = (): Tally => new Tally({ ...spec, network, task: 'regression' }, splits, null);
  /** Of which every output is off by this. */
  const reportOff = (first: number, count: number, error: number): BatchReport => ({
    lossSums: Float64Array.of(count * error ** 2),
    weightSums: Float64Array.of(count),
    rows: Uint32Array.from({ length: count }, (_, i) => first + i),
    outputs: values.targets.slice(2 * first, 2 * (first + count)).map((value) => value + error),
  });

  test('has root mean squared errors in place of accuracies', () => {
    const tally = start();
    for (let step = 0; step < 5; step++) tally.addSteps(reportOff(64 * step, 64, 2));
    tally.addEvaluation(reportOff(0, 64, 3));
    tally.addEvaluation(reportOff(64, 36, 3));
    const metrics = tally.endEpoch();
    expect(Object.keys(metrics)).toEqual([
      'epoch',
      'step',
      'train_loss',
      'train_rmse',
      'test_loss',
      'test_rmse',
    ]);
    expect(metrics).toMatchObject({ train_loss: 4, test_loss: 9 });
    expect(metrics.train_rmse).toBeCloseTo(2, 5);
    expect(metrics.test_rmse).toBeCloseTo(3, 5);
    expect(tally.progress(createPace(), createPace())).toMatchObject({ train_loss: 4, train_accuracy: null });
  });

  test('has errors in the unit of the values, where the outputs are standardised', () => {
    const tally = new Tally({ ...spec, network, task: 'regression' }, splits, null, [10, 100]);
    for (let step = 0; step < 5; step++) tally.addSteps(reportOff(64 * step, 64, 2));
    tally.addEvaluation(reportOff(0, 64, 3));
    tally.addEvaluation(reportOff(64, 36, 3));
    const { train_loss, train_rmse, test_rmse } = tally.endEpoch();
    expect(train_loss).toBe(4);
    // Of two values off by 20 and 200, and by 30 and 300.
    expect(train_rmse).toBeCloseTo(Math.sqrt((20 ** 2 + 200 ** 2) / 2), 3);
    expect(test_rmse).toBeCloseTo(Math.sqrt((30 ** 2 + 300 ** 2) / 2), 3);
  });

  test('adds to the same bits however the samples were divided into calls', () => {
    const [once, divided] = [start(), start()];
    once.addSteps(reportOff(0, 64, 0.3));
    const { lossSums, weightSums, rows, outputs } = reportOff(0, 64, 0.3);
    const none = new Float64Array();
    divided.addSteps({
      lossSums: none,
      weightSums: none,
      rows: rows.subarray(0, 9),
      outputs: outputs.subarray(0, 18),
    });
    divided.addSteps({ lossSums, weightSums, rows: rows.subarray(9), outputs: outputs.subarray(18) });
    expect(divided.state).toEqual(once.state);
  });
});

test('weighted losses are divided by their weights', () => {
  const tally = startTally();
  const batch = steps(6, 6);
  tally.addSteps({ ...batch, weightSums: Float64Array.of(1, 2) });
  expect(tally.state.position).toMatchObject({ samples: 128, weight_sum: 3, loss_sum: 12 });
  expect(tally.progress(createPace(), createPace()).train_loss).toBe(4);
});

describe('a tally whose rows have weights', () => {
  const weights = Float32Array.from({ length: train.count }, (_, row) => [0.1, 2, 0, 0.7][row % 4]);
  const weighted = (): Tally =>
    new Tally(spec, data, null, [], { train: weights, validation: null, test: null });
  const sumOf = (numbers: Float32Array): number => numbers.reduce((sum, each) => sum + each, 0);

  test('counts each answer by the weight of its row, and not by the weights of the losses', () => {
    const tally = weighted();
    tally.addSteps(report(train, [64], [10], 10));
    const { train_accuracy } = tally.progress(createPace(), createPace());
    expect(train_accuracy).toBe(sumOf(weights.subarray(0, 10)) / sumOf(weights.subarray(0, 64)));
  });

  test('has the same bits however the batches were divided into calls', () => {
    const [whole, divided] = [weighted(), weighted()];
    const { rows, outputs } = report(train, [64, 64], [1, 2], 100);
    const part = (first: number, end: number, batches: number): BatchReport => ({
      lossSums: Float64Array.from({ length: batches }, () => 1),
      weightSums: Float64Array.from({ length: batches }, () => 64),
      rows: rows.subarray(first, end),
      outputs: outputs.subarray(first * 10, end * 10),
    });
    whole.addSteps(part(0, 128, 2));
    divided.addSteps(part(0, 64, 1));
    divided.addSteps(part(64, 128, 1));
    expect(divided.state).toEqual(whole.state);
  });

  test('goes on from a checkpoint that did not know them', () => {
    const position = { samples: 64, weight_sum: 64, loss_sum: 10, metric_sum: 32 };
    const start = { member: 1, step: 1, position, metrics: [] };
    const tally = new Tally(spec, data, start, [], { train: weights, validation: null, test: null });
    tally.addSteps(report(train, [64], [10], 64));
    const sum = sumOf(weights.subarray(0, 64));
    expect(tally.state.position.row_weight_sum).toBeCloseTo(64 + sum, 9);
    expect(tally.state.position.metric_sum).toBeCloseTo(32 + sum, 9);
  });
});
