/** A model of a table: predictions by column name, what it shows of its columns, and what it refuses. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Problem } from '../../../src/api/problems/problem-schema.js';
import { examplePng } from '../../../src/api/predictions/example-digit.js';
import {
  fitted,
  formats,
  houses,
  namedRow,
  tableModelFile,
  type TestColumn,
} from '../../model/small-table.js';
import { openService, type TestService } from '../service.js';

interface Answer {
  predictions: { label?: string; value?: number; probabilities?: number[] }[];
  warnings?: { code: string; column: string; count: number }[];
}

const row = namedRow(houses, 1);

/** 50 columns, half of them texts. */
const wide: TestColumn[] = Array.from({ length: 50 }, (_, index) =>
  index % 2 === 0
    ? {
        name: `measured_quantity_${index}`,
        format: formats.number,
        texts: ['1', '2', String(index)],
      }
    : {
        name: `reported_category_${index}`,
        format: formats.category,
        texts: ['one value', 'another value', 'a third'],
      },
);

let service: TestService;

beforeAll(async () => {
  service = await openService();
  const publish = async (model: string, file: Buffer) =>
    service.registry.publish({
      model,
      runId: `job_${model}`,
      step: 1,
      file,
      metrics: null,
      now: new Date(0),
    });
  await service.publishDigits();
  await publish('houses', tableModelFile(fitted(houses)));
  await publish(
    'prices',
    tableModelFile(fitted(houses), { kind: 'values', names: ['price'], scaling: [{ mean: 1e6, std: 1e5 }] }),
  );
  await publish('wide', tableModelFile(fitted(wide)));
  await service.modelServer.refresh();
});

afterAll(() => service.stop());

/** As text, since an object literal has no key `__proto__`. */
async function predict(body: object | string): Promise<{ status: number; body: Answer & Problem }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { status, body: answer } = await service.http.post('/predict').type('json').send(text);
  return { status, body: answer as Answer & Problem };
}

describe('a row by column name', () => {
  test('is answered with a class', async () => {
    const { status, body } = await predict({ model: 'houses', inputs: [row] });
    expect(status).toBe(200);
    expect(body).toEqual({
      model: 'houses',
      version: 1,
      predictions: [
        {
          label: expect.stringMatching(/^(cheap|dear)$/) as string,
          index: expect.any(Number) as number,
          confidence: expect.any(Number) as number,
          probabilities: [expect.any(Number), expect.any(Number)],
        },
      ],
    });
  });

  test('is answered with a value in its unit', async () => {
    const { body } = await predict({ model: 'prices', instances: [row] });
    expect(body.predictions[0]?.value).toBeGreaterThan(5e5);
  });

  test('is answered as the row as a list, as one of many, and in a large body', async () => {
    const list = houses.map(({ name }) => row[name]);
    const expected = (await predict({ model: 'houses', inputs: [row] })).body.predictions[0];
    const other = namedRow(houses, 4);
    for (const inputs of [[list], [row, other], [row, list, other], new Array<object>(600).fill(row)]) {
      const { body } = await predict({ model: 'houses', inputs });
      expect(body.predictions).toHaveLength(inputs.length);
      expect(body.predictions[0]).toEqual(expected);
      const padded = JSON.stringify({ model: 'houses', inputs }).padEnd(2 ** 16 + 1);
      expect((await predict(padded)).body).toEqual(body);
    }
  });

  test('is warned about, in small bodies and in large ones', async () => {
    const text = JSON.stringify({
      model: 'houses',
      inputs: [{ ...row, city: 'Bergen', area: null, rooms: 3 }],
    });
    for (const body of [text, text.padEnd(2 ** 16 + 1)]) {
      const { warnings } = (await predict(body)).body;
      expect(warnings?.map(({ code, column, count }) => [code, column, count])).toEqual([
        ['MISSING_VALUE', 'area', 1],
        ['UNSEEN_CATEGORY', 'city', 1],
        ['UNKNOWN_COLUMN', 'rooms', 1],
      ]);
    }
  });

  test('may come with 1,023 others of 50 columns', async () => {
    const inputs = Array.from({ length: 1024 }, (_, index) => namedRow(wide, index % 3));
    const text = JSON.stringify({ model: 'wide', inputs, probabilities: false });
    expect(text.length).toBeGreaterThan(2 ** 20);
    const { status, body } = await predict(text);
    expect(status).toBe(200);
    expect(body.predictions).toHaveLength(1024);
    expect(body.predictions[1023]).toEqual(body.predictions[0]);
  });
});

