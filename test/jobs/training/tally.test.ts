import { describe, expect, test } from 'vitest';
import { createPace } from '../../../src/jobs/training/pace.js';
import { createTally } from '../../../src/jobs/training/tally.js';
import { smallSpec } from './small-mnist.js';

const spec = await smallSpec();
const report = (...losses: number[]) => ({
  samples: 64 * losses.length,
  lossSums: Float64Array.from(losses),
  correct: losses.length,
});

describe('a tally', () => {
  test('makes an epoch’s means of its sums', () => {
    const tally = createTally(spec, null);
    tally.add(report(64, 128));
    expect(tally.atEpochEnd()).toBe(false);
    expect(tally.stepsLeftInEpoch()).toBe(3);
    tally.add(report(64, 64, 0));
    expect(tally.atEpochEnd()).toBe(true);
    expect(tally.endEpoch({ samples: 100, loss: 0.5, accuracy: 0.9 })).toEqual({
      epoch: 1,
      step: 5,
      train_loss: 1,
      train_accuracy: 1 / 64,
      test_loss: 0.5,
      test_accuracy: 0.9,
    });
    expect(tally.stepsLeftInEpoch()).toBe(5);
  });

  test('adds to the same bits however the steps are divided', () => {
    const losses = [0.1, 0.2, 0.3, 1e16, -1e16];
    const once = createTally(spec, null);
    once.add(report(...losses));
    const bitByBit = createTally(spec, null);
    for (const loss of losses) bitByBit.add(report(loss));
    const resumed = createTally(spec, structuredClone({ ...bitByBit.state }));
    expect(resumed.state).toEqual(once.state);
  });

  test.each([NaN, Infinity])('refuses a loss of %f and says at which step it came', (loss) => {
    const tally = createTally(spec, null);
    tally.add(report(1, 2));
    expect(() => tally.add(report(1, loss, 1))).toThrow(
      expect.objectContaining({
        code: 'TRAINING_DIVERGED',
        message: expect.stringContaining('step 4 of 15') as string,
      }),
    );
  });

  test('refuses a test loss that is not finite', () => {
    const tally = createTally(spec, null);
    tally.add(report(1, 1, 1, 1, 1));
    expect(() => tally.endEpoch({ samples: 100, loss: NaN, accuracy: 0 })).toThrow('The loss became NaN');
  });

  test('tells how far it is', () => {
    const tally = createTally(spec, null);
    const pace = createPace();
    expect(tally.progress(pace)).toEqual({
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
    tally.add(report(32, 32, 32));
    pace.ran(3, 192, 100);
    pace.evaluated(1_000);
    // 12 steps of 64 at 1,920 a second, and three evaluations.
    expect(tally.progress(pace)).toMatchObject({
      epoch: 1,
      step: 3,
      fraction: 0.2,
      samples_per_second: 1_920,
      eta_seconds: 3.4,
      train_loss: 0.5,
      train_accuracy: 3 / 192,
    });
  });
});

describe('a pace', () => {
  test('asks for as many steps as take a twentieth of a second, approached by doubling', () => {
    const pace = createPace();
    expect(pace.stepsPerCall()).toBe(1);
    const asked = Array.from({ length: 8 }, () => {
      const steps = pace.stepsPerCall();
      pace.ran(steps, steps * 64, steps);
      return steps;
    });
    expect(asked).toEqual([1, 2, 4, 8, 16, 32, 50, 50]);
  });

  test('asks for one step where one takes long, and stays finite on a coarse clock', () => {
    const pace = createPace();
    pace.ran(1, 64, 3_000);
    expect(pace.stepsPerCall()).toBe(1);
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
