import { describe, expect, test } from 'vitest';
import { createCheckpointClock, createPace } from '../../../src/jobs/training/pace.js';

test('a slow first call counts for no more than its time', () => {
  const pace = createPace();
  expect(pace.samplesPerSecond()).toBeNull();
  pace.ran(1, 64, 50);
  for (let call = 0; call < 10; call++) pace.ran(100, 6_400, 50);
  // 64 064 samples in 550 ms are 116 480 a second; the last calls count for a little more.
  expect(pace.samplesPerSecond()).toBeGreaterThan(116_000);
  expect(pace.samplesPerSecond()).toBeLessThan(120_000);
  expect(pace.secondsLeft(117_000)).toBeCloseTo(1, 1);
});

test('what was long ago is forgotten', () => {
  const pace = createPace();
  for (let call = 0; call < 100; call++) pace.ran(1, 100, 100);
  for (let call = 0; call < 1_000; call++) pace.ran(1, 1_000, 100);
  expect(pace.samplesPerSecond()).toBe(10_000);
});

test('a call is of as much as takes 50 ms, and at most of twice as much as the one before', () => {
  const pace = createPace();
  expect(pace.batchesPerCall()).toBe(1);
  const sizes = Array.from({ length: 8 }, () => {
    pace.ran(pace.batchesPerCall(), 64, 0.5 * pace.batchesPerCall());
    return pace.batchesPerCall();
  });
  expect(sizes).toEqual([2, 4, 8, 16, 32, 64, 100, 100]);
  pace.ran(100, 6_400, 20_000);
  expect(pace.batchesPerCall()).toBe(1);
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

const policy = { every_steps: null, every_seconds: null, keep: 2 };

function clockOf(more: Partial<{ every_steps: number; every_seconds: number }>, step = 0) {
  const time = { ms: 0 };
  return { time, clock: createCheckpointClock({ ...policy, ...more }, { step }, () => time.ms) };
}

describe('by steps', () => {
  test('a checkpoint is due at each multiple, and no multiple is passed in one go', () => {
    const { clock } = clockOf({ every_steps: 100 }, 250);
    expect(clock.stepsAtOnce(250)).toBe(50);
    expect(clock.isDue(250)).toBe(false);
    expect(clock.isDue(299)).toBe(false);
    expect(clock.isDue(300)).toBe(true);
    expect(clock.stepsAtOnce(300)).toBe(100);
  });

  test('none is due where one has just been written', () => {
    const { clock } = clockOf({ every_steps: 100 });
    clock.wrote(300, 5);
    expect(clock.isDue(300)).toBe(false);
    expect(clock.isDue(400)).toBe(true);
  });
});

describe('by seconds', () => {
  test('a checkpoint is due that long after the last one, if there was a step', () => {
    const { clock, time } = clockOf({ every_seconds: 2 });
    expect(clock.stepsAtOnce(7)).toBe(Infinity);
    time.ms = 1_999;
    expect(clock.isDue(10)).toBe(false);
    time.ms = 2_000;
    expect(clock.isDue(10)).toBe(true);
    expect(clock.isDue(0)).toBe(false);
    clock.wrote(10, 500);
    time.ms = 3_999;
    expect(clock.isDue(20)).toBe(false);
    time.ms = 4_000;
    expect(clock.isDue(20)).toBe(true);
  });
});

describe('where the policy says nothing', () => {
  test('one is due each ten seconds, and takes a hundredth of the time at most', () => {
    const { clock, time } = clockOf({});
    time.ms = 10_000;
    expect(clock.isDue(10)).toBe(true);
    clock.wrote(10, 50);
    time.ms = 20_000;
    expect(clock.isDue(20)).toBe(true);
    clock.wrote(20, 300);
    time.ms = 49_999;
    expect(clock.isDue(30)).toBe(false);
    time.ms = 50_000;
    expect(clock.isDue(30)).toBe(true);
  });
});