describe('a row that is refused', () => {
  const withoutArea = Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'area'));

  test.each<[status: number, code: string, pointer: string, detail: string, body: object]>([
    [
      400,
      'INVALID_REQUEST',
      '/inputs/1/area',
      'inputs[1].area is "large"; a finite number is expected.',
      { inputs: [row, { ...row, area: 'large' }] },
    ],
    [
      400,
      'INVALID_REQUEST',
      '/instances/0/area',
      'There is aera, which the model does not know: did you mean area?',
      { instances: [{ ...withoutArea, aera: 50 }] },
    ],
    [
      400,
      'INVALID_REQUEST',
      '/inputs/0',
      'inputs[0] has 3 cells, and the model takes 7: area',
      { inputs: [[1, 2, 3]] },
    ],
    [400, 'INVALID_REQUEST', '/inputs/0', 'inputs[0] must be an array or an object.', { inputs: [5] }],
    [
      422,
      'INPUT_UNSUPPORTED',
      '/inputs/0',
      'mnist-mlp takes lists of 784 numbers',
      { model: 'mnist-mlp', inputs: [row] },
    ],
  ])('%i %s at %s: %s', async (status, code, pointer, detail, body) => {
    for (const padding of [0, 2 ** 16 + 1]) {
      const answer = await predict(JSON.stringify({ model: 'houses', ...body }).padEnd(padding));
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject({ code, pointer });
      expect(answer.body.detail).toContain(detail);
    }
  });

  test.each([
    ['application/octet-stream', Buffer.alloc(16)],
    ['image/png', Buffer.from(examplePng, 'base64')],
  ])('as %s names the columns', async (type, bytes) => {
    const { status, body } = await service.http.post('/predict?model=houses').type(type).send(bytes);
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      detail: expect.stringContaining(
        'rows of a table, as JSON, with the columns area, city, garden, sold',
      ) as string,
    });
  });

  test('with more values than a body may have says how many these are', async () => {
    const inputs = new Array<object>(1024).fill(
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`c${i}`, 1])),
    );
    const { status, body } = await predict({ model: 'houses', inputs });
    expect(status).toBe(413);
    expect(body.detail).toContain('more than 262,144 values');
  });
});

describe('keys that objects inherit', () => {
  test.each([
    '{"__proto__": {}, "model": "houses", "inputs": [{}]}',
    '{"model": "houses", "inputs": [{"area": {"__proto__": {"polluted": true}}}]}',
    '{"model": "houses", "inputs": [{"area": {"constructor": {"prototype": {}}}}]}',
    '{"model": {"\\u005f_proto__": {}}, "inputs": [{}]}',
  ])('are refused where they are no names of columns: %s', async (text) => {
    for (const body of [text, text.padEnd(2 ** 16 + 1)]) {
      const { status } = await predict(body);
      expect(status).toBe(400);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('are refused on routes that take no rows', async () => {
    const { body } = await service.http.post('/v1/jobs').type('json').send('{"inputs": [{"__proto__": {}}]}');
    expect(body).toMatchObject({ code: 'MALFORMED_JSON' });
  });
});

describe('the model', () => {
  test('shows its columns, its target and its task', async () => {
    const { body } = await service.http.get('/v1/models/houses').expect(200);
    expect(body).toMatchObject({ task: 'classification', target: ['price'] });
    const { columns } = body as { columns: object[] };
    expect(columns.slice(0, 4)).toEqual([
      { name: 'area', type: 'number', missing: 1, typical: 80.5, min: 50, max: 1000 },
      {
        name: 'city',
        type: 'category',
        missing: 1,
        typical: 'Oslo',
        levels: ['Oslo', 'Paris', 'Rome'],
        level_count: 3,
      },
      { name: 'garden', type: 'boolean', missing: 1, typical: false },
      {
        name: 'sold',
        type: 'datetime',
        missing: 0,
        typical: '2023-12-30',
        min: '2021-01-01',
        max: '2024-05-05',
      },
    ]);
    const version = (await service.http.get('/v1/models/prices/versions/1').expect(200)).body;
    expect(version).toMatchObject({ task: 'regression', target: ['price'], columns });
  });

  test('of numbers shows none', async () => {
    const { body } = await service.http.get('/v1/models/mnist-mlp').expect(200);
    expect(body).toMatchObject({ task: 'classification' });
    expect(body).not.toHaveProperty('columns');
    expect(body).not.toHaveProperty('target');
  });

  test.each(['houses', 'prices', 'wide', 'mnist-mlp'])('%s describes a body that works', async (model) => {
    const document = (await service.http.get(`/v1/models/${model}/openapi.json`).expect(200))
      .body as ModelDocument;
    expect(document.openapi).toBe('3.1.0');
    const { requestBody, responses } = document.paths['/predict'].post;
    const { schema, example } = requestBody.content['application/json'];
    const { status, body } = await predict(example);
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('warnings');
    const ajv = new Ajv2020({ strict: false });
    expect(ajv.validate(schema, example)).toBe(true);
    expect(ajv.validate(responses['200'].content['application/json'].schema, body)).toBe(true);
    expect(ajv.validate(schema, { ...example, inputs: [[]] })).toBe(false);
  });

  test('that does not exist has no document', async () => {
    const { body } = await service.http.get('/v1/models/none/openapi.json').expect(404);
    expect(body).toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

interface ModelDocument {
  openapi: string;
  paths: {
    '/predict': {
      post: {
        requestBody: { content: { 'application/json': { schema: object; example: object } } };
        responses: { 200: { content: { 'application/json': { schema: object } } } };
      };
    };
  };
}
