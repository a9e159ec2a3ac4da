/** An ensemble in the API: what is shown of it, and that every protocol answers with the mean of its members. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../../src/jobs/views/job.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { applyHead, classHead, type Head } from '../../../src/model/heads/head.js';
import {
  decodeModelFile,
  encodeModelFile,
  ensembleOf,
  membersOfModel,
} from '../../../src/model/files/model-file.js';
import { readTableRows } from '../../../src/model/serving/table-inputs.js';
import { parametersOf } from '../../model/small-model.js';
import { fitted, houses, tableDescription } from '../../model/small-table.js';
import { openService, type TestService } from '../service.js';

const columns = houses.slice(0, 3);
const names = columns.map(({ name }) => name);
const rows = Array.from({ length: 6 }, (_, row) => columns.map(({ texts }) => texts[row] ?? null));
const instances = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
const heads: Record<string, Head> = {
  kinds: { ...classHead('cross_entropy', ['cheap', 'dear']), threshold: { positive: 1, at_least: 0.3 } },
  distances: classHead('one_hot_mse', ['cheap', 'dear']),
  prices: { kind: 'values', names: ['price'], scaling: [{ mean: 400, std: 120 }] },
};

let service: TestService;
beforeAll(async () => {
  service = await openService();
  for (const [model, head] of Object.entries(heads)) {
    const description = tableDescription(fitted(columns), head);
    const { description: ensemble, parameters } = ensembleOf(
      [1, 2, 3].map((seed) => ({ description, parameters: parametersOf(description.network, seed) })),
    );
    const file = encodeModelFile(ensemble, parameters);
    const publication = { model, runId: `job_${model}`, step: 1, file, metrics: {}, now: new Date(0) };
    await service.registry.publish(publication);
  }
  await service.modelServer.refresh();
});
afterAll(() => service.stop());

/** (rows, outputs) The mean of what the members of the downloaded file answer, each by itself. */
async function meansOf(model: string): Promise<number[]> {
  const answer = await fetch(`${service.url}/v1/models/${model}/versions/1/model.safetensors`);
  expect(answer.status).toBe(200);
  const decoded = decodeModelFile(Buffer.from(await answer.arrayBuffer()));
  const { head, network, scaling, preprocessing } = decoded.description;
  if (preprocessing === undefined) throw new Error('It takes columns');
  const { inputs, count } = readTableRows(preprocessing, rows, names);
  const sums = new Float64Array(count * network.outputs);
  for (const parameters of membersOfModel(decoded)) {
    const predictor = await createReferenceEngine().predictor({ network, scaling }, parameters);
    applyHead(head, await predictor.predict(inputs, count)).forEach((result, i) => (sums[i] += result));
  }
  return [...sums.map((sum) => sum / 3)];
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-4));
}

async function predicted(model: string) {
  const { body } = await service.http.post('/predict').send({ model, inputs: instances }).expect(200);
  return (body as { predictions: { label: string; probabilities: number[]; value: number }[] }).predictions;
}

describe('an ensemble of classifiers', () => {
  test.each(['kinds', 'distances'])('answers with the mean of the probabilities: %s', async (model) => {
    const means = await meansOf(model);
    const predictions = await predicted(model);
    expectClose(
      predictions.flatMap(({ probabilities }) => probabilities),
      means,
    );
    const { threshold } = heads[model] as { threshold?: object };
    const atLeast = threshold === undefined ? 0.5 : 0.3;
    const labels = rows.map((_, row) => ((means[2 * row + 1] ?? NaN) >= atLeast ? 'dear' : 'cheap'));
    expect(predictions.map(({ label }) => label)).toEqual(labels);
  });

  test('does so in every protocol', async () => {
    const means = await meansOf('kinds');
    const inferred = await service.http
      .post('/v2/models/kinds/infer')
      .send({
        inputs: names.map((name, i) => ({
          name,
          datatype: 'BYTES',
          shape: [rows.length, 1],
          data: rows.map((row) => row[i] ?? ''),
        })),
      })
      .expect(200);
    const { outputs } = inferred.body as { outputs: { data: number[] }[] };
    expectClose(outputs[0]?.data ?? [], means);
    const tensorflow = await service.http.post('/v1/models/kinds:predict').send({ instances }).expect(200);
    expectClose((tensorflow.body as { predictions: number[][] }).predictions.flat(), means);
    const csv = [names, ...rows].map((row) => row.map((cell) => cell ?? '').join(',')).join('\n');
    const batch = await service.http
      .post('/v1/models/kinds/batch?probabilities=true')
      .type('text/csv')
      .send(csv)
      .expect(200);
    const lines = batch.text.trim().split('\n').slice(1);
    expectClose(
      lines.flatMap((line) => line.split(',').slice(-3, -1).map(Number)),
      means,
    );
  });
});

test('an ensemble that predicts numbers answers with their mean', async () => {
  const means = await meansOf('prices');
  expectClose(
    (await predicted('prices')).map(({ value }) => value),
    means,
  );
});

test('a version shows how many members it has, and the parameters of all', async () => {
  const { body } = await service.http.get('/v1/models/kinds/versions/1').expect(200);
  const { network } = tableDescription(fitted(columns));
  const ofEach = 4 * (network.inputs + 1) + 2 * 5;
  expect(body).toMatchObject({ ensemble: 3, parameters: 3 * ofEach });
});

describe('a job that asks for an ensemble', () => {
  test('shows it, with the steps of all members', async () => {
    const { body } = await service.http.post('/v1/jobs').send({ ensemble: 4, epochs: 2 }).expect(202);
    const job = body as Job;
    expect(job).toMatchObject({
      spec: { ensemble: 4, epochs: 2 },
      progress: { member: 1, members: 4, epoch: 0, epochs: 2, steps: 4 * 2 * 938 },
    });
    const single = await service.http.post('/v1/jobs').send({ ensemble: 1 }).expect(202);
    expect((single.body as Job).spec.ensemble).toBeUndefined();
    expect((single.body as Job).progress.members).toBeUndefined();
  });

  test.each([
    [{ ensemble: 17 }, '/ensemble', /at most 16/],
    [{ ensemble: 0 }, '/ensemble', /at least 1/],
    [{ ensemble: 2.5 }, '/ensemble', /integer/],
    [{ ensemble: 2, publish: 'every_checkpoint' }, '/publish', /best or final/],
  ])('is refused where it cannot be trained: %j', async (request, pointer, detail) => {
    const { body } = await service.http.post('/v1/jobs').send(request).expect(400);
    expect(body).toMatchObject({ code: 'INVALID_REQUEST', pointer });
    expect((body as { detail: string }).detail).toMatch(detail);
  });
});
