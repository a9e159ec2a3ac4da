/** The same samples get the same answer, to the last bit, from every protocol. */
import { beforeAll, expect, test } from 'vitest';
import { loadMnist } from '../../../src/data/builtin/mnist.js';
import { openService, type TestService } from '../service.js';
import { bytesOf, framed, post } from './exchange.js';

const count = 100;

let service: TestService;
let rows: number[][];
beforeAll(async () => {
  service = await openService();
  await service.publishDigits();
  const { inputs } = (await loadMnist()).test;
  rows = Array.from({ length: count }, (_, row) => [...inputs.subarray(row * 784, (row + 1) * 784)]);
  return service.stop;
});

function bits(probabilities: number[][]): Buffer {
  return bytesOf(Float32Array.from(probabilities.flat()));
}

test('/predict, the Open Inference Protocol in JSON and in bytes, and TensorFlow Serving agree bit for bit', async () => {
  const { url, http } = service;
  const own = (await http.post('/predict').send({ inputs: rows }).expect(200)).body as {
    predictions: { probabilities: number[] }[];
  };
  const expected = bits(own.predictions.map(({ probabilities }) => probabilities));

  const infer = `${url}/v2/models/mnist-mlp/infer`;
  const tensor = { name: 'input', shape: [count, 784] };
  const outputs = [{ name: 'probabilities', parameters: { binary_data: true } }];
  const json = {
    inputs: [{ ...tensor, datatype: 'FP32', data: rows }],
    outputs: [{ name: 'probabilities' }],
  };
  const inJson = (await post(infer, json)).json as { outputs: [{ data: number[] }] };
  expect(bits([inJson.outputs[0].data])).toEqual(expected);

  for (const [datatype, numbers] of [
    ['FP32', Float32Array.from(rows.flat())],
    ['FP64', Float64Array.from(rows.flat())],
    ['UINT8', Uint8Array.from(rows.flat())],
    ['INT32', Int32Array.from(rows.flat())],
    ['INT64', BigInt64Array.from(rows.flat(), BigInt)],
  ] as const) {
    const inputs = [{ ...tensor, datatype, parameters: { binary_data_size: numbers.byteLength } }];
    const { bytes } = await post(infer, ...framed({ inputs, outputs }, numbers));
    expect(bytes, datatype).toEqual(expected);
  }

  const model = `${url}/v1/models/mnist-mlp`;
  const { predictions } = (await post(`${model}:predict`, { instances: rows })).json as {
    predictions: number[][];
  };
  expect(bits(predictions)).toEqual(expected);
  const examples = rows.map((input) => ({ input }));
  const { result } = (await post(`${model}:classify`, { examples })).json as {
    result: [string, number][][];
  };
  expect(bits(result.map((row) => row.map(([, score]) => score)))).toEqual(expected);
});
