/** The Open Inference Protocol over REST, feature by feature: specification/protocol/inference_rest.md. */
import { deflateSync, gzipSync } from 'node:zlib';
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
let v2: string;
let infer: string;
beforeAll(async () => {
  service = await openService();
  for (const seed of [1, 2, 3]) await service.publishDigits('mnist-mlp', seed);
  await service.aliases.set('mnist-mlp', 'production', 1);
  await service.modelServer.refresh();
  v2 = `${service.url}/v2`;
  infer = `${v2}/models/mnist-mlp/infer`;
  return service.stop;
});

interface Tensor {
  name: string;
  datatype: string;
  shape: number[];
  data: unknown[];
}

/** What the model server says to the same samples. */
async function expectedOf(inputs: number[][], version = 3) {
  const { predictions } = await predict(service.modelServer, { inputs, model: 'mnist-mlp', version });
  return {
    probabilities: predictions.flatMap(({ probabilities }) => probabilities),
    classes: predictions.map(({ index }) => index),
  };
}

function input(data: unknown[], more: object = {}) {
  return { name: 'input', shape: [1, 784], datatype: 'FP32', data, ...more };
}

async function inferred(body: object, url = infer) {
  const answer = await post(url, body);
  expect(answer.status, JSON.stringify(answer.json)).toBe(200);
  return answer.json as { model_name: string; model_version: string; id?: string; outputs: Tensor[] };
}

