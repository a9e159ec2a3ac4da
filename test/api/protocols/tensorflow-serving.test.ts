/** TensorFlow Serving's REST API, feature by feature: tensorflow_serving/g3doc/api_rest.md. */
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { predict } from '../../model/serving/predict.js';
import { openService, startService, type TestService } from '../service.js';
import { expectError, get, post } from './exchange.js';

const digit = [...exampleDigit];
/** Nearly: one without any ink is answered with a warning. */
const blank = new Array<number>(784).fill(0).with(400, 255);

/** Three versions, of which `production` is the first; no test changes it. */
let service: TestService;
let model: string;
beforeAll(async () => {
  service = await openService();
  for (const seed of [1, 2, 3]) await service.publishDigits('mnist-mlp', seed);
  await service.aliases.set('mnist-mlp', 'production', 1);
  await service.modelServer.refresh();
  model = `${service.url}/v1/models/mnist-mlp`;
  return service.stop;
});

async function expectedOf(inputs: number[][], version = 3): Promise<number[][]> {
  const { predictions } = await predict(service.modelServer, { inputs, model: 'mnist-mlp', version });
  return predictions.map(({ probabilities }) => probabilities);
}

const available = { state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } };

describe('predict', () => {
  test('row format: instances as a list of vectors', async () => {
    const answer = await post(`${model}:predict`, { instances: [digit, blank] });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.json).toEqual({ predictions: await expectedOf([digit, blank]) });
  });

  test('row format: instances as a list of objects that name the input', async () => {
    const { json } = await post(`${model}:predict`, { instances: [{ input: digit }, { input: blank }] });
    expect(json).toEqual({ predictions: await expectedOf([digit, blank]) });
  });

  test('column format: inputs as a matrix', async () => {
    const { json } = await post(`${model}:predict`, { inputs: [digit, blank] });
    expect(json).toEqual({ outputs: await expectedOf([digit, blank]) });
  });

  test('column format: inputs as an object that names the input', async () => {
    const { json } = await post(`${model}:predict`, { inputs: { input: [digit, blank] } });
    expect(json).toEqual({ outputs: await expectedOf([digit, blank]) });
  });

  test('signature_name: serving_default, or none', async () => {
    for (const name of ['serving_default', '']) {
      const request = { signature_name: name, instances: [digit] };
      expect(await post(`${model}:predict`, request)).toMatchObject({ status: 200 });
    }
    const answer = await post(`${model}:predict`, { signature_name: 'other', instances: [digit] });
    expectError(
      answer,
      400,
      'INVALID_REQUEST',
      'The model has no signature "other"; its only signature is serving_default.',
    );
  });

  test('of a version, and of a label', async () => {
    const first = { predictions: await expectedOf([digit], 1) };
    expect((await post(`${model}/versions/1:predict`, { instances: [digit] })).json).toEqual(first);
    expect((await post(`${model}/labels/production:predict`, { instances: [digit] })).json).toEqual(first);
    const latest = { predictions: await expectedOf([digit]) };
    expect((await post(`${model}/labels/latest:predict`, { instances: [digit] })).json).toEqual(latest);
  });

  test('takes a path that is percent-encoded', async () => {
    const url = `${service.url}/v1/models/mnist%2Dmlp%3Apredict`;
    expect(await post(url, { instances: [digit] })).toMatchObject({ status: 200 });
  });

  test('takes JSON of any Content-Type: curl -d says that it is a form', async () => {
    const body = Buffer.from(JSON.stringify({ instances: [digit] }));
    for (const type of ['application/x-www-form-urlencoded', 'application/json', 'text/plain']) {
      expect(await post(`${model}:predict`, body, { 'content-type': type })).toMatchObject({ status: 200 });
    }
    expect(await post(`${model}:predict`, body)).toMatchObject({ status: 200 });
  });

  test('gives up after x-timeout-ms', async () => {
    const answer = await post(`${model}:predict`, { instances: [digit] }, { 'x-timeout-ms': '0' });
    expectError(answer, 400, 'INVALID_REQUEST', /x-timeout-ms/);
  });

  test.each<[message: RegExp | string, body: object]>([
    ['Send either instances or inputs.', {}],
    ['Send either instances or inputs.', { instances: [digit], inputs: [digit] }],
    [/^instances must be an array/, { instances: 7 }],
    [/^instances has 0 samples; a request takes from 1 to 1024/, { instances: [] }],
    [/^instances has 1025 samples/, { instances: new Array(1025).fill([0]) }],
    ['instances[1] has 783 numbers; the model takes 784', { instances: [digit, blank.slice(1)] }],
    ['instances[0] is not a list of numbers', { instances: digit }],
    ['instances[0] is not a list of numbers', { instances: ['text'] }],
    [
      'instances[0] has the shape [1, 783], which is 783 numbers; the model takes 784',
      { instances: [[digit.slice(1)]] },
    ],
    ['instances[0][3] is not a finite float32 number', { instances: [digit.with(3, 1e39)] }],
    ['instances[0][3] is not a finite float32 number', { instances: [(digit as unknown[]).with(3, '7')] }],
    ['instances[0][3] is not a finite float32 number', { instances: [(digit as unknown[]).with(3, null)] }],
    ['instances[1] must be {"input": …}.', { instances: [{ input: digit }, digit] }],
    ['instances[1] is not a list of numbers', { instances: [digit, { input: digit }] }],
    [
      /^instances\[0\] has "pixels"; the only input of the model is input/,
      { instances: [{ pixels: digit }] },
    ],
    ['instances[0] lacks the input input.', { instances: [{}] }],
    [
      /^instances\[0\] is binary \(\{"b64": …\}\), but the model takes numbers/,
      { instances: [{ b64: 'AAAA' }] },
    ],
    ['instances[0] is not a list of numbers', { instances: [{ input: { b64: 'AAAA' } }] }],
    [/^inputs is binary/, { inputs: { b64: 'AAAA' } }],
    ['inputs must be {"input": …}.', { inputs: 'text' }],
    ['inputs must be {"input": …}.', { inputs: null }],
    ['inputs.input must be a list of lists of numbers.', { inputs: { input: 7 } }],
    [/^inputs has 0 samples/, { inputs: [] }],
    [/^inputs\.input has 0 samples/, { inputs: { input: [] } }],
    ['inputs.input[0] has 2 numbers; the model takes 784', { inputs: { input: [[1, 2]] } }],
    [/^signature_name must be a string/, { signature_name: 7, instances: [digit] }],
    [/^instance is unknown here; there are: signature_name, instances, inputs/, { instance: [digit] }],
    ['The body must be an object.', [digit]],
  ])('refuses a wrong prediction: %s', async (message, body) => {
    expectError(await post(`${model}:predict`, body), 400, 'INVALID_REQUEST', message);
  });

  test('refuses NaN and Infinity, which are no JSON', async () => {
    const answer = await post(`${model}:predict`, '{"instances": [[NaN, Infinity]]}');
    expectError(answer, 400, 'MALFORMED_JSON', /send finite numbers/);
  });

  test('takes what is compressed', async () => {
    const body = gzipSync(JSON.stringify({ instances: [digit] }));
    const answer = await post(`${model}:predict`, body, { 'content-encoding': 'gzip' });
    expect(answer).toMatchObject({ status: 200 });
  });

  test('takes samples in a shape of their own', async () => {
    const picture = Array.from({ length: 28 }, (_, row) =>
      digit.slice(28 * row, 28 * row + 28).map((pixel) => [pixel]),
    );
    const { json } = await post(`${model}:predict`, { instances: [picture] });
    expect(json).toEqual((await post(`${model}:predict`, { instances: [digit] })).json);
    expect((await post(`${model}:predict`, { instances: [{ input: picture }] })).json).toEqual(json);
  });
});

