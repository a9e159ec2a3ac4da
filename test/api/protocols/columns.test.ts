/** Models of tables and models that predict values, in the standard protocols: one tensor for each column. */
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeModelFile } from '../../../src/model/files/model-file.js';
import { classHead, type Head } from '../../../src/model/heads/head.js';
import { parametersOf, smallDescription } from '../../model/small-model.js';
import { fitted, formats, priceModelFile, tableModelFile, type TestColumn } from '../../model/small-table.js';
import { openService, type TestService } from '../service.js';
import { bytesOf, expectError, framed, get, post } from './exchange.js';

/** No test changes it. */
let service: TestService;
beforeAll(async () => {
  service = await openService();
  await publish('churn', tableModelFile(customers, classHead('cross_entropy', ['stays', 'leaves'])));
  await publish('houses', priceModelFile());
  await publish('line', tableModelFile(line, { kind: 'values', names: ['y'] }));
  const rents: Head = { kind: 'values', names: ['price', 'rent'] };
  const network = { ...smallDescription.network, outputs: 2 };
  await publish(
    'rents',
    encodeModelFile({ ...smallDescription, network, head: rents }, parametersOf(network, 3)),
  );
  await service.modelServer.refresh();
  return service.stop;
});

async function publish(model: string, file: Buffer): Promise<void> {
  const publication = { model, runId: `job_${model}`, step: 1, file, metrics: null, now: new Date(0) };
  await service.registry.publish(publication);
}

const customers = fitted([
  column('age', 'number', ['31', '45.5', null, '62']),
  column('city', 'category', ['Oslo', 'Rome', 'Oslo', 'Århus']),
  column('member', 'boolean', ['yes', 'no', 'yes', null]),
  column('since', 'datetime', ['2020-01-31', '2021-06-01', '2023-11-11', '2024-02-29']),
  column('__proto__', 'number', ['1', '2', '3', '4']),
]);
const line = fitted([column('x', 'number', ['1', '2', '3', '5'])]);

/** A column and the texts of its training rows. */
function column(name: string, type: keyof typeof formats, texts: (string | null)[]): TestColumn {
  return { name, format: formats[type], texts };
}

/** What /predict says of the same rows: the probabilities or the value of each. */
async function predicted(model: string, inputs: unknown[]): Promise<unknown[]> {
  const { body } = await service.http.post('/predict').send({ model, inputs }).expect(200);
  const { predictions } = body as { predictions: { probabilities?: number[]; value?: number }[] };
  return predictions.map(({ probabilities, value }) => probabilities ?? value);
}

const day = Date.UTC(2022, 4, 17);

/** Two customers as lists, in the order of the columns; JSON has no safe way to name `__proto__`. */
const rows = [
  [31, 'Oslo', true, '2022-05-17', 2],
  [null, 'Århus', false, '2022-05-17', -1],
];

const homes = [
  { area: 83.5, city: 'Oslo', garden: true },
  { area: 41, city: 'Rome', garden: false },
];

function tensor(name: string, datatype: string, data: unknown[], more: object = {}) {
  return { name, datatype, shape: [data.length, 1], data, ...more };
}

function age(data: unknown[], datatype = 'FP64') {
  return tensor('age', datatype, data);
}

const others = [
  tensor('city', 'BYTES', ['Oslo', 'Århus']),
  tensor('member', 'BOOL', [true, false]),
  tensor('since', 'BYTES', ['2022-05-17', '2022-05-17']),
  tensor('__proto__', 'FP64', [2, -1]),
];

interface Inferred {
  parameters?: { warnings: string };
  outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[];
}

async function inferred(model: string, body: object): Promise<Inferred> {
  const { status, json } = await post(`${service.url}/v2/models/${model}/infer`, body);
  expect(status, JSON.stringify(json)).toBe(200);
  return json as Inferred;
}

/** A BYTES tensor in binary: each element after its length. */
function textBytes(...texts: (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const own = Buffer.from(text as string);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(own.length);
      return [length, own];
    }),
  );
}

function binary(name: string, datatype: string, shape: number[], bytes: ArrayBufferView) {
  return { tensor: { name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } }, bytes };
}

function inferBytes(model: string, parts: ReturnType<typeof binary>[], more: object = {}) {
  const inputs = parts.map((part) => part.tensor);
  const bytes = parts.map((part) => part.bytes);
  return post(`${service.url}/v2/models/${model}/infer`, ...framed({ inputs, ...more }, ...bytes));
}