describe('the server', () => {
  test('metadata: name, version and extensions, with and without a slash at the end', async () => {
    for (const path of [v2, `${v2}/`]) {
      expect(await get(path)).toMatchObject({
        status: 200,
        json: {
          name: 'trainyard',
          version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
          extensions: [
            'binary_tensor_data',
            'classification',
            'model_configuration',
            'model_repository',
            'statistics',
          ],
        },
      });
    }
  });

  test('live', async () => {
    expect(await get(`${v2}/health/live`)).toMatchObject({ status: 200, json: { live: true } });
  });

  test('ready, when all models are', async () => {
    expect(await get(`${v2}/health/ready`)).toMatchObject({
      status: 200,
      json: { live: true, ready: true },
    });
  });

  test('not ready, when something that it depends on does not work', async () => {
    const { url } = await startService({ checks: { queue: () => Promise.reject(new Error('gone')) } });
    const answer = await get(`${url}/v2/health/ready`);
    expectError(answer, 503, 'NOT_READY', 'queue: gone');
    expect(answer.json).toMatchObject({ live: true, ready: false });
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  test('not ready, when a model has no version that can be loaded', async () => {
    const { url, registry, storage, publishDigits } = await startService();
    await publishDigits('broken');
    const { file } = await registry.manifest('broken', 1);
    await storage.put(file.key, Buffer.from('damaged'));
    const other = await startService({}, { storage, queue: new Map() });
    await other.modelServer.start();
    expectError(
      await get(`${other.url}/v2/health/ready`),
      503,
      'NOT_READY',
      /^models: No version of broken can be loaded/,
    );
    expect(await get(`${url}/v2/health/ready`)).toMatchObject({ status: 200 });
  });
});

describe('a model', () => {
  const metadata = {
    name: 'mnist-mlp',
    versions: ['1', '2', '3'],
    platform: 'trainyard_mlp',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 784] }],
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 10] },
      { name: 'class', datatype: 'INT64', shape: [-1] },
    ],
    properties: { labels: '["0","1","2","3","4","5","6","7","8","9"]' },
  };

  test('metadata: versions, platform, and the names, datatypes and shapes of its tensors', async () => {
    expect(await get(`${v2}/models/mnist-mlp`)).toMatchObject({ status: 200, json: metadata });
  });

  test('metadata of a version, by its number or by an alias', async () => {
    for (const version of ['2', 'production', 'latest']) {
      const answer = await get(`${v2}/models/mnist-mlp/versions/${version}`);
      expect(answer).toMatchObject({ status: 200, json: metadata });
    }
  });

  test('ready', async () => {
    expect(await get(`${v2}/models/mnist-mlp/ready`)).toMatchObject({
      status: 200,
      json: { name: 'mnist-mlp', ready: true },
    });
  });

  test('ready in a version, by its number or by an alias', async () => {
    for (const version of ['1', '2', 'production', 'latest']) {
      const answer = await get(`${v2}/models/mnist-mlp/versions/${version}/ready`);
      expect(answer).toMatchObject({ status: 200, json: { name: 'mnist-mlp', ready: true } });
    }
  });

  test('not ready, when it is unloaded', async () => {
    const { url, registry, modelServer, publishDigits } = await startService();
    await publishDigits();
    await registry.setUnloaded('mnist-mlp', true);
    await modelServer.refresh();
    const answer = await get(`${url}/v2/models/mnist-mlp/ready`);
    expectError(answer, 503, 'MODEL_NOT_READY', 'The model mnist-mlp is unloaded.');
    expect(answer.json).toMatchObject({ name: 'mnist-mlp', ready: false });
    // What it is can be known all the same.
    expect(await get(`${url}/v2/models/mnist-mlp`)).toMatchObject({ status: 200 });
  });

  test('not ready in a version that is damaged', async () => {
    const { url, registry, storage, publishDigits } = await startService();
    await publishDigits('mnist-mlp', 1);
    await publishDigits('mnist-mlp', 2);
    await storage.put((await registry.manifest('mnist-mlp', 1)).file.key, Buffer.from('damaged'));
    const { url: fresh } = await startService({}, { storage, queue: new Map() });
    for (const service of [url, fresh]) {
      expect(await get(`${service}/v2/models/mnist-mlp/ready`)).toMatchObject({ status: 200 });
    }
    const answer = await get(`${fresh}/v2/models/mnist-mlp/versions/1/ready`);
    expectError(answer, 500, 'CHECKPOINT_CORRUPT', /bytes long and should be/);
    expect(answer.json).toMatchObject({ name: 'mnist-mlp', ready: false });
  });

  test('configuration: as Triton’s tools read it, of the latest version or of another', async () => {
    for (const path of ['', '/versions/2', '/versions/production']) {
      expect(await get(`${v2}/models/mnist-mlp${path}/config`)).toMatchObject({
        status: 200,
        json: {
          name: 'mnist-mlp',
          platform: 'trainyard_mlp',
          max_batch_size: 1024,
          input: [{ name: 'input', data_type: 'TYPE_FP32', dims: [784], optional: false }],
          output: [
            { name: 'probabilities', data_type: 'TYPE_FP32', dims: [10] },
            { name: 'class', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] } },
          ],
          dynamic_batching: { max_queue_delay_microseconds: 0 },
        },
      });
    }
  });

  test('statistics: of a model, of a version and of all, as they were asked', async () => {
    const { url, publishDigits } = await startService();
    await publishDigits('mnist-mlp', 1);
    await publishDigits('mnist-mlp', 2);
    await publishDigits('other');
    const before = Date.now();
    const ask = (path: string, body: object): ReturnType<typeof post> =>
      post(`${url}/v2/models/mnist-mlp${path}/infer`, body);
    await ask('', { inputs: [input(digit)] });
    await ask('', { inputs: [input([digit, digit, blank], { shape: [3, 784] })] });
    await ask('', { inputs: [input(digit)], parameters: { timeout: 1 } });
    await ask('/versions/1', { inputs: [input(digit)] });
    await post(`${url}/v1/models/mnist-mlp:predict`, { instances: [digit] });

    interface Stats {
      model_stats: { name: string; version: string; inference_stats: Record<string, { ns: number }> }[];
    }
    const statsOf = async (path: string): Promise<Stats['model_stats']> => {
      const answer = await get(`${url}/v2/models${path}/stats`);
      expect(answer.status).toBe(200);
      return (answer.json as Stats).model_stats;
    };
    const [latest] = await statsOf('/mnist-mlp/versions/2');
    const times = (count: number): object => ({ count, ns: expect.any(Number) as number });
    expect(latest).toMatchObject({
      name: 'mnist-mlp',
      version: '2',
      inference_count: 5,
      execution_count: 3,
      inference_stats: {
        success: times(3),
        fail: times(1),
        queue: times(3),
        compute_infer: times(3),
        cache_hit: { count: 0, ns: 0 },
      },
      batch_stats: [
        { batch_size: 1, compute_infer: times(2) },
        { batch_size: 3, compute_infer: times(1) },
      ],
    });
    expect((latest as { last_inference?: number }).last_inference).toBeGreaterThanOrEqual(before);
    const { success, queue, compute_infer: inference } = latest.inference_stats;
    expect(inference.ns).toBeGreaterThan(0);
    expect(success.ns).toBeGreaterThanOrEqual(queue.ns + inference.ns);
    const names = (stats: Stats['model_stats']): string[] =>
      stats.map((each) => `${each.name}@${each.version}`);
    expect(names(await statsOf('/mnist-mlp'))).toEqual(['mnist-mlp@1', 'mnist-mlp@2']);
    expect(names(await statsOf(''))).toEqual(['mnist-mlp@1', 'mnist-mlp@2', 'other@1']);
    expect((await statsOf('/other/versions/1'))[0]).toMatchObject({ last_inference: 0, inference_count: 0 });
  });

  test.each([
    ['models/nope', 'MODEL_NOT_FOUND'],
    ['models/Nope!', 'MODEL_NOT_FOUND'],
    ['models/nope/ready', 'MODEL_NOT_FOUND'],
    ['models/mnist-mlp/versions/9', 'VERSION_NOT_FOUND'],
    ['models/mnist-mlp/versions/0', 'VERSION_NOT_FOUND'],
    ['models/mnist-mlp/versions/12345678901', 'VERSION_NOT_FOUND'],
    ['models/mnist-mlp/versions/9/ready', 'VERSION_NOT_FOUND'],
    ['models/mnist-mlp/versions/canary', 'ALIAS_NOT_FOUND'],
    ['models/mnist-mlp/versions/canary/ready', 'ALIAS_NOT_FOUND'],
    ['models/mnist-mlp/nope', 'ROUTE_NOT_FOUND'],
    ['models/nope/config', 'MODEL_NOT_FOUND'],
    ['models/nope/stats', 'MODEL_NOT_FOUND'],
    ['models/mnist-mlp/versions/9/config', 'VERSION_NOT_FOUND'],
    ['models/mnist-mlp/versions/9/stats', 'VERSION_NOT_FOUND'],
  ])('that is not there: %s', async (path, code) => {
    expectError(await get(`${v2}/${path}`), 404, code, /./);
  });
});

