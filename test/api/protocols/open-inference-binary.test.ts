/** The binary tensor data extension, feature by feature: Triton's docs/protocol/extension_binary_data.md. */
import { beforeAll, describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import { predict } from '../../model/serving/predict.js';
import { openService, type TestService } from '../service.js';
import { bytesOf, expectError, framed, post, type Exchange } from './exchange.js';

const digit = [...exampleDigit];
const fp32 = Float32Array.from(digit);

let service: TestService;
let infer: string;
/** Of the digit, as bytes. */
let probabilities: Buffer;
let classes: Buffer;
beforeAll(async () => {
  service = await openService();
  await service.publishDigits();
  infer = `${service.url}/v2/models/mnist-mlp/infer`;
  const { predictions } = await predict(service.modelServer, { inputs: [digit] });
  probabilities = bytesOf(Float32Array.from(predictions[0].probabilities));
  classes = bytesOf(BigInt64Array.of(BigInt(predictions[0].index)));
  return service.stop;
});

/** The bits of a whole number from 0 to 255 as FP16, which has it exactly. */
function halfOf(whole: number): number {
  if (whole === 0) return 0;
  const exponent = Math.floor(Math.log2(whole));
  return ((exponent + 15) << 10) | ((whole / 2 ** exponent - 1) * 2 ** 10);
}

function input(size: number, more: object = {}) {
  return {
    name: 'input',
    shape: [1, 784],
    datatype: 'FP32',
    parameters: { binary_data_size: size },
    ...more,
  };
}

const binaryOutputs = {
  outputs: [
    { name: 'probabilities', datatype: 'FP32', shape: [1, 10], parameters: { binary_data_size: 40 } },
    { name: 'class', datatype: 'INT64', shape: [1], parameters: { binary_data_size: 8 } },
  ],
};

async function inferred(json: object, ...tensors: ArrayBufferView[]): Promise<Exchange> {
  const answer = await post(infer, ...framed(json, ...tensors));
  expect(answer.status, JSON.stringify(answer.json)).toBe(200);
  return answer;
}

describe('an input', () => {
  test('as bytes, and outputs as JSON', async () => {
    const { json, headers, bytes } = await inferred({ inputs: [input(3136)] }, fp32);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.has('inference-header-content-length')).toBe(false);
    expect(bytes).toHaveLength(0);
    const [{ data }] = (json as { outputs: { data: number[] }[] }).outputs;
    expect(bytesOf(Float32Array.from(data))).toEqual(probabilities);
  });

  test.each<[datatype: string, tensor: ArrayBufferView]>([
    ['FP32', fp32],
    ['FP64', Float64Array.from(digit)],
    ['FP16', Uint16Array.from(digit, halfOf)],
    ['BF16', new Uint16Array(fp32.buffer).filter((_, i) => i % 2 === 1)],
    ['INT16', Int16Array.from(digit)],
    ['UINT16', Uint16Array.from(digit)],
    ['UINT32', Uint32Array.from(digit)],
    ['UINT64', BigUint64Array.from(digit, BigInt)],
    ['UINT8', Uint8Array.from(digit)],
    ['INT32', Int32Array.from(digit)],
    ['INT64', BigInt64Array.from(digit, BigInt)],
  ])('%s as bytes', async (datatype, tensor) => {
    const inputs = [input(tensor.byteLength, { datatype })];
    const { bytes } = await inferred({ inputs, parameters: { binary_data_output: true } }, tensor);
    expect(bytes).toEqual(Buffer.concat([probabilities, classes]));
  });

  test.each<[datatype: string, tensor: ArrayBufferView]>([
    ['INT8', Int8Array.from(digit, (pixel) => pixel - 128)],
    ['BOOL', Uint8Array.from(digit, (pixel) => pixel & 1)],
  ])('%s as bytes is answered as in JSON', async (datatype, tensor) => {
    const parameters = { binary_data_output: true };
    const inputs = [input(784, { datatype })];
    const data = [...(tensor as Int8Array)];
    const asJson = { inputs: [{ name: 'input', shape: [1, 784], datatype, data }], parameters };
    const { bytes } = await inferred({ inputs, parameters }, tensor);
    expect(bytes).toEqual((await post(infer, asJson)).bytes);
  });

  test('as bytes that begin anywhere', async () => {
    for (const padding of ['', ' ', '  ', '   ', '    ', '     ', '      ', '       ']) {
      const json = `{"inputs": [${JSON.stringify(input(6272, { datatype: 'FP64' }))}]}${padding}`;
      const answer = await post(infer, ...framed(json, Float64Array.from(digit)));
      expect(answer).toMatchObject({ status: 200 });
    }
  });

  test('INT64 and FP64 that are no float32 are rounded as in JSON', async () => {
    const large = [2n ** 53n + 1n, -(2n ** 62n) - 1n, 16_777_217n];
    const tensor = BigInt64Array.from(digit, (pixel, i) => large[i] ?? BigInt(pixel));
    const { bytes } = await inferred(
      {
        inputs: [input(6272, { datatype: 'INT64' })],
        parameters: { binary_data_output: true },
      },
      tensor,
    );
    const text = `[${[...tensor].join()}]`;
    const json = `{"inputs": [{"name": "input", "shape": [1, 784], "datatype": "INT64", "data": ${text}}], "parameters": {"binary_data_output": true}}`;
    expect((await post(infer, json)).bytes).toEqual(bytes);
  });

  test('alone: a body of bytes only, with the header 0, has all outputs as bytes', async () => {
    const answer = await post(infer, new Uint8Array(fp32.buffer), { 'inference-header-content-length': '0' });
    expect(answer).toMatchObject({ status: 200, json: { model_name: 'mnist-mlp', ...binaryOutputs } });
    expect(answer.bytes).toEqual(Buffer.concat([probabilities, classes]));
  });

  test('alone may be several samples', async () => {
    const body = new Uint8Array(Buffer.concat([bytesOf(fp32), bytesOf(fp32), bytesOf(fp32)]));
    const { json, bytes } = await post(infer, body, { 'inference-header-content-length': '0' });
    expect(json).toMatchObject({ outputs: [{ shape: [3, 10] }, { shape: [3] }] });
    expect(bytes.subarray(80, 120)).toEqual(probabilities);
  });
});

