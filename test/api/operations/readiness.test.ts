import { describe, expect, test } from 'vitest';
import { checkModels, modelWarnings } from '../../../src/api/operations/readiness.js';
import type { ModelStatus } from '../../../src/model/serving/model-server.js';

function status(model: string, state: ModelStatus['state'], more: Partial<ModelStatus> = {}): ModelStatus {
  const version = state === 'unloaded' || state === 'unavailable' ? null : 1;
  return { model, state, version, versions: [], failed: [], held: new Map(), damaged: [], ...more };
}

describe('the models', () => {
  const check = (models: ModelStatus[], starting: string | null = null) =>
    checkModels({ status: () => models, starting: () => starting })();

  test('are ready as long as one can answer, now or once it is loaded, or there are none to serve', async () => {
    await check([]);
    await check([status('one', 'unloaded')]);
    for (const state of ['ready', 'loading', 'not_loaded'] as const) {
      await check([status('one', state), status('two', 'unavailable'), status('three', 'unloaded')]);
    }
  });

  test('are not ready while none can answer, and each says why', async () => {
    const failed = [{ version: 3, reason: 'It is cut short.' }];
    await expect(
      check([status('one', 'unavailable', { failed }), status('two', 'unavailable')]),
    ).rejects.toMatchObject({
      code: 'MODEL_NOT_READY',
      message:
        'No version of one can be loaded: It is cut short. ' +
        "No version of two can be loaded: the service's log says why.",
    });
  });

  test('are not ready while a start waits for them', async () => {
    const waits = check([status('one', 'ready')], 'The model one is being loaded.');
    await expect(waits).rejects.toMatchObject({ message: 'The model one is being loaded.' });
  });
});

describe('the warnings', () => {
  test('name a damaged alias, and what answers meanwhile', () => {
    const damaged = [
      { alias: 'latest', reason: 'latest.json is not JSON.', version: 2 },
      { alias: 'canary', reason: 'canary.json is not JSON.', version: null },
    ];
    expect(modelWarnings([status('pets', 'ready', { damaged })])).toEqual([
      'The alias latest of pets cannot be read: latest.json is not JSON. Version 2 still answers to it until it is set again.',
      'The alias canary of pets cannot be read: canary.json is not JSON. No version answers to it until it is set again.',
    ]);
  });

  test('name a version that could not take over', () => {
    const failed = [{ version: 3, reason: 'It is cut short.' }];
    expect(modelWarnings([status('pets', 'ready', { failed })])).toEqual([
      'Version 3 of pets cannot be loaded: It is cut short.',
    ]);
  });

  test('of many models are counted', () => {
    const many = Array.from({ length: 50 }, (_, index) => status(`model-${index}`, 'unavailable'));
    const warnings = modelWarnings(many);
    expect(warnings).toHaveLength(21);
    expect(warnings.at(-1)).toBe('There are 30 more.');
  });
});