describe('inference', () => {
  test('answers with all outputs, their shapes and datatypes, as the model server does', async () => {
    const inputs = [digit, blank, digit.map((pixel) => pixel / 3)];
    const { probabilities, classes } = await expectedOf(inputs);
    expect(await inferred({ inputs: [input(inputs.flat(), { shape: [3, 784] })] })).toEqual({
      model_name: 'mnist-mlp',
      model_version: '3',
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [3, 10], data: probabilities },
        { name: 'class', datatype: 'INT64', shape: [3], data: classes },
      ],
    });
  });

  test('gives the id back, and none where there was none', async () => {
    for (const id of ['42', '', 'ü\n"']) {
      expect((await inferred({ id, inputs: [input(digit)] })).id).toBe(id);
    }
    expect(await inferred({ inputs: [input(digit)] })).not.toHaveProperty('id');
  });

  test('takes data flat or nested as its shape', async () => {
    const flat = await inferred({ inputs: [input([...digit, ...blank], { shape: [2, 784] })] });
    expect(await inferred({ inputs: [input([digit, blank], { shape: [2, 784] })] })).toEqual(flat);
  });

  test('takes samples in a shape of their own, as it says', async () => {
    const picture = Array.from({ length: 28 }, (_, row) => digit.slice(28 * row, 28 * row + 28));
    const flat = await inferred({ inputs: [input(digit, { shape: [1, 784] })] });
    for (const [shape, data] of [
      [[1, 28, 28], digit],
      [[1, 28, 28], [picture]],
      [[1, 28, 28, 1], [picture.map((row) => row.map((pixel) => [pixel]))]],
      [[1, 784], [picture]],
    ] as const) {
      expect(await inferred({ inputs: [input(data as number[], { shape })] })).toEqual(flat);
    }
  });

  test('takes what is compressed', async () => {
    const body = JSON.stringify({ inputs: [input(digit)] });
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
    ] as const) {
      expect(await post(infer, bytes, { 'content-encoding': encoding })).toMatchObject({ status: 200 });
    }
  });

  test.each([
    ...['FP32', 'FP64', 'FP16', 'BF16', 'UINT8', 'UINT16', 'UINT32', 'UINT64'],
    ...['INT8', 'INT16', 'INT32', 'INT64'],
  ])('takes %s', async (datatype) => {
    const numbers = digit.map((pixel) => Math.min(pixel, 127));
    const { outputs } = await inferred({ inputs: [input(numbers, { datatype })] });
    expect(outputs[0].data).toEqual((await expectedOf([numbers])).probabilities);
  });

  test('takes BOOL as true and false, or as 1 and 0', async () => {
    const numbers = digit.map((pixel) => (pixel > 127 ? 1 : 0));
    const { probabilities } = await expectedOf([numbers]);
    for (const data of [numbers, numbers.map(Boolean)]) {
      const { outputs } = await inferred({ inputs: [input(data, { datatype: 'BOOL' })] });
      expect(outputs[0].data).toEqual(probabilities);
    }
  });

  test('takes null for whatever may be left out', async () => {
    const nulls = { id: null, parameters: null, outputs: null, model_name: null, model_version: null };
    const parameters = { binary_data_size: null, content_type: null };
    const answer = await inferred({ ...nulls, inputs: [input(digit, { parameters })] });
    expect(answer).toEqual(await inferred({ inputs: [input(digit)] }));
    const output = { name: 'class', datatype: null, shape: null, parameters: { classification: null } };
    const timeout = { timeout: null, binary_data_output: null };
    expect(
      await inferred({
        parameters: timeout,
        inputs: [input(digit, { parameters: null })],
        outputs: [output, { name: 'probabilities', parameters: null }],
      }),
    ).toMatchObject({ outputs: [{ name: 'class' }, { name: 'probabilities' }] });
  });

  test('takes model_name, and the version from model_version where the path has none', async () => {
    const body = { model_name: 'mnist-mlp', inputs: [input(digit)] };
    const versionOf = async (model_version: unknown, path = ''): Promise<string> =>
      (await inferred({ ...body, model_version }, `${v2}/models/mnist-mlp${path}/infer`)).model_version;
    expect(await versionOf('2')).toBe('2');
    expect(await versionOf('production')).toBe('1');
    expect(await versionOf('')).toBe('3');
    expect(await versionOf('1', '/versions/1')).toBe('1');
    expect(await versionOf('1', '/versions/production')).toBe('1');
    expect(await versionOf('production', '/versions/production')).toBe('1');
    expect(await inferred({ ...body, model_name: '' })).toMatchObject({ model_name: 'mnist-mlp' });
  });

  test('takes the datatype and the shape of an output, as its metadata say them', async () => {
    const outputs = [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 10] },
      { name: 'class', datatype: 'INT64', shape: [1] },
    ];
    await inferred({ inputs: [input(digit)], outputs });
  });

  test('gives the outputs that are asked for, in that order', async () => {
    const names = async (outputs: object[]): Promise<string[]> =>
      (await inferred({ inputs: [input(digit)], outputs })).outputs.map(({ name }) => name);
    expect(await names([{ name: 'class' }])).toEqual(['class']);
    expect(await names([{ name: 'class' }, { name: 'probabilities' }])).toEqual(['class', 'probabilities']);
    expect(await names([])).toEqual(['probabilities', 'class']);
  });

  test('is of the latest version, or of the one in the path, by its number or by an alias', async () => {
    const answers = async (path: string) =>
      inferred({ inputs: [input(digit)] }, `${v2}/models/mnist-mlp${path}/infer`);
    expect((await answers('')).model_version).toBe('3');
    expect((await answers('/versions/2')).model_version).toBe('2');
    expect((await answers('/versions/latest')).model_version).toBe('3');
    const { model_version: version, outputs } = await answers('/versions/production');
    expect(version).toBe('1');
    expect(outputs[0].data).toEqual((await expectedOf([digit], 1)).probabilities);
  });

  test('passes over parameters that it does not know', async () => {
    const parameters = { priority: 1, sequence_id: 7, triton_x: true, custom: 'x' };
    const outputs = [{ name: 'class', parameters: { custom: 1 } }];
    await inferred({ parameters, inputs: [input(digit, { parameters: { content_type: 'np' } })], outputs });
  });

  test('gives up after parameters.timeout, in microseconds', async () => {
    const body = { inputs: [input(digit)], parameters: { timeout: 1 } };
    expectError(await post(infer, body), 504, 'DEADLINE_EXCEEDED', /not made in time/);
    await inferred({ ...body, parameters: { timeout: 60_000_000 } });
    await inferred({ ...body, parameters: { timeout: 0 } });
  });

  test('gives up after x-timeout-ms too', async () => {
    const body = { inputs: [input(digit)] };
    expectError(await post(infer, body, { 'x-timeout-ms': 'soon' }), 400, 'INVALID_REQUEST', /x-timeout-ms/);
    expect(await post(infer, body, { 'x-timeout-ms': '60000' })).toMatchObject({ status: 200 });
  });

  test('takes a body of any Content-Type, or of none', async () => {
    const body = Buffer.from(JSON.stringify({ inputs: [input(digit)] }));
    for (const type of [
      'application/json',
      'application/octet-stream',
      'application/x-www-form-urlencoded',
    ]) {
      expect(await post(infer, body, { 'content-type': type })).toMatchObject({ status: 200 });
    }
    expect(await post(infer, body)).toMatchObject({ status: 200 });
  });

  test('takes 1024 samples at a time', async () => {
    const data = Array.from({ length: 1024 * 784 }, (_, i) => i % 256);
    const { outputs } = await inferred({ inputs: [input(data, { shape: [1024, 784], datatype: 'UINT8' })] });
    expect(outputs.map(({ shape }) => shape)).toEqual([[1024, 10], [1024]]);
  });

  test('classification: the likeliest classes as value:index:label', async () => {
    const body = {
      inputs: [input([digit, blank], { shape: [2, 784] })],
      outputs: [{ name: 'probabilities', parameters: { classification: 3 } }],
    };
    const { predictions } = await predict(service.modelServer, { inputs: [digit, blank], topK: 3 });
    const texts = predictions.flatMap(({ top = [] }) =>
      top.map(({ confidence, index, label }) => `${confidence}:${index}:${label}`),
    );
    expect((await inferred(body)).outputs).toEqual([
      { name: 'probabilities', datatype: 'BYTES', shape: [2, 3], data: texts },
    ]);
  });

  test('classification of more classes than there are gives all', async () => {
    const outputs = [{ name: 'probabilities', parameters: { classification: 99 } }];
    expect((await inferred({ inputs: [input(digit)], outputs })).outputs[0].shape).toEqual([1, 10]);
  });
});