describe('an output', () => {
  const inputs = [{ name: 'input', shape: [1, 784], datatype: 'UINT8', data: digit }];

  test('binary_data_output: all as bytes after the JSON, whose length is in the header', async () => {
    const answer = await post(infer, { id: '42', inputs, parameters: { binary_data_output: true } });
    const { headers, json, bytes } = answer;
    expect(json).toEqual({ model_name: 'mnist-mlp', model_version: '1', id: '42', ...binaryOutputs });
    expect(headers.get('content-type')).toBe('application/octet-stream');
    const length = Number(headers.get('inference-header-content-length'));
    expect(length).toBe(JSON.stringify(json).length);
    expect(Number(headers.get('content-length'))).toBe(length + 48);
    expect(bytes).toEqual(Buffer.concat([probabilities, classes]));
  });

  test('binary_data: only that as bytes', async () => {
    const outputs = [{ name: 'class', parameters: { binary_data: true } }, { name: 'probabilities' }];
    const { json, bytes } = await post(infer, { inputs, outputs });
    expect(bytes).toEqual(classes);
    expect(json).toMatchObject({
      outputs: [
        { name: 'class', parameters: { binary_data_size: 8 } },
        { name: 'probabilities', data: expect.any(Array) as number[] },
      ],
    });
  });

  test('binary_data overrules binary_data_output', async () => {
    const outputs = [{ name: 'class', parameters: { binary_data: false } }, { name: 'probabilities' }];
    const { json, bytes } = await post(infer, { inputs, outputs, parameters: { binary_data_output: true } });
    expect(bytes).toEqual(probabilities);
    expect(json).toMatchObject({ outputs: [{ name: 'class', data: [6] }, { name: 'probabilities' }] });
  });

  test('of the type BYTES: each element after its length', async () => {
    const outputs = [{ name: 'probabilities', parameters: { binary_data: true, classification: 2 } }];
    const { json, bytes } = await post(infer, { inputs, outputs });
    const texts: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 4 + bytes.readUInt32LE(at);
      texts.push(bytes.toString('utf8', at + 4, end));
      at = end;
    }
    expect(json).toMatchObject({
      outputs: [{ datatype: 'BYTES', shape: [1, 2], parameters: { binary_data_size: bytes.length } }],
    });
    expect(texts).toEqual([expect.stringMatching(/^0\.75\d*:6:6$/), expect.stringMatching(/^0\.22\d*:2:2$/)]);
  });
});

test('the request of the extension’s document is read, its model_name too', async () => {
  const { json, bytes } = await inferred(
    {
      model_name: 'mnist-mlp',
      inputs: [input(3136)],
      outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
    },
    fp32,
  );
  expect(json).toMatchObject({ outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [1, 10] }] });
  expect(bytes).toEqual(probabilities);
});

test('a request as tritonclient writes it is read', async () => {
  const request = {
    id: '1',
    inputs: [{ name: 'input', shape: [1, 784], datatype: 'FP32', parameters: { binary_data_size: 3136 } }],
    parameters: {
      sequence_id: 3,
      sequence_start: true,
      sequence_end: false,
      priority: 1,
      binary_data_output: true,
    },
  };
  expect((await inferred(request, fp32)).bytes).toEqual(Buffer.concat([probabilities, classes]));
});