describe('classify', () => {
  test('gives each class’s label and score, under the name of the document and under that of the server', async () => {
    const examples = [{ input: digit }, { input: blank }];
    const result = (await expectedOf([digit, blank])).map((row) =>
      row.map((score, index) => [String(index), score]),
    );
    const { json } = await post(`${model}:classify`, { signature_name: 'serving_default', examples });
    expect(json).toEqual({ result, results: result });
  });

  test('context: a feature that all examples have in common', async () => {
    const { json } = await post(`${model}:classify`, { context: { input: digit }, examples: [{}, {}] });
    const { result } = json as { result: unknown[] };
    expect(result).toHaveLength(2);
    expect(result[1]).toEqual(result[0]);
    const empty = await post(`${model}:classify`, { context: {}, examples: [{ input: digit }] });
    expect(empty.json).toMatchObject({ result: [result[0]] });
  });

  test('of a version, and of a label', async () => {
    const [row] = await expectedOf([digit], 1);
    const result = [row.map((score, index) => [String(index), score])];
    for (const path of ['versions/1', 'labels/production']) {
      const { json } = await post(`${model}/${path}:classify`, { examples: [{ input: digit }] });
      expect(json).toMatchObject({ result });
    }
  });

  test.each<[message: RegExp | string, body: object]>([
    [/^examples is missing/, {}],
    [/^examples must be an array/, { examples: {} }],
    [/^examples has 0 samples/, { examples: [] }],
    ['examples[0] lacks the input input.', { examples: [{}] }],
    ['examples[0] must be {"input": …}.', { examples: [digit] }],
    [
      /^examples\[0\] has "caption"; the only input of the model is input/,
      { examples: [{ input: digit, caption: 'x' }] },
    ],
    [/^context has "caption"/, { context: { caption: 'x' }, examples: [{ input: digit }] }],
    [
      /^examples\[1\] has the feature input, but so does the context/,
      { context: { input: digit }, examples: [{}, { input: digit }] },
    ],
    ['examples[0] is not a list of numbers', { examples: [{ input: 7 }] }],
    [/^context must be an object/, { context: [], examples: [{}] }],
    [
      /^The model has no signature "classify_objects"/,
      { signature_name: 'classify_objects', examples: [{ input: digit }] },
    ],
  ])('refuses a wrong example: %s', async (message, body) => {
    expectError(await post(`${model}:classify`, body), 400, 'INVALID_REQUEST', message);
  });
});