describe('inference', () => {
  const replaced = (value: unknown) => (blank as unknown[]).with(7, value);

  test.each<[message: RegExp | string, body: object]>([
    [/^inputs is missing/, {}],
    ['inputs lacks the tensor input.', { inputs: [] }],
    [
      'The model has no input "pixels"; its only input is input.',
      { inputs: [input(digit, { name: 'pixels' })] },
    ],
    ['Input input: it is given more than once.', { inputs: [input(digit), input(digit)] }],
    [/^inputs\[0\]\.shape is missing/, { inputs: [{ name: 'input', datatype: 'FP32', data: digit }] }],
    [/^inputs\[0\]\.name is missing/, { inputs: [{ shape: [1, 784], datatype: 'FP32', data: digit }] }],
    [/^inputs\[0\]\.datatype is missing/, { inputs: [{ name: 'input', shape: [1, 784], data: digit }] }],
    [/^inputs\[0\]\.Data is unknown here; there are: name, shape/, { inputs: [input(digit, { Data: [] })] }],
    [
      /its datatype is "BYTES"; supported are FP32, FP64, FP16, BF16, INT8, .*, UINT64, BOOL\./,
      { inputs: [input(digit, { datatype: 'BYTES' })] },
    ],
    ...(
      [
        ['FP16', 65_505],
        ['INT8', 128],
        ['INT16', -32_769],
        ['UINT16', 65_536],
        ['UINT32', -1],
        ['UINT64', 2 ** 65],
        ['BOOL', 2],
        ['BOOL', 'true'],
      ] as const
    ).map(([datatype, value]): [RegExp, object] => [
      new RegExp(`its number \\[0\\]\\[7\\] is not of the datatype ${datatype}`),
      { inputs: [input(replaced(value), { datatype })] },
    ]),
    [/^inputs is missing/, { inputs: null }],
    [/^inputs\[0\]\.shape is missing/, { inputs: [input(digit, { shape: null })] }],
    [/^inputs\[0\]\.datatype is missing/, { inputs: [input(digit, { datatype: null })] }],
    [/^model_version must be/, { inputs: [input(digit)], model_version: true }],
    [
      'Output class: its datatype is INT64, not "FP32".',
      { inputs: [input(digit)], outputs: [{ name: 'class', datatype: 'FP32' }] },
    ],
    [
      'Output probabilities: its shape is [1, 10], not [2, 10].',
      { inputs: [input(digit)], outputs: [{ name: 'probabilities', shape: [2, 10] }] },
    ],
    [/its datatype is "toString"/, { inputs: [input(digit, { datatype: 'toString' })] }],
    [/its shape is \[784\]; the model takes \[samples, 784\]/, { inputs: [input(digit, { shape: [784] })] }],
    [/its shape is \[1, 28, 27\]; the model/, { inputs: [input(digit, { shape: [1, 28, 27] })] }],
    [/its shape is \[1, 783\]/, { inputs: [input(blank.slice(1), { shape: [1, 783] })] }],
    [/its shape is \[\]/, { inputs: [input(digit, { shape: [] })] }],
    [/it has 0 samples; a request takes from 1 to 1024/, { inputs: [input([], { shape: [0, 784] })] }],
    [/it has 1025 samples/, { inputs: [input([], { shape: [1025, 784] })] }],
    [/^inputs\[0\]\.shape\[0\] must be at least 0/, { inputs: [input(digit, { shape: [-1, 784] })] }],
    [/^inputs\[0\]\.shape\[0\] must be an integer/, { inputs: [input(digit, { shape: [1.5, 784] })] }],
    [/its data has 784 numbers; its shape is \[2, 784\]/, { inputs: [input(digit, { shape: [2, 784] })] }],
    [
      /its data has the shape \[1, 784\]; its shape is \[2, 784\]/,
      { inputs: [input([digit], { shape: [2, 784] })] },
    ],
    [/its data has the shape \[1, 783\]; its shape is \[1, 784\]/, { inputs: [input([digit.slice(1)])] }],
    [
      /its data\[1\] is not a list of 784, as those before it are/,
      { inputs: [input([digit, 7], { shape: [2, 784] })] },
    ],
    [/its number \[0\]\[7\] is not of the datatype FP32/, { inputs: [input(replaced([]))] }],
    [/its number \[0\]\[7\] is not of the datatype FP32/, { inputs: [input(replaced('8'))] }],
    [/its number \[0\]\[7\] is not of the datatype FP32/, { inputs: [input(replaced(null))] }],
    [
      /its number \[0\]\[7\] is not of the datatype FP64/,
      { inputs: [input(replaced(true), { datatype: 'FP64' })] },
    ],
    [
      /its number \[0\]\[7\] is not of the datatype UINT8/,
      { inputs: [input(replaced(256), { datatype: 'UINT8' })] },
    ],
    [
      /its number \[0\]\[7\] is not of the datatype UINT8/,
      { inputs: [input(replaced(-1), { datatype: 'UINT8' })] },
    ],
    [
      /its number \[0\]\[7\] is not of the datatype INT32/,
      { inputs: [input(replaced(1.5), { datatype: 'INT32' })] },
    ],
    [
      /its number \[0\]\[7\] is not of the datatype INT32/,
      { inputs: [input(replaced(2 ** 31), { datatype: 'INT32' })] },
    ],
    [
      /its number \[0\]\[7\] is not of the datatype INT64/,
      { inputs: [input(replaced(2 ** 64), { datatype: 'INT64' })] },
    ],
    ['input[0][7] is not a finite float32 number', { inputs: [input(replaced(1e39))] }],
    [
      /it has neither data nor the parameter binary_data_size/,
      { inputs: [{ ...input([]), data: undefined }] },
    ],
    [
      /shared memory is not supported/,
      { inputs: [input(digit, { parameters: { shared_memory_region: 'x' } })] },
    ],
    [
      'The model has no output "logits"; it has probabilities and class.',
      { inputs: [input(digit)], outputs: [{ name: 'logits' }] },
    ],
    [
      'Output class is requested more than once.',
      { inputs: [input(digit)], outputs: [{ name: 'class' }, { name: 'class' }] },
    ],
    [
      /Output class: shared memory/,
      { inputs: [input(digit)], outputs: [{ name: 'class', parameters: { shared_memory_region: 'x' } }] },
    ],
    [
      /only probabilities can be returned as a classification/,
      { inputs: [input(digit)], outputs: [{ name: 'class', parameters: { classification: 1 } }] },
    ],
    [
      /classification must be at least 1/,
      { inputs: [input(digit)], outputs: [{ name: 'probabilities', parameters: { classification: 0 } }] },
    ],
    [
      /binary_data must be true or false/,
      { inputs: [input(digit)], outputs: [{ name: 'class', parameters: { binary_data: 1 } }] },
    ],
    [/parameters.timeout must be at least 0/, { inputs: [input(digit)], parameters: { timeout: -1 } }],
    [/^id must be a string/, { id: 42, inputs: [input(digit)] }],
    [/model_name is "other", but the path names mnist-mlp/, { model_name: 'other', inputs: [input(digit)] }],
    [
      /^output is unknown here; there are: id, model_name, model_version, parameters, inputs, outputs/,
      { inputs: [input(digit)], output: [] },
    ],
    ['The body must be an object.', []],
  ])('refuses a wrong request: %s', async (message, body) => {
    expectError(await post(infer, body), 400, 'INVALID_REQUEST', message);
  });

  test('a model_version that is another than that of the path', async () => {
    const body = { inputs: [input(digit)], model_version: '2' };
    const answer = await post(`${v2}/models/mnist-mlp/versions/1/infer`, body);
    expectError(answer, 400, 'INVALID_REQUEST', 'model_version is "2", but the path names 1.');
  });

  test('a model_version that there is not', async () => {
    const answer = await post(infer, { inputs: [input(digit)], model_version: '9' });
    expectError(answer, 404, 'VERSION_NOT_FOUND', /./);
  });

  test('what is not JSON', async () => {
    expectError(await post(infer, '{"inputs": [NaN]}'), 400, 'MALFORMED_JSON', /send finite numbers/);
    expectError(await post(infer, '{"__proto__": {}}'), 400, 'MALFORMED_JSON', /__proto__/);
  });

  test('no body', async () => {
    expectError(await post(infer), 400, 'INVALID_REQUEST', 'The body must be an object.');
  });

  test('a body of 33 MB', async () => {
    expectError(await post(infer, ' '.repeat(33 * 2 ** 20)), 413, 'BODY_TOO_LARGE', /larger than 32 MB/);
  });
});

