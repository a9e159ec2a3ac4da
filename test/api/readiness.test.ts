import { expect, test } from 'vitest';
import { checkModels, remembered } from '../../src/api/readiness.js';
import type { ModelStatus } from '../../src/model/model-server.js';

interface Attempt {
  succeed: () => void;
  fail: (reason: Error) => void;
}

/** A check whose attempts are ended by hand. */
function createCheck(): { attempts: Attempt[]; check: () => Promise<void> } {
  const attempts: Attempt[] = [];
  return {
    attempts,
    check: () => new Promise((succeed, fail) => attempts.push({ succeed, fail })),
  };
}

test('a check is tried once for all who ask, and again when its outcome is too old', async () => {
  const { attempts, check } = createCheck();
  let nowMs = 0;
  const asked = remembered(check, 1_000, () => nowMs);
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

test('a failure is remembered as long, with its reason, and a success after it stands', async () => {
  const { attempts, check } = createCheck();
  let nowMs = 0;
  const asked = remembered(check, 1_000, () => nowMs);
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

test('models are well as long as each that is not unloaded answers', async () => {
  const status = (model: string, state: ModelStatus['state']): ModelStatus => {
    return { model, state, version: state === 'ready' ? 1 : null, versions: [], failed: [] };
  };
  const check = (...models: ModelStatus[]) => checkModels({ status: () => models })();
  await check();
  await check(status('one', 'ready'), status('two', 'unloaded'));
  await expect(
    check(status('one', 'ready'), status('two', 'unavailable'), status('three', 'unavailable')),
  ).rejects.toMatchObject({
    code: 'MODEL_NOT_READY',
    message: "No version of two, three can be loaded; the service's log says why.",
  });
});
