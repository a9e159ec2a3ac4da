/** The model repository extension, feature by feature: Triton's docs/protocol/extension_model_repository.md. */
import { describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { startService } from '../service.js';
import { expectError, get, post } from './exchange.js';

const body = { inputs: [{ name: 'input', shape: [1, 784], datatype: 'UINT8', data: [...exampleDigit] }] };

async function twoModels() {
  const service = await startService();
  await service.publishDigits('mnist-mlp', 1);
  await service.publishDigits('mnist-mlp', 2);
  await service.publishDigits('other', 3);
  const repository = `${service.url}/v2/repository`;
  const index = async (request?: object | string) => (await post(`${repository}/index`, request)).json;
  return { ...service, repository, index };
}

function ready(name: string, version: string) {
  return { name, version, state: 'READY', reason: '' };
}

describe('index', () => {
  test('lists every version of every model, with its state and the reason of it', async () => {
    const { index, registry } = await twoModels();
    const all = [ready('mnist-mlp', '1'), ready('mnist-mlp', '2'), ready('other', '1')];
    for (const request of [undefined, '', {}, { ready: false }, { ready: true }]) {
      expect(await index(request)).toEqual(all);
    }
    await registry.setUnloaded('other', true);
    expect(await index()).toEqual([
      ...all.slice(0, 2),
      { name: 'other', version: '1', state: 'UNAVAILABLE', reason: 'The model is unloaded.' },
    ]);
  });

  test('with ready lists what is ready', async () => {
    const { index, registry } = await twoModels();
    await registry.setUnloaded('mnist-mlp', true);
    expect(await index({ ready: true })).toEqual([ready('other', '1')]);
  });

  test('says why a version cannot be loaded', async () => {
    const { index, registry, storage } = await twoModels();
    const { file } = await registry.manifest('mnist-mlp', 2);
    await registry.publish({
      model: 'mnist-mlp',
      runId: 'job_3',
      step: 1,
      file: (await storage.read(file.key)) ?? Buffer.alloc(0),
      metrics: {},
      now: new Date(),
    });
    await storage.put((await registry.manifest('mnist-mlp', 3)).file.key, Buffer.from('damaged'));
    expect(await index()).toContainEqual({
      name: 'mnist-mlp',
      version: '3',
      state: 'UNAVAILABLE',
      reason: expect.stringMatching(/bytes long and should be/) as string,
    });
    expect(await index({ ready: true })).not.toContainEqual(expect.objectContaining({ version: '3' }));
  });

  test.each([
    [{ ready: 'yes' }, /^ready must be true or false/],
    [{ all: true }, /^all is unknown here; there are: ready/],
    [[], /^The body must be an object/],
  ])('refuses %j', async (request, message) => {
    const { repository } = await twoModels();
    expectError(await post(`${repository}/index`, request), 400, 'INVALID_REQUEST', message);
  });
});

describe('unload and load', () => {
  test('have a model answer no longer, and again', async () => {
    const { url, repository } = await twoModels();
    const infer = `${url}/v2/models/mnist-mlp/infer`;
    const unloaded = await post(`${repository}/models/mnist-mlp/unload`);
    expect(unloaded).toMatchObject({ status: 200, json: undefined });
    expectError(await post(infer, body), 503, 'MODEL_NOT_READY', 'The model mnist-mlp is unloaded.');
    expectError(await get(`${url}/v2/models/mnist-mlp/ready`), 503, 'MODEL_NOT_READY', /unloaded/);
    expect(await post(`${url}/v2/models/other/infer`, body)).toMatchObject({ status: 200 });

    const loaded = await post(`${repository}/models/mnist-mlp/load`);
    expect(loaded).toMatchObject({ status: 200, json: undefined });
    expect(await post(infer, body)).toMatchObject({ status: 200, json: { model_version: '2' } });
  });

  test('may be asked for twice', async () => {
    const { repository } = await twoModels();
    for (const verb of ['load', 'load', 'unload', 'unload']) {
      expect(await post(`${repository}/models/other/${verb}`)).toMatchObject({ status: 200 });
    }
  });

  test('load finds what was published meanwhile', async () => {
    const { url, repository, publishDigits } = await twoModels();
    await post(`${repository}/models/other/unload`);
    await publishDigits('other', 4);
    await post(`${repository}/models/other/load`);
    const answer = await post(`${url}/v2/models/other/infer`, body);
    expect(answer).toMatchObject({ status: 200, json: { model_version: '2' } });
  });

  test('load of a model without a good version says why', async () => {
    const { repository, registry, storage, publishDigits } = await twoModels();
    await registry.setUnloaded('other', true);
    await publishDigits('mnist-mlp', 5);
    await storage.put((await registry.manifest('other', 1)).file.key, Buffer.from('damaged'));
    const answer = await post(`${repository}/models/other/load`);
    expectError(answer, 503, 'MODEL_NOT_READY', /^No version of other can be loaded: .*bytes long/);
  });

  test('unload_dependents is taken, as no model has any', async () => {
    const { repository } = await twoModels();
    for (const dependents of [true, false]) {
      const request = { parameters: { unload_dependents: dependents } };
      expect(await post(`${repository}/models/other/unload`, request)).toMatchObject({ status: 200 });
    }
  });

  test('parameters that are unknown are passed over', async () => {
    const { repository } = await twoModels();
    const request = { parameters: { custom: 1 } };
    for (const verb of ['unload', 'load']) {
      expect(await post(`${repository}/models/other/${verb}`, request)).toMatchObject({ status: 200 });
    }
  });

  test.each([{ config: '{}' }, { 'file:1/model.onnx': 'AAAA' }])('load refuses %j', async (parameters) => {
    const { repository } = await twoModels();
    const answer = await post(`${repository}/models/other/load`, { parameters });
    expectError(answer, 400, 'INVALID_REQUEST', /^The parameter .* is not supported/);
  });

  test.each(['load', 'unload'])('%s of a model that is not there', async (verb) => {
    const { repository } = await twoModels();
    for (const [name, message] of [
      ['nope', /has been published/],
      ['No%20pe', /"No pe" is not a valid model name.*The nearest valid name is "no-pe"/],
    ] as const) {
      expectError(await post(`${repository}/models/${name}/${verb}`), 404, 'MODEL_NOT_FOUND', message);
    }
  });
});