describe('an error', () => {
  test('has the body of the protocol, whoever finds it', async () => {
    expectError(await get(`${v2}/models/%zz`), 400, 'INVALID_REQUEST', /path is wrongly encoded/);
    expectError(await get(`${v2}/nope`), 404, 'ROUTE_NOT_FOUND', /^There is no GET \/v2\/nope/);
    const bytes = await post(`${v2}/nope/infer`, Buffer.from([1, 2, 3]));
    expectError(bytes, 404, 'ROUTE_NOT_FOUND', /^There is no POST/);
    const posted = await post(`${v2}/health/live`);
    expectError(posted, 405, 'METHOD_NOT_ALLOWED', /does not take POST; send GET or HEAD/);
    expect(posted.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    expectError(await get(`${v2}?x=1`), 400, 'INVALID_REQUEST', /^x is unknown here/);
  });

  test('before any model says what to do, and when to ask again', async () => {
    const { url } = await startService();
    const answer = await post(`${url}/v2/models/mnist-mlp/infer`, { inputs: [input(digit)] });
    expectError(answer, 503, 'MODEL_NOT_READY', /POST \/v1\/jobs/);
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  test('when too many wait comes before the body is read', async () => {
    const { url } = await startService({ maxWaitingPredictions: 0 });
    const answer = await post(`${url}/v2/models/mnist-mlp/infer`, 'no JSON');
    expectError(answer, 429, 'OVERLOADED', /as the service accepts/);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test('of the service itself is logged, and not told', async () => {
    const fail = () => {
      throw new Error('password=hunter2');
    };
    const { url, logLines } = await startService({ modelServer: { ...service.modelServer, status: fail } });
    const answer = await post(`${url}/v2/repository/index`, {});
    expectError(answer, 500, 'INTERNAL', /^The service failed to answer/);
    expect(logLines.find(({ level }) => level === 50)).toMatchObject({
      request_id: answer.headers.get('x-request-id'),
      err: { message: 'password=hunter2' },
    });
  });
});