test('regress is refused, as a classifier has no such signature', async () => {
  for (const path of ['', '/versions/1', '/labels/latest']) {
    const answer = await post(`${model}${path}:regress`, { examples: [{ input: digit }] });
    expectError(answer, 400, 'INVALID_REQUEST', /is a classifier and cannot regress/);
  }
});

describe('status', () => {
  test('of a model: every version, in the service’s own document', async () => {
    const { json } = await get(model);
    expect(json).toMatchObject({
      object: 'model',
      name: 'mnist-mlp',
      model_version_status: ['1', '2', '3'].map((version) => ({ version, ...available })),
    });
  });

  test('of a version, in the service’s own document', async () => {
    expect((await get(`${model}/versions/2`)).json).toMatchObject({
      object: 'model_version',
      version: 2,
      model_version_status: [{ version: '2', ...available }],
    });
  });

  test('KServe: ready, beside the name', async () => {
    expect((await get(model)).json).toMatchObject({ name: 'mnist-mlp', ready: true });
    const { url, registry, modelServer, publishDigits } = await startService();
    await publishDigits();
    await registry.setUnloaded('mnist-mlp', true);
    await modelServer.refresh();
    expect((await get(`${url}/v1/models/mnist-mlp`)).json).toMatchObject({ name: 'mnist-mlp', ready: false });
  });

  test('KServe: the names of the models', async () => {
    expect((await get(`${service.url}/v1/models`)).json).toMatchObject({ models: ['mnist-mlp'] });
  });

  test('of a label', async () => {
    expect((await get(`${model}/labels/production`)).json).toEqual({
      model_version_status: [{ version: '1', ...available }],
    });
  });

  test('END of a model that is unloaded', async () => {
    const { url, registry, modelServer, publishDigits } = await startService();
    await publishDigits();
    await registry.setUnloaded('mnist-mlp', true);
    await modelServer.refresh();
    expect((await get(`${url}/v1/models/mnist-mlp`)).json).toMatchObject({
      model_version_status: [{ version: '1', ...available, state: 'END' }],
    });
  });

  test('END, with the reason, of a version that cannot be loaded', async () => {
    const { registry, storage, publishDigits } = await startService();
    await publishDigits();
    await storage.put((await registry.manifest('mnist-mlp', 1)).file.key, Buffer.from('damaged'));
    const { url, modelServer } = await startService({}, { storage, queue: new Map() });
    await modelServer.refresh();
    expect((await get(`${url}/v1/models/mnist-mlp/versions/1`)).json).toMatchObject({
      model_version_status: [
        {
          version: '1',
          state: 'END',
          status: { error_code: 'UNAVAILABLE', error_message: expect.stringMatching(/bytes long/) as string },
        },
      ],
    });
  });

  test('LOADING of what this process has not looked at yet', async () => {
    const { storage, publishDigits } = await startService();
    const { url } = await startService({}, { storage, queue: new Map() });
    await publishDigits();
    expect((await get(`${url}/v1/models/mnist-mlp`)).json).toMatchObject({
      model_version_status: [{ version: '1', ...available, state: 'LOADING' }],
    });
  });
});

