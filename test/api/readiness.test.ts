import { expect, test } from 'vitest';
import { checkModels } from '../../src/api/readiness.js';
import type { ModelStatus } from '../../src/model/model-server.js';

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
