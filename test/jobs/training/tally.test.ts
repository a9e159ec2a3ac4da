import { describe, expect, test } from 'vitest';
import { createPace } from '../../../src/jobs/training/pace.js';
import { createTally, type TallyState } from '../../../src/jobs/training/tally.js';
import { smallSpec } from './small-mnist.js';

const spec = await smallSpec();
const testCount = 100;
const report = (...losses: number[]) => ({
  samples: 64 * losses.length,
  lossSums: Float64Array.from(losses),
  correct: losses.length,
});
/** Of the test split, in batches of 64 and of 36. */
const evaluation = [
  { samples: 64, lossSums: Float64Array.of(40), correct: 60 },
  { samples: 36, lossSums: Float64Array.of(10), correct: 30 },
];
const startTally = (start: TallyState | null = null) => createTally(spec, testCount, start);

describe('a tally', () => {
  test('makes an epoch’s means of its sums', () => {
    const tally = startTally();
    tally.addSteps(report(64, 128));
    expect(tally.stepsLeft()).toBe(3);
    tally.addSteps(report(64, 64, 0));
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
      tally.addSteps(report(1, 1, 1, 1, 1));
      expect(tally.evaluationLeft()).toEqual({ first: 0, batches: 2 });
      tally.addEvaluation(evaluation[0]);
      expect(tally.evaluationLeft()).toEqual({ first: 1, batches: 1 });
      tally.addEvaluation(evaluation[1]);
      expect(tally.isDone()).toBe(false);
      tally.endEpoch();
    }
    expect(tally.isDone()).toBe(true);
  });

  test('that goes on in the middle of an evaluation begins it anew', () => {
    const tally = startTally();
    tally.addSteps(report(64, 64, 64, 64, 64));
    tally.addEvaluation(evaluation[0]);
    const resumed = startTally(structuredClone({ ...tally.state }));
    expect(resumed.stepsLeft()).toBe(0);
    expect(resumed.evaluationLeft()).toEqual({ first: 0, batches: 2 });
    for (const slice of evaluation) resumed.addEvaluation(slice);
    expect(resumed.endEpoch()).toMatchObject({ train_loss: 1, test_loss: 0.5 });
  });

  test('adds to the same bits however the batches are divided', () => {
    const losses = [0.1, 0.2, 0.3, 1e16, -1e16];
    const once = startTally();
    once.addSteps(report(...losses));
    once.addEvaluation(report(...losses));
    const bitByBit = startTally();
    for (const loss of losses) bitByBit.addSteps(report(loss));
    for (const loss of losses) bitByBit.addEvaluation(report(loss));
    const resumed = startTally(structuredClone({ ...bitByBit.state }));
    expect(resumed.state).toEqual(once.state);
    expect(bitByBit.endEpoch()).toEqual(once.endEpoch());
  });

  test.each([NaN, Infinity])('refuses a loss of %f and says at which step it came', (loss) => {
    const tally = startTally();
    tally.addSteps(report(1, 2));
    expect(() => tally.addSteps(report(1, loss, 1))).toThrow(
      expect.objectContaining({
        code: 'TRAINING_DIVERGED',
        message: expect.stringContaining('step 4 of 15') as string,
      }),
    );
  });

  test('refuses a test loss that is not finite', () => {
    const tally = startTally();
    tally.addSteps(report(1, 1, 1, 1, 1));
    expect(() => tally.addEvaluation(report(1, NaN))).toThrow('The loss became NaN at step 5 of 15');
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
    tally.addSteps(report(32, 32, 32));
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
    tally.addSteps(report(32, 32));
    tally.addEvaluation(evaluation[0]);
    // 10 steps, 36 samples of this evaluation, and two more.
    expect(tally.progress(training, evaluating).eta_seconds).toBe(2.7);
  });
});

describe('a pace', () => {
  test('asks for as many batches as take a twentieth of a second, approached by doubling', () => {
    const pace = createPace();
    expect(pace.batchesPerCall()).toBe(1);
    const asked = Array.from({ length: 8 }, () => {
      const batches = pace.batchesPerCall();
      pace.ran(batches, batches * 64, batches);
      return batches;
    });
    expect(asked).toEqual([1, 2, 4, 8, 16, 32, 50, 50]);
  });

  test('asks for one batch where one takes long, and stays finite on a coarse clock', () => {
    const pace = createPace();
    pace.ran(1, 64, 3_000);
    expect(pace.batchesPerCall()).toBe(1);
    pace.ran(1, 64, 0);
    expect(pace.samplesPerSecond()).toBeLessThan(Infinity);
  });

  test('follows a change of speed within seconds', () => {
    const pace = createPace();
    pace.ran(100, 1_000, 1_000);
    for (let second = 0; second < 15; second++) pace.ran(100, 3_000, 1_000);
    expect(pace.samplesPerSecond()).toBeGreaterThan(2_850);
  });
});
