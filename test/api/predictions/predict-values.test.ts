/** A model that predicts values, over every protocol. */
import { expect, test } from 'vitest';
import { encodeModelFile, type ModelDescription } from '../../../src/model/files/model-file.js';
import { parametersOf, smallDescription } from '../../model/small-model.js';
import { startService, type TestService } from '../service.js';

/** 3 → 4 → as many values as there are names. */
function describedAs(names: string[]): ModelDescription {
  const network = { ...smallDescription.network, outputs: names.length };
  return { ...smallDescription, network, head: { kind: 'values', names } };
}

async function setUp(names: string[]): Promise<TestService> {
  const service = await startService();
  const description = describedAs(names);
  const file = encodeModelFile(description, parametersOf(description.network, 1));
  const publication = { model: 'houses', runId: 'job_1', step: 1, file, metrics: null, now: new Date(0) };
  await service.registry.publish(publication);
  await service.modelServer.refresh();
  return service;
}

const inputs = [
  [0, 100, 255],
  [1, 2, 3],
];

test('one value is answered as value, and several by name', async () => {
  const one = await setUp(['price']);
  const { body } = await one.http.post('/predict').send({ inputs }).expect(200);
  const value = expect.any(Number) as number;
  expect(body).toEqual({ model: 'houses', version: 1, predictions: [{ value }, { value }] });

  const two = await setUp(['price', 'area']);
  const answer = await two.http.post('/predict').send({ inputs }).expect(200);
  const values = { price: value, area: value };
  expect(answer.body).toEqual({ model: 'houses', version: 1, predictions: [{ values }, { values }] });
});

test.each([
  ['/predict', { inputs, top_k: 1 }],
  [
    '/v2/models/houses/infer',
    {
      inputs: [{ name: 'input', datatype: 'FP32', shape: [2, 3], data: inputs }],
      outputs: [{ name: 'price', parameters: { classification: 1 } }],
    },
  ],
  ['/v1/models/houses:classify', { examples: inputs.map((input) => ({ input })) }],
])('%s refuses to classify with it: %j', async (path, body) => {
  const { http } = await setUp(['price']);
  const answer = await http.post(path).send(body).expect(400);
  expect(JSON.stringify(answer.body)).toContain('The model predicts values, so it cannot classify samples');
});

test('it is shown without labels', async () => {
  const { http } = await setUp(['price']);
  const { body } = await http.get('/v1/models/houses/versions/1').expect(200);
  expect(body).toMatchObject({ labels: [] });
});
