import { expect, test } from 'vitest';
import { cachedFor } from '../../src/lib/cached-for.js';

interface Attempt {
  succeed: () => void;
  fail: (reason: Error) => void;
}

/** A load whose attempts are settled by hand. */
function createLoad(): { attempts: Attempt[]; load: () => Promise<void> } {
  const attempts: Attempt[] = [];
  return {
    attempts,
    load: () => new Promise((succeed, fail) => attempts.push({ succeed, fail })),
  };
}

test('the load runs once for all who wait, and again when its result is too old', async () => {
  const { attempts, load } = createLoad();
  let nowMs = 0;
  const asked = cachedFor(load, 1_000, () => nowMs);
  const both = [asked(), asked()];
  nowMs = 5_000;
  both.push(asked());
  attempts[0]?.succeed();
  await Promise.all(both);
  nowMs += 999;
  await asked();
  expect(attempts).toHaveLength(1);
  nowMs += 1;
  void asked();
  expect(attempts).toHaveLength(2);
});

test('a failure is cached as long, with its reason, and a success after it is kept', async () => {
  const { attempts, load } = createLoad();
  let nowMs = 0;
  const asked = cachedFor(load, 1_000, () => nowMs);
  const first = asked();
  attempts[0]?.fail(new Error('read-only'));
  await expect(first).rejects.toThrow('read-only');
  await expect(asked()).rejects.toThrow('read-only');
  nowMs = 1_000;
  const second = asked();
  attempts[1]?.succeed();
  await second;
  expect(attempts).toHaveLength(2);
});
