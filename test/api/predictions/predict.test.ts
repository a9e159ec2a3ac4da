import type { Static } from 'typebox';
import { describe, expect, test } from 'vitest';
import { exampleDigit } from '../../../src/api/predictions/example-digit.js';
import type { Problem } from '../../../src/api/problems/problem-schema.js';
import { loadMnist } from '../../../src/data/builtin/mnist.js';
import type { PredictionResponse as PredictionResponseSchema } from '../../../src/api/predictions/prediction-schemas.js';
import { predict } from '../../model/serving/predict.js';
import { startService } from '../service.js';

type PredictionResponse = Static<typeof PredictionResponseSchema.schema>;

const digit = [...exampleDigit];
const blank = new Array<number>(784).fill(0);

test('answers as the model server does, to the last digit', async () => {
  const { http, modelServer, publishDigits } = await startService();
  await publishDigits();
  const inputs = [digit, blank, digit.map((pixel) => pixel / 3)];
  const { body } = await http.post('/predict').send({ inputs, top_k: 3 }).expect(200);
  const { warnings, ...answer } = body as PredictionResponse;
  expect(answer).toEqual(await predict(modelServer, { inputs, topK: 3 }));
  expect(warnings).toEqual([
    {
      code: 'NO_INK',
      count: 1,
      message: 'inputs[1] is blank: there is nothing drawn, and the answer means nothing.',
    },
  ]);
  const { predictions } = answer;
  expect(predictions).toHaveLength(3);
  expect(predictions[0]?.top).toHaveLength(3);
  expect(predictions[0]?.probabilities).toHaveLength(10);
});

test('names no class where the confidence is below what is asked for', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  const ask = async (options: object): Promise<PredictionResponse['predictions'][number] | undefined> => {
    const { body } = await http
      .post('/predict')
      .send({ inputs: [digit], ...options })
      .expect(200);
    return (body as PredictionResponse).predictions[0];
  };
  const plain = await ask({});
  expect(plain).not.toHaveProperty('abstained');
  const { confidence = 0 } = plain ?? {};
  expect(await ask({ abstain_below: confidence })).toEqual({ ...plain, abstained: false });
  expect(await ask({ abstain_below: Math.min(1, confidence + 1e-6) })).toEqual({
    ...plain,
    label: null,
    index: null,
    abstained: true,
  });
  await http
    .post('/predict')
    .send({ inputs: [digit], abstain_below: 2 })
    .expect(400);
});

test('ranks the classes only when asked to', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  const { body } = await http
    .post('/predict')
    .send({ inputs: [blank] })
    .expect(200);
  expect((body as PredictionResponse).predictions[0]).not.toHaveProperty('top');
});

test('answers from the latest version, or from the one that is asked for', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits('mnist-mlp', 1);
  await publishDigits('mnist-mlp', 2);
  await publishDigits('other', 3, { createdAt: '2025-01-01T00:00:00.000Z' });
  const ask = async (body: object): Promise<object> =>
    (await http.post('/predict').send({ inputs: [digit], ...body })).body as object;
  expect(await ask({})).toMatchObject({ model: 'mnist-mlp', version: 2 });
  expect(await ask({ version: 1 })).toMatchObject({ model: 'mnist-mlp', version: 1 });
  expect(await ask({ model: 'other' })).toMatchObject({ model: 'other', version: 1 });
  expect(await ask({ model: 'nope' })).toMatchObject({
    status: 404,
    code: 'MODEL_NOT_FOUND',
    pointer: '/model',
  });
  expect(await ask({ version: 9 })).toMatchObject({ status: 404, code: 'VERSION_NOT_FOUND' });
});

test('takes instances for inputs', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  const ask = async (body: object): Promise<unknown> => (await http.post('/predict').send(body)).body;
  expect(await ask({ instances: [digit] })).toEqual(await ask({ inputs: [digit] }));
});

test('refuses options in the query string, because the body holds them', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  const answer = await http.post('/predict?top_k=3').send({ inputs: [digit] });
  expect(answer.status).toBe(400);
  expect((answer.body as Problem).detail).toBe(
    'top_k belongs in the body of a JSON request, not in the query string.',
  );
});

test('takes 1024 digits with all their digits', async () => {
  const { http, publishDigits } = await startService();
  await publishDigits();
  const inputs = Array.from({ length: 1024 }, (_, row) => blank.map((_, column) => (row + column + 1) / 7.7));
  const text = JSON.stringify({ inputs });
  expect(text.length).toBeGreaterThan(12 * 2 ** 20);
  const { body } = await http.post('/predict').type('json').send(text).expect(200);
  expect((body as PredictionResponse).predictions).toHaveLength(1024);
});

