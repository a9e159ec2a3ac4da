import { expect, test } from 'vitest';
import { createPace } from '../../../src/jobs/training/pace.js';

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
