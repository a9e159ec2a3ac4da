import { expect, test } from 'vitest';
import { PeriodicWork } from '../../src/lib/periodic-work.js';

test('is done at its start and again, never twice at the same time, and not after it was stopped', async () => {
  let [begun, underWay, most] = [0, 0, 0];
  const work = new PeriodicWork(async () => {
    begun++;
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 20));
    underWay--;
  }, 1);
  await work.start();
  expect(begun).toBe(1);
  await expect.poll(() => begun).toBeGreaterThan(2);
  await work.stop();
  expect([underWay, most]).toEqual([0, 1]);
  const before = begun;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(begun).toBe(before);
});