describe('open inference', () => {
  test('the metadata list a tensor for each column, and one for each value', async () => {
    const { json } = await get(`${service.url}/v2/models/churn`);
    expect(json).toMatchObject({
      inputs: [
        { name: 'age', datatype: 'FP64', shape: [-1, 1] },
        { name: 'city', datatype: 'BYTES', shape: [-1, 1] },
        { name: 'member', datatype: 'BOOL', shape: [-1, 1] },
        { name: 'since', datatype: 'BYTES', shape: [-1, 1] },
        { name: '__proto__', datatype: 'FP64', shape: [-1, 1] },
      ],
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
        { name: 'class', datatype: 'INT64', shape: [-1] },
      ],
      properties: { labels: '["stays","leaves"]' },
    });
    expect((await get(`${service.url}/v2/models/rents`)).json).toMatchObject({
      inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [
        { name: 'price', datatype: 'FP32', shape: [-1] },
        { name: 'rent', datatype: 'FP32', shape: [-1] },
      ],
      properties: {},
    });
  });

  test('the configuration lists them for Triton’s tools', async () => {
    expect((await get(`${service.url}/v2/models/houses/config`)).json).toMatchObject({
      input: [
        { name: 'area', data_type: 'TYPE_FP64', dims: [1] },
        { name: 'city', data_type: 'TYPE_STRING', dims: [1] },
        { name: 'garden', data_type: 'TYPE_BOOL', dims: [1] },
      ],
      output: [{ name: 'price', data_type: 'TYPE_FP32', dims: [1], reshape: { shape: [] } }],
    });
  });

  test('takes a tensor for each column, in any order, and answers as /predict', async () => {
    const probabilities = (await predicted('churn', rows)).flat();
    const tensors = [age([31, null]), ...others];
    const { outputs } = await inferred('churn', { inputs: tensors });
    expect(outputs[0]).toEqual({
      name: 'probabilities',
      datatype: 'FP32',
      shape: [2, 2],
      data: probabilities,
    });
    expect(await inferred('churn', { inputs: tensors.toReversed() })).toMatchObject({ outputs });
    const flat = tensors.map((each) => ({ ...each, shape: [2] }));
    expect(await inferred('churn', { inputs: flat })).toMatchObject({ outputs });
    const nested = tensors.map((each) => ({ ...each, data: each.data.map((cell) => [cell]) }));
    expect(await inferred('churn', { inputs: nested })).toMatchObject({ outputs });
  });

  test.each<[type: string, columns: object[]]>([
    ['numbers as FP32', [age([31, null], 'FP32')]],
    ['numbers as INT64', [age([31, null], 'INT64')]],
    ['numbers as UINT8', [age([31, null], 'UINT8')]],
    ['numbers as text', [age([' 31.0', ''], 'BYTES')]],
    ['booleans as 1 and 0', [age([31, null]), tensor('member', 'INT32', [1, 0])]],
    ['booleans as text', [age([31, null]), tensor('member', 'BYTES', ['YES', 'no'])]],
    ['dates as milliseconds', [age([31, null]), tensor('since', 'INT64', [day, day])]],
    [
      'dates with a time',
      [age([31, null]), tensor('since', 'BYTES', ['2022-05-17T00:00:00Z', '2022-05-17'])],
    ],
  ])('takes %s', async (_, columns) => {
    const given = new Map(
      [age([31, null]), ...others, ...(columns as typeof others)].map((each) => [each.name, each]),
    );
    const { outputs } = await inferred('churn', { inputs: [...given.values()] });
    expect(outputs[0]?.data).toEqual((await predicted('churn', rows)).flat());
  });

  test('takes the columns as bytes: NaN and empty text are missing', async () => {
    const probabilities = (
      await predicted('churn', [...rows, [null, null, true, null, 5]])
    ).flat() as number[];
    const parts = [
      binary('city', 'BYTES', [3, 1], textBytes('Oslo', 'Århus', '')),
      binary('__proto__', 'INT64', [3, 1], BigInt64Array.of(2n, -1n, 5n)),
      binary('member', 'BOOL', [3], Uint8Array.of(1, 0, 1)),
      binary('since', 'BYTES', [3, 1], textBytes('2022-05-17', '2022-05-17', '')),
    ];
    for (const numbers of [Float64Array.of(31, NaN, NaN), Float32Array.of(31, NaN, NaN)]) {
      const datatype = numbers instanceof Float64Array ? 'FP64' : 'FP32';
      const own = binary('age', datatype, [3, 1], numbers);
      const { json, bytes } = await inferBytes('churn', [...parts, own], {
        outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
      });
      expect(json).toMatchObject({ outputs: [{ shape: [3, 2] }] });
      expect(bytes).toEqual(bytesOf(Float32Array.from(probabilities)));
    }
  });

  test('takes some columns as bytes and others in the JSON', async () => {
    const first = binary('age', 'FP64', [2, 1], Float64Array.of(31, NaN));
    const last = binary('__proto__', 'FP32', [2, 1], Float32Array.of(2, -1));
    const inputs = [first.tensor, ...others.slice(0, 3), last.tensor];
    const url = `${service.url}/v2/models/churn/infer`;
    const { json } = await post(url, ...framed({ inputs }, first.bytes, last.bytes));
    expect((json as Inferred).outputs[0]?.data).toEqual((await predicted('churn', rows)).flat());
  });

  test('a number in JSON is as exact as it is written, whatever its datatype', async () => {
    const values = await predicted('houses', [{ area: 83.3, city: 'Rome', garden: true }]);
    for (const datatype of ['FP64', 'FP32', 'BF16']) {
      const inputs = [
        tensor('area', datatype, [83.3]),
        tensor('city', 'BYTES', ['Rome']),
        tensor('garden', 'BOOL', [true]),
      ];
      expect((await inferred('houses', { inputs })).outputs[0]?.data).toEqual(values);
    }
  });

  test('takes a table as MLServer’s clients write it', async () => {
    const data = await predicted('houses', homes);
    const inputs = [
      { name: 'area', shape: [2], datatype: 'FP32', data: [83.5, 41], parameters: { content_type: 'np' } },
      { ...tensor('city', 'BYTES', ['Oslo', 'Rome']), parameters: { content_type: 'str' } },
      { ...tensor('garden', 'BOOL', [true, false]), parameters: null },
    ];
    const { outputs } = await inferred('houses', { parameters: { content_type: 'pd' }, inputs });
    expect(outputs).toMatchObject([{ name: 'price', data }]);
  });

  test('does not look at the target and at columns that the dataset has besides, and warns of others', async () => {
    const tensors = [age([31, 45]), ...others];
    const target = { name: 'price', datatype: 'FP32', shape: [7, 9], data: ['?'] };
    const id = binary('id', 'BYTES', [5], Buffer.from('??'));
    const url = `${service.url}/v2/models/churn/infer`;
    const { json } = await post(url, ...framed({ inputs: [target, ...tensors, id.tensor] }, id.bytes));
    expect(json).toEqual(await inferred('churn', { inputs: tensors }));
    const { parameters } = await inferred('churn', {
      inputs: [...tensors, tensor('colour', 'BYTES', ['red'])],
    });
    expect(JSON.parse(parameters?.warnings ?? '')).toEqual([
      expect.objectContaining({ code: 'UNKNOWN_COLUMN', column: 'colour' }),
    ]);
  });

  test('says in its parameters what is missing and what it has not seen', async () => {
    const tensors = [age([31, null]), ...others.with(0, tensor('city', 'BYTES', ['Oslo', 'Atlantis']))];
    const { parameters } = await inferred('churn', { inputs: tensors });
    expect(JSON.parse(parameters?.warnings ?? '')).toMatchObject([
      { code: 'MISSING_VALUE', column: 'age', count: 1 },
      { code: 'UNSEEN_CATEGORY', column: 'city', count: 1 },
    ]);
  });

  test('answers values as a tensor for each, in JSON and in bytes', async () => {
    const values = (await predicted('houses', homes)) as number[];
    const inputs = [
      tensor('area', 'FP64', [83.5, 41]),
      tensor('city', 'BYTES', ['Oslo', 'Rome']),
      tensor('garden', 'BOOL', [true, false]),
    ];
    expect((await inferred('houses', { inputs })).outputs).toEqual([
      { name: 'price', datatype: 'FP32', shape: [2], data: values },
    ]);
    const url = `${service.url}/v2/models/houses/infer`;
    const { bytes } = await post(url, { inputs, parameters: { binary_data_output: true } });
    expect(bytes).toEqual(bytesOf(Float32Array.from(values)));
  });

  test('answers several values of a model of arrays by name, in the order that is asked for', async () => {
    const input = { name: 'input', datatype: 'FP32', shape: [2, 3], data: [0, 100, 255, 1, 2, 3] };
    const { outputs } = await inferred('rents', { inputs: [input] });
    const body = {
      model: 'rents',
      inputs: [
        [0, 100, 255],
        [1, 2, 3],
      ],
    };
    const { predictions } = (await service.http.post('/predict').send(body).expect(200)).body as {
      predictions: { values: { price: number; rent: number } }[];
    };
    expect(outputs).toEqual([
      { name: 'price', datatype: 'FP32', shape: [2], data: predictions.map(({ values }) => values.price) },
      { name: 'rent', datatype: 'FP32', shape: [2], data: predictions.map(({ values }) => values.rent) },
    ]);
    const asked = await inferred('rents', {
      inputs: [input],
      outputs: [{ name: 'rent' }, { name: 'price' }],
    });
    expect(asked.outputs).toEqual(outputs.toReversed());
  });

  test.each<[message: RegExp | string, inputs: object[], more?: object]>([
    [/^The columns age, city.* are missing in all rows/, []],
    [/^The column age is missing in all rows/, others],
    [
      /There is Age, which the model does not know: did you mean age\?/,
      [tensor('Age', 'FP64', [1, 2]), ...others],
    ],
    ['Input age: it has 3 rows, but city has 2.', [...others, age([1, 2, 3])]],
    ['Input age: it is given more than once.', [age([1, 2]), age([1, 2]), ...others]],
    [
      /^Input age: its shape is \[2, 2\]; a column has the shape \[rows, 1\] or \[rows\]/,
      [tensor('age', 'FP64', [1, 2], { shape: [2, 2] })],
    ],
    [/^Input age: its shape is \[\]/, [tensor('age', 'FP64', [1], { shape: [] })]],
    [/^Input age: it has 0 samples; a request takes from 1 to 1024/, [age([])]],
    [
      /^Input age: its data has 1 numbers; its shape is \[2, 1\]/,
      [tensor('age', 'FP64', [1], { shape: [2, 1] })],
    ],
    [/^Input age: its datatype is "BOOL"; a column of the type number takes FP32, /, [age([true], 'BOOL')]],
    [/^Input age: its datatype is "STRING"/, [age(['x'], 'STRING')]],
    [
      /^Input since: its datatype is "INT32"; a column of the type datetime takes BYTES, INT64/,
      [tensor('since', 'INT32', [1])],
    ],
    [/^Input since: its number \[0\] is no time/, [tensor('since', 'INT64', [1.7e18])]],
    [/^Input city: its element \[1\] is no text/, [tensor('city', 'BYTES', ['Oslo', 7])]],
    [/^Input city: its number \[0\] is too large to be exact/, [tensor('city', 'INT64', [2 ** 60])]],
    [/^Input age: its number \[1\]\[0\] is not of the datatype INT8/, [age([1, 200], 'INT8')]],
    [/^inputs\[1\]\.age is "old"; a finite number is expected/, [age(['7', 'old'], 'BYTES'), ...others]],
    [/^inputs\[0\]\.member is /, [age([7, 8]), ...others.with(1, tensor('member', 'INT8', [2, 0]))]],
    [/^Input age: it has neither data nor/, [{ name: 'age', datatype: 'FP64', shape: [1] }]],
    [
      /^The model has no output "price"; it has probabilities and class/,
      others,
      { outputs: [{ name: 'price' }] },
    ],
  ])('refuses wrong columns: %s', async (message, inputs, more = {}) => {
    const answer = await post(`${service.url}/v2/models/churn/infer`, { inputs, ...more });
    expectError(answer, 400, 'INVALID_REQUEST', message);
  });

  test.each<[message: RegExp | string, parts: ReturnType<typeof binary>[]]>([
    [
      /^Input age: it has 8 bytes; FP64 of the shape \[2\] takes 16/,
      [binary('age', 'FP64', [2], Float64Array.of(1))],
    ],
    [
      /^Input city: its element \[1\] is longer than its bytes/,
      [binary('city', 'BYTES', [2], textBytes('a', 'bc').subarray(0, -1))],
    ],
    [
      /^Input city: its element \[0\] is longer than its bytes/,
      [binary('city', 'BYTES', [1], Buffer.from([1, 0]))],
    ],
    [
      'Input city: its shape says 2 elements, but its bytes have only 1.',
      [binary('city', 'BYTES', [2], textBytes('a'))],
    ],
    [
      'Input city: its shape says 1 elements, but its bytes have more.',
      [binary('city', 'BYTES', [1], textBytes('a', 'b'))],
    ],
    [
      'Input city: its element [0] is not UTF-8.',
      [binary('city', 'BYTES', [1], textBytes(Uint8Array.of(0xc5, 0x20)))],
    ],
    [
      /^inputs\[0\]\.age is Infinity; a finite number is expected/,
      [binary('age', 'FP64', [1], Float64Array.of(Infinity))],
    ],
  ])('refuses wrong bytes: %s', async (message, parts) => {
    expectError(await inferBytes('churn', parts), 400, 'INVALID_REQUEST', message);
  });

  test('refuses bytes that no tensor states, and tensors that state more than there is', async () => {
    const { tensor: own } = binary('age', 'FP64', [1], Float64Array.of(1));
    const url = `${service.url}/v2/models/churn/infer`;
    const more = await post(url, ...framed({ inputs: [own] }, new Uint8Array(9)));
    expectError(more, 400, 'INVALID_REQUEST', 'The inputs state 8 bytes after the JSON, but there are 9.');
    const less = await post(url, ...framed({ inputs: [own] }, new Uint8Array(7)));
    expectError(
      less,
      400,
      'INVALID_REQUEST',
      /^Input age: it states 8 bytes after the JSON, but only 7 are left/,
    );
    const alone = await post(url, new Uint8Array(8), { 'inference-header-content-length': '0' });
    expectError(alone, 400, 'INVALID_REQUEST', /^A body of bytes alone is only for models with one input/);
  });

  test('classifies only with a model of classes', async () => {
    const outputs = [{ name: 'probabilities', parameters: { classification: 1 } }];
    const {
      outputs: [classes],
    } = await inferred('churn', { inputs: [age([31, 45]), ...others], outputs });
    expect(classes).toMatchObject({ datatype: 'BYTES', shape: [2, 1] });
    const values = await post(`${service.url}/v2/models/houses/infer`, {
      inputs: [],
      outputs: [{ name: 'price', parameters: { classification: 1 } }],
    });
    expectError(values, 400, 'INVALID_REQUEST', /The model predicts values, so it cannot classify samples/);
  });
});