describe('metadata', () => {
  const signature = (version: string) => ({
    model_spec: { name: 'mnist-mlp', signature_name: '', version },
    metadata: {
      signature_def: {
        signature_def: {
          serving_default: {
            inputs: {
              input: {
                dtype: 'DT_FLOAT',
                tensor_shape: {
                  dim: [
                    { size: '-1', name: '' },
                    { size: '784', name: '' },
                  ],
                  unknown_rank: false,
                },
                name: 'input:0',
              },
            },
            outputs: {
              probabilities: {
                dtype: 'DT_FLOAT',
                tensor_shape: {
                  dim: [
                    { size: '-1', name: '' },
                    { size: '10', name: '' },
                  ],
                  unknown_rank: false,
                },
                name: 'probabilities:0',
              },
            },
            method_name: 'tensorflow/serving/predict',
          },
        },
      },
    },
  });

  test('the signature of the latest version', async () => {
    expect((await get(`${model}/metadata`)).json).toEqual(signature('3'));
  });

  test('of a version, and of a label', async () => {
    expect((await get(`${model}/versions/2/metadata`)).json).toEqual(signature('2'));
    expect((await get(`${model}/labels/production/metadata`)).json).toEqual(signature('1'));
  });
});

describe('an error', () => {
  test.each([
    ['nope:predict', 'MODEL_NOT_FOUND'],
    ['No!:predict', 'MODEL_NOT_FOUND'],
    ['mnist-mlp/versions/9:predict', 'VERSION_NOT_FOUND'],
    ['mnist-mlp/labels/canary:predict', 'ALIAS_NOT_FOUND'],
  ])('404 for POST %s', async (path, code) => {
    expectError(await post(`${service.url}/v1/models/${path}`, { instances: [digit] }), 404, code, /./);
  });

  test.each([
    ['nope/metadata', 'MODEL_NOT_FOUND'],
    ['No!/metadata', 'MODEL_NOT_FOUND'],
    ['mnist-mlp/versions/9/metadata', 'VERSION_NOT_FOUND'],
    ['mnist-mlp/labels/canary/metadata', 'ALIAS_NOT_FOUND'],
    ['mnist-mlp/labels/canary', 'ALIAS_NOT_FOUND'],
    ['nope/labels/latest', 'MODEL_NOT_FOUND'],
  ])('404 for GET %s', async (path, code) => {
    expectError(await get(`${service.url}/v1/models/${path}`), 404, code, /./);
  });

  test('400 for a version that is no number', async () => {
    const answer = await post(`${model}/versions/x:predict`, { instances: [digit] });
    expectError(answer, 400, 'INVALID_REQUEST', /^version is not of the form/);
  });

  test.each([
    ['nope', 404, 'MODEL_NOT_FOUND'],
    ['mnist-mlp/versions/9', 404, 'VERSION_NOT_FOUND'],
    ['mnist-mlp/versions/x', 400, 'INVALID_REQUEST'],
    ['mnist-mlp/versions/1/nope', 404, 'ROUTE_NOT_FOUND'],
    ['%zz', 400, 'INVALID_REQUEST'],
  ])(
    'on a path that both know is a problem document with the member error: GET %s',
    async (path, status, code) => {
      const answer = await get(`${service.url}/v1/models/${path}`);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      const { detail } = answer.json as { detail: string };
      expect(answer).toMatchObject({ status, json: { code, detail, error: detail } });
    },
  );

  test('a verb that is not there', async () => {
    expect(await post(`${model}:forecast`, {})).toMatchObject({
      status: 404,
      json: { code: 'ROUTE_NOT_FOUND', error: expect.stringContaining(':forecast') as string },
    });
  });

  test('before any model', async () => {
    const { url } = await startService();
    const answer = await post(`${url}/v1/models/mnist-mlp:predict`, { instances: [digit] });
    expectError(answer, 503, 'MODEL_NOT_READY', /POST \/v1\/jobs/);
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  test('when too many wait comes before the body is read', async () => {
    const { url } = await startService({ maxWaitingPredictions: 0 });
    for (const verb of ['predict', 'classify']) {
      const answer = await post(`${url}/v1/models/mnist-mlp:${verb}`, 'no JSON');
      expectError(answer, 429, 'OVERLOADED', /as the service accepts/);
    }
  });
});