describe('it does not take', () => {
  const json = { inputs: [input(3136)] };
  const half = fp32.subarray(392);

  test.each<[message: RegExp, json: object, tensors: ArrayBufferView[]]>([
    [/it states 3136 bytes after the JSON, but there are 1568/, json, [half]],
    [/it states 3136 bytes after the JSON, but there are 3137/, json, [fp32, new Uint8Array(1)]],
    [/it states 3136 bytes after the JSON, but there are 0\. Inference-Header-Content-Length says/, json, []],
    [/it has 1568 bytes; FP32 of the shape \[1, 784\] takes 3136/, { inputs: [input(1568)] }, [half]],
    [
      /it has 3136 bytes; FP64 of the shape \[1, 784\] takes 6272/,
      { inputs: [input(3136, { datatype: 'FP64' })] },
      [fp32],
    ],
    [
      /it has 3136 bytes; FP32 of the shape \[2, 784\] takes 6272/,
      { inputs: [input(3136, { shape: [2, 784] })] },
      [fp32],
    ],
    [/^inputs\[0\]\.parameters\.binary_data_size must be at least 0/, { inputs: [input(-1)] }, [fp32]],
    [/^inputs\[0\]\.parameters\.binary_data_size must be an integer/, { inputs: [input(0.5)] }, [fp32]],
    [/it states 1e\+300 bytes/, { inputs: [input(1e300)] }, [fp32]],
    [/it has both data and binary_data_size/, { inputs: [input(3136, { data: digit })] }, [fp32]],
    [
      /it states 0 bytes after the JSON, but there are 3136/,
      { inputs: [{ ...input(0), data: digit, parameters: {} }] },
      [fp32],
    ],
    [/it is given more than once/, { inputs: [input(3136), input(3136)] }, [fp32, fp32]],
    [/^input\[0\]\[0\] is not a finite float32 number/, json, [fp32.with(0, NaN)]],
    [/^input\[0\]\[783\] is not a finite float32 number/, json, [fp32.with(783, -Infinity)]],
    [
      /^input\[0\]\[2\] is not a finite/,
      { inputs: [input(1568, { datatype: 'FP16' })] },
      [Uint16Array.from(digit, halfOf).with(2, 0x7c00)],
    ],
    [
      /^input\[0\]\[2\] is not a finite/,
      { inputs: [input(1568, { datatype: 'BF16' })] },
      [new Uint16Array(784).with(2, 0x7fc0)],
    ],
    [
      /^Input input: its number \[0\]\[2\] is not of the datatype BOOL/,
      { inputs: [input(784, { datatype: 'BOOL' })] },
      [new Uint8Array(784).with(2, 2)],
    ],
    [
      /^input\[0\]\[1\] is not a finite/,
      { inputs: [input(6272, { datatype: 'FP64' })] },
      [Float64Array.from(digit).with(1, 1e39)],
    ],
  ])('refuses a wrong frame: %s', async (message, request, tensors) => {
    expectError(await post(infer, ...framed(request, ...tensors)), 400, 'INVALID_REQUEST', message);
  });

  test.each([
    ['-1', /must be the number of bytes of the JSON/],
    ['1.5', /must be the number/],
    ['1e3', /must be the number/],
    ['0x10', /must be the number/],
    ['', /must be the number/],
    ['99999999999999999999', /must be the number/],
    ['4000000000', /is 4000000000, but the body has only \d+ bytes/],
    ['3, 3', /must be the number/],
  ])('a length of the JSON that is %j', async (length, message) => {
    const [body] = framed(json, fp32);
    const answer = await post(infer, body, { 'inference-header-content-length': length });
    expectError(answer, 400, 'INVALID_REQUEST', message);
  });

  test('a length of the JSON that ends within it, or behind it', async () => {
    const [body, headers] = framed(json, fp32);
    const length = Number(headers['inference-header-content-length']);
    for (const wrong of [1, length - 1, length + 1, body.length]) {
      const answer = await post(infer, body, { 'inference-header-content-length': String(wrong) });
      expectError(answer, 400, 'MALFORMED_JSON', /./);
    }
  });

  test('bytes alone that are no whole samples', async () => {
    for (const size of [1, 3135, 3137]) {
      const answer = await post(infer, new Uint8Array(size), { 'inference-header-content-length': '0' });
      expectError(answer, 400, 'INVALID_REQUEST', /a sample of 784 FP32 numbers has 3136/);
    }
    const tooMany = new Uint8Array(3136 * 1025);
    const answer = await post(infer, tooMany, { 'inference-header-content-length': '0' });
    expectError(answer, 400, 'INVALID_REQUEST', /it has 1025 samples/);
  });
});