describe('tensorflow serving', () => {
  const urlOf = (model: string): string => `${service.url}/v1/models/${model}`;

  test('the signature lists the columns, and the values as outputs', async () => {
    const signatureOf = async (model: string): Promise<unknown> => {
      const { json } = await get(`${urlOf(model)}/metadata`);
      return (json as { metadata: { signature_def: { signature_def: { serving_default: unknown } } } })
        .metadata.signature_def.signature_def.serving_default;
    };
    const tensorOf = (name: string, dtype: string, ...sizes: string[]) => ({
      dtype,
      tensor_shape: { dim: sizes.map((size) => ({ size, name: '' })), unknown_rank: false },
      name: `${name}:0`,
    });
    expect(await signatureOf('houses')).toEqual({
      inputs: {
        area: tensorOf('area', 'DT_DOUBLE', '-1', '1'),
        city: tensorOf('city', 'DT_STRING', '-1', '1'),
        garden: tensorOf('garden', 'DT_BOOL', '-1', '1'),
      },
      outputs: { price: tensorOf('price', 'DT_FLOAT', '-1') },
      method_name: 'tensorflow/serving/predict',
    });
    expect(await signatureOf('rents')).toMatchObject({
      inputs: { input: { dtype: 'DT_FLOAT' } },
      outputs: { price: { dtype: 'DT_FLOAT' }, rent: { dtype: 'DT_FLOAT' } },
    });
  });

  test('predict, row format: objects by column name, cells as they are or in lists of one', async () => {
    const predictions = await predicted('houses', homes);
    const url = `${urlOf('houses')}:predict`;
    expect((await post(url, { instances: homes })).json).toEqual({ predictions });
    const listed = homes.map(({ area, city, garden }) => ({ area: [area], city: [city], garden: [garden] }));
    expect((await post(url, { instances: listed })).json).toEqual({ predictions });
  });

  test('predict, row format: lists in the order of the columns', async () => {
    const predictions = await predicted('churn', rows);
    expect((await post(`${urlOf('churn')}:predict`, { instances: rows })).json).toMatchObject({
      predictions,
    });
  });

  test('predict, column format: a list of cells for each column', async () => {
    const outputs = await predicted('houses', homes);
    const url = `${urlOf('houses')}:predict`;
    const inputs = { garden: [true, false], city: ['Oslo', 'Rome'], area: [83.5, 41] };
    expect((await post(url, { inputs })).json).toEqual({ outputs });
    const listed = { garden: [[true], [false]], city: [['Oslo'], ['Rome']], area: [[83.5], [41]] };
    expect((await post(url, { inputs: listed })).json).toEqual({ outputs });
  });

  test('predict: the values of a single column without its name', async () => {
    const predictions = await predicted('line', [[1], [2], [5]]);
    const url = `${urlOf('line')}:predict`;
    expect((await post(url, { instances: [1, 2, 5] })).json).toEqual({ predictions });
    expect((await post(url, { instances: [[1], [2], [5]] })).json).toEqual({ predictions });
    expect((await post(url, { inputs: [1, 2, 5] })).json).toEqual({ outputs: predictions });
  });

  test('a large body of numbers, which a thread packs, is read as a small one', async () => {
    const many = Array.from({ length: 1_000 }, (_, row) => row / 7);
    const predictions = await predicted(
      'line',
      many.map((x) => [x]),
    );
    const warnings = [expect.objectContaining({ code: 'OUT_OF_RANGE', column: 'x' })];
    // Large enough for the thread by its white space.
    const padded = (body: object): string => JSON.stringify(body) + ' '.repeat(2 ** 20);
    const url = `${urlOf('line')}:predict`;
    for (const instances of [many, many.map((x) => [x]), many.map((x) => [[x]]), many.map((x) => ({ x }))]) {
      expect((await post(url, padded({ instances }))).json).toEqual({ predictions, warnings });
    }
    for (const inputs of [{ x: many }, { x: many.map((x) => [x]) }, many]) {
      expect((await post(url, padded({ inputs }))).json).toEqual({ outputs: predictions, warnings });
    }
    const tensors = [tensor('x', 'FP64', many)];
    const { json } = await post(`${service.url}/v2/models/line/infer`, padded({ inputs: tensors }));
    expect((json as Inferred).outputs[0]?.data).toEqual(predictions);
  });

  test('predict: several values are an object for each row, or a list for each value', async () => {
    const body = {
      inputs: [
        [0, 100, 255],
        [1, 2, 3],
      ],
    };
    const answer = await service.http
      .post('/predict')
      .send({ model: 'rents', ...body })
      .expect(200);
    const values = (
      answer.body as { predictions: { values: { price: number; rent: number } }[] }
    ).predictions.map((each) => each.values);
    const url = `${urlOf('rents')}:predict`;
    expect((await post(url, { instances: body.inputs })).json).toEqual({ predictions: values });
    expect((await post(url, body)).json).toEqual({
      outputs: { price: values.map(({ price }) => price), rent: values.map(({ rent }) => rent) },
    });
  });

  test('predict: warnings stand beside the predictions', async () => {
    const instances = [{ city: 'Atlantis', garden: true, colour: 'red', price: 1 }, homes[1]];
    expect((await post(`${urlOf('houses')}:predict`, { instances })).json).toMatchObject({
      predictions: [expect.any(Number) as number, expect.any(Number) as number],
      warnings: [
        { code: 'MISSING_VALUE', column: 'area', count: 1 },
        { code: 'UNSEEN_CATEGORY', column: 'city', count: 1 },
        { code: 'UNKNOWN_COLUMN', column: 'colour', count: 1 },
      ],
    });
  });

  test('classify: examples by column name, with what they share in the context', async () => {
    const scores = (await predicted('churn', [[31, 'Oslo', true, '2022-05-17', 4]])) as number[][];
    const result = scores.map(([stays, leaves]) => [
      ['stays', stays],
      ['leaves', leaves],
    ]);
    const context = '"city": "Oslo", "since": ["2022-05-17"]';
    for (const body of [
      `{"context": {${context}}, "examples": [{"age": 31, "member": true, "__proto__": 4}]}`,
      `{"context": {${context}, "__proto__": [4]}, "examples": [{"age": 31, "member": true}]}`,
    ]) {
      expect((await post(`${urlOf('churn')}:classify`, body)).json).toEqual({ result, results: result });
    }
  });

  test('regress: the value of each example', async () => {
    const result = await predicted('houses', homes);
    const examples = homes.map(({ city, garden, area }) => ({ city, garden, area: [area] }));
    expect((await post(`${urlOf('houses')}:regress`, { examples })).json).toEqual({
      result,
      results: result,
    });
    const { json } = await post(`${urlOf('houses')}:regress`, {
      signature_name: 'serving_default',
      context: { garden: true, city: 'Oslo' },
      examples: [{ area: 83.5 }],
    });
    expect(json).toEqual({ result: result.slice(0, 1), results: result.slice(0, 1) });
    for (const path of ['versions/1', 'labels/latest']) {
      expect((await post(`${urlOf('houses')}/${path}:regress`, { examples })).json).toMatchObject({ result });
    }
  });

  test.each<[message: RegExp | string, verb: string, body: object]>([
    [
      /^The columns area, garden are missing in all rows/,
      'houses:predict',
      { instances: [{ city: 'Oslo' }] },
    ],
    [/did you mean area\?/, 'houses:predict', { instances: [{ ...homes[0], area: undefined, Area: 1 }] }],
    [
      /^instances\[1\]\.area is "big"; a finite number is expected/,
      'houses:predict',
      { instances: [homes[0], { ...homes[1], area: 'big' }] },
    ],
    [
      /^instances\[0\] has 2 cells, and the model takes 3: area, city, garden/,
      'houses:predict',
      { instances: [[1, 2]] },
    ],
    [/^instances\[0\] is 7; a row is an object by column name/, 'houses:predict', { instances: [7] }],
    [
      /^instances\[0\]\.city is an object; text is expected/,
      'houses:predict',
      { instances: [{ ...homes[0], city: { b64: 'T3Nsbw==' } }] },
    ],
    [/^instances\[0\]\.area is a list/, 'houses:predict', { instances: [{ ...homes[0], area: [1, 2] }] }],
    [/^instances has 0 samples/, 'houses:predict', { instances: [] }],
    [/^instances has 1025 samples/, 'houses:predict', { instances: new Array(1025).fill(homes[0]) }],
    ['Send either instances or inputs.', 'houses:predict', {}],
    [/^inputs must be an object with a list of cells for each column/, 'houses:predict', { inputs: homes }],
    [/^inputs\.area must be a list of cells/, 'houses:predict', { inputs: { area: 7 } }],
    [
      /^inputs\.city has 1 rows, but inputs\.area has 2/,
      'houses:predict',
      { inputs: { area: [1, 2], city: ['Oslo'] } },
    ],
    [/^The columns area, city, garden are missing in all rows/, 'houses:predict', { inputs: {} }],
    [/^inputs\.area has 0 samples/, 'houses:predict', { inputs: { area: [] } }],
    [/^examples\[0\] must be an object by column name/, 'houses:regress', { examples: [[1, 2, 3]] }],
    [
      /^examples\[0\] has the feature city, but so does the context/,
      'houses:regress',
      { context: { city: 'Rome' }, examples: homes },
    ],
    [/^examples has 0 samples/, 'houses:regress', { examples: [] }],
    [
      'The model is a classifier and cannot regress: use :predict or :classify.',
      'churn:regress',
      { examples: homes },
    ],
    [
      'The model predicts values, so it cannot classify samples. Use :predict or :regress.',
      'houses:classify',
      { examples: homes },
    ],
    [
      'The model predicts values, so it cannot classify samples. Use :predict.',
      'rents:classify',
      { examples: [{ input: [1, 2, 3] }] },
    ],
    [
      'The model predicts 2 values, and :regress has room for one: use :predict.',
      'rents:regress',
      { examples: [{ input: [1, 2, 3] }] },
    ],
    [
      /^The model has no signature "regress"/,
      'houses:regress',
      { signature_name: 'regress', examples: homes },
    ],
  ])('refuses a wrong request: %s', async (message, verb, body) => {
    expectError(await post(urlOf(verb), body), 400, 'INVALID_REQUEST', message);
  });
});