test('before any model it says what to do', async () => {
  const { http } = await startService();
  const { status, body, headers } = await http.post('/predict').send({ inputs: [digit] });
  expect(status).toBe(503);
  expect(body).toMatchObject({ code: 'MODEL_NOT_READY' });
  expect((body as Problem).detail).toContain('POST /v1/jobs');
  expect(headers['retry-after']).toBe('5');
});

describe('refuses', () => {
  const replaced = (index: number, value: unknown): unknown[] => blank.with(index, value as number);

  test.each<[detail: string | RegExp, pointer: string | undefined, body: unknown]>([
    [/783 numbers; the model takes 784/, '/inputs/0', { inputs: [blank.slice(1)] }],
    [/785 numbers/, '/inputs/1', { inputs: [blank, [...blank, 0]] }],
    [/0 numbers/, '/inputs/0', { inputs: [[]] }],
    ['inputs must have at least 1 item.', '/inputs', { inputs: [] }],
    ['inputs must have at most 1024 items.', '/inputs', { inputs: new Array(1025).fill([0]) }],
    [/^The body must have one of these, and no more than one: inputs, instances/, '', {}],
    [/^The body must have one of these/, '', { inputs: [blank], instances: [blank] }],
    [/783 numbers/, '/instances/0', { instances: [blank.slice(1)] }],
    ['instances must have at least 1 item.', '/instances', { instances: [] }],
    [
      'version and alias cannot be given together.',
      undefined,
      { inputs: [blank], version: 1, alias: 'latest' },
    ],
    ['inputs must be an array.', '/inputs', { inputs: 'abc' }],
    ['inputs[0] must be an array or an object.', '/inputs/0', { inputs: blank }],
    ['inputs[0][5] is not a finite float32 number', '/inputs/0/5', { inputs: [replaced(5, '7')] }],
    ['inputs[0][5] is not a finite float32 number', '/inputs/0/5', { inputs: [replaced(5, null)] }],
    ['inputs[0][5] is not a finite float32 number', '/inputs/0/5', { inputs: [replaced(5, NaN)] }],
    [/not a finite float32/, '/inputs/0/783', { inputs: [replaced(783, 1e300)] }],
    ['version must be at least 1.', '/version', { inputs: [blank], version: 0 }],
    ['version must be an integer.', '/version', { inputs: [blank], version: '1' }],
    ['top_k must be at least 1.', '/top_k', { inputs: [blank], top_k: 0 }],
    [
      /^image_fit is unknown here; there are: inputs, instances, model/,
      '/image_fit',
      { inputs: [blank], image_fit: 'digit' },
    ],
    ['The body must be an object.', '', [blank]],
  ])('%s', async (detail, pointer, body) => {
    const { http, publishDigits } = await startService();
    await publishDigits();
    const answer = await http.post('/predict').send(body as object);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'INVALID_REQUEST', ...(pointer !== undefined && { pointer }) });
    expect((answer.body as Problem).detail).toMatch(detail);
  });

  test.each([
    ['NaN', 'MALFORMED_JSON'],
    ['1e999', 'INVALID_REQUEST'],
    ['-1e999', 'INVALID_REQUEST'],
  ])('%s for a pixel', async (pixel, code) => {
    const { http, publishDigits } = await startService();
    await publishDigits();
    const text = `{"inputs": [[${[pixel, ...blank.slice(1)].join()}]]}`;
    const answer = await http.post('/predict').type('json').send(text);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code });
  });

  test('no body', async () => {
    const { http } = await startService();
    expect((await http.post('/predict')).body).toMatchObject({
      status: 400,
      code: 'INVALID_REQUEST',
      pointer: '',
    });
  });

  test('a body of 33 MB', async () => {
    const { http } = await startService();
    const answer = await http
      .post('/predict')
      .type('json')
      .send(' '.repeat(33 * 2 ** 20));
    expect(answer.status).toBe(413);
    expect((answer.body as Problem).detail).toContain('32 MB');
  });
});

test("the documented example is the first digit of MNIST's test split", async () => {
  const { test: split } = await loadMnist();
  expect(exampleDigit).toEqual([...split.inputs.subarray(0, 784)]);
  expect(split.targets[0]).toBe(7);
});
