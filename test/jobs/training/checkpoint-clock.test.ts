import { describe, expect, test } from 'vitest';
import { createCheckpointClock } from '../../../src/jobs/training/checkpoint-clock.js';

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
