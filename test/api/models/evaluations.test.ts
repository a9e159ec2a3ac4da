/** Evaluations over HTTP, of what jobs trained: those of versions and those on other data; held and pinned versions; warm starts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ShownEvaluation } from '../../../src/api/jobs/evaluation-schemas.js';
import { createDatasetStore } from '../../../src/data/store.js';
import { createDatasetEvaluations } from '../../../src/jobs/evaluations/dataset-evaluations.js';
import { startKeyedService } from '../access/keyed-service.js';
import { openService, type TestService } from '../service.js';
import { train, upload } from '../trained.js';

/** `churned` follows from `tenure`; `kind` is a third class in some rows. */
function customers(from: number, count: number, kind?: string): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const row = from + i;
    const x = Math.sin(row * 12.9898) * 43_758.5453;
    const tenure = 10 * (x - Math.floor(x));
    const churned = kind !== undefined && tenure > 8 ? kind : tenure < 4 ? 'yes' : 'no';
    return `${tenure.toFixed(2)},${['Oslo', 'Bergen'][row % 2]},${row % 3},${row % 10 === 9 ? '' : churned}`;
  });
  return ['tenure,city,importance,churned', ...lines, ''].join('\n');
}

const small = {
  dataset: 'churn',
  target: 'churned',
  columns: { importance: { role: 'weight' } },
  network: { hidden: [{ units: 6 }] },
  optimizer: { learning_rate: 0.02 },
  epochs: 6,
  seed: 2,
  engine: 'reference',
};

let service: TestService;
beforeAll(async () => {
  service = await openService();
  await upload(service, 'churn', customers(0, 240));
  await upload(service, 'later', customers(1_000, 60));
  const renamed = customers(2_000, 30).replace('churned', 'left').replace('importance', 'share');
  await upload(service, 'renamed', renamed);
  await upload(service, 'narrow', customers(0, 30).replaceAll(/^([^,]+),[^,]+,/gm, '$1,'));
  await upload(service, 'other-classes', customers(0, 60, 'perhaps'));
  await upload(service, 'odd-weights', customers(0, 30).replace(/,0,(yes|no)/, ',-1,$1'));
  await service.publishDigits();
  expect(await train(service, small)).toMatchObject({ status: 'succeeded', publication: { served: true } });
});
afterAll(() => service.stop());

const evaluate = (request: object, model = 'churn') =>
  service.http.post(`/v1/models/${model}/evaluate`).send(request);

async function evaluated(request: object): Promise<ShownEvaluation> {
  return (await evaluate(request).expect(200)).body as ShownEvaluation;
}

describe('a version', () => {
  test('has the evaluation that its job made, and the job shows it in short', async () => {
    const { body } = await service.http.get('/v1/models/churn/versions/1/evaluation').expect(200);
    expect(body).toMatchObject({
      object: 'evaluation',
      model: { name: 'churn', version: 1 },
      dataset: { name: 'churn', version: 1 },
      labels: ['no', 'yes'],
      importance: { figure: 'log_loss' },
    });
    const { test: onTest } = body as ShownEvaluation;
    const { body: model } = await service.http.get('/v1/models/churn/versions/1').expect(200);
    const { figures, weights } = onTest ?? {};
    expect(model).toMatchObject({ evaluation: { test: { figures, weights } } });
    expect(weights?.sum).toBeGreaterThan(0);
    expect(model).toMatchObject({ columns: [{ name: 'tenure', typical: expect.any(Number) as 5 }, {}] });
  });

  test('has what pages draw: a curve whose point at its threshold is the confusion matrix, and rows behind each cell', async () => {
    const { body } = await service.http.get('/v1/models/churn/versions/1/evaluation').expect(200);
    const { test: onTest, examples, positive, labels = [] } = body as ShownEvaluation;
    const { confusion = [], thresholds = [], calibration_bins: bins = [], weights } = onTest ?? {};
    const yes = labels.indexOf(positive ?? '');
    const point = thresholds.find(({ at_least }) => at_least === 0.5);
    expect(point?.true_positives).toBeCloseTo(confusion[yes]?.[yes] ?? NaN, 9);
    expect(point?.false_positives).toBeCloseTo(confusion[1 - yes]?.[yes] ?? NaN, 9);
    expect(bins.reduce((sum, { rows }) => sum + rows, 0)).toBeCloseTo(weights?.sum ?? NaN, 9);
    expect(examples?.split).toBe('test');
    const { body: rows } = await service.http.get('/v1/datasets/churn/versions/1/rows?limit=100').expect(200);
    const { data } = rows as { data: { churned: boolean | string | null }[] };
    const shown = examples?.rows[yes]?.[yes]?.filter((row) => row < 100) ?? [];
    for (const row of shown) expect([true, 'yes']).toContain(data[row]?.churned);
    expect(examples?.rows.flat(2).length).toBeGreaterThan(0);
  });

  test('that was not evaluated, or is not there, says so', async () => {
    const { body } = await service.http.get('/v1/models/mnist-mlp/versions/1/evaluation').expect(404);
    expect(body).toMatchObject({ code: 'EVALUATION_NOT_FOUND' });
    const { body: unknown } = await service.http.get('/v1/models/churn/versions/99/evaluation').expect(404);
    expect(unknown).toMatchObject({ code: 'VERSION_NOT_FOUND' });
  });
});

describe('an evaluation on another dataset', () => {
  test('leaves out rows without a target, and weighs the others as the training rows were', async () => {
    const weighted = await evaluated({ dataset: 'later' });
    expect(weighted).toMatchObject({
      object: 'evaluation',
      model: { name: 'churn', version: 1 },
      dataset: { name: 'later', version: 1 },
      weight: 'importance',
      left_out: { without_target: 6, unreadable: 0 },
      test: { rows: 54, weights: { sum: 54 } },
      mistakes: { split: 'test' },
    });
    expect(weighted.test?.figures.accuracy).toBeGreaterThan(weighted.test?.baselines.constant.accuracy ?? 1);
    const once = await evaluated({ dataset: 'later', weight: null });
    expect(once.weight).toBeUndefined();
    expect(once.test?.weights).toBeUndefined();
    expect(once.test?.confusion?.flat().reduce((sum, count) => sum + count, 0)).toBe(54);
    expect(once.test?.figures.log_loss).not.toBe(weighted.test?.figures.log_loss);
  });

  test('takes the columns that it is told', async () => {
    const { body } = await evaluate({ dataset: 'renamed' }).expect(400);
    expect(body).toMatchObject({ code: 'INVALID_REQUEST', pointer: '/target' });
    const found = await evaluated({ dataset: 'renamed', target: 'left', weight: 'share' });
    expect(found).toMatchObject({ weight: 'share', test: { rows: 27 } });
    // Without a column of the name that weighed the training rows, each row counts once.
    expect((await evaluated({ dataset: 'renamed', target: 'left' })).weight).toBeUndefined();
  });

  test.each<[object, number, object]>([
    [
      { dataset: 'narrow' },
      400,
      { code: 'INVALID_REQUEST', pointer: '/dataset', detail: /no column "city"/ },
    ],
    [{ dataset: 'other-classes' }, 400, { code: 'INVALID_REQUEST', detail: /"perhaps".*no, yes/ }],
    [{ dataset: 'odd-weights' }, 400, { code: 'INVALID_REQUEST', pointer: '/weight', detail: /"-1"/ }],
    [{ dataset: 'later', weight: 'city' }, 400, { pointer: '/weight', detail: /numbers from 0/ }],
    [{ dataset: 'later', weight: 'absent' }, 400, { pointer: '/weight', detail: /no column "absent"/ }],
    [{ dataset: 'later', target: ['churned', 'city'] }, 400, { pointer: '/target' }],
    [{ dataset: 'later', version: 99 }, 404, { code: 'VERSION_NOT_FOUND' }],
    [{ dataset: 'later', version: 1, alias: 'latest' }, 400, { pointer: '/alias' }],
    [{ dataset: 'later', alias: 'production' }, 404, { code: 'ALIAS_NOT_FOUND' }],
    [{ dataset: 'absent' }, 422, { code: 'DATASET_NOT_FOUND' }],
    [{ dataset: { name: 'later', version: 9 } }, 422, { code: 'DATASET_VERSION_NOT_FOUND' }],
    [{}, 400, { pointer: '/dataset' }],
  ])('says what is wrong: %j', async (request, status, { detail, ...expected }: { detail?: RegExp }) => {
    const { body } = await evaluate(request).expect(status);
    expect(body).toMatchObject(expected);
    if (detail) expect((body as { detail: string }).detail).toMatch(detail);
  });

  test('is of no use to a model that takes other inputs', async () => {
    const { body } = await evaluate({ dataset: 'later' }, 'mnist-mlp').expect(422);
    expect(body).toMatchObject({ code: 'INPUT_UNSUPPORTED', pointer: '/dataset' });
    await evaluate({ dataset: 'later' }, 'nobody').expect(404);
  });

  test('ends where its client has gone or the service stops, and not at its end', async () => {
    const datasets = createDatasetStore(service.storage);
    const evaluations = createDatasetEvaluations({ datasets, models: service.modelServer });
    let turns = 0;
    const count = (): Promise<void> => {
      turns++;
      return Promise.resolve();
    };
    await evaluations.evaluate('churn', { dataset: 'later' }, count);
    expect(turns).toBeGreaterThan(0);
    const gone = () => Promise.reject(new Error('The client went away.'));
    await expect(evaluations.evaluate('churn', { dataset: 'later' }, gone)).rejects.toThrow('went away');
    await expect(evaluations.evaluate('mnist-mlp', { dataset: 'mnist' }, gone)).rejects.toThrow('went away');
  });
});

test('only keys that may train evaluate, and every key reads evaluations', async () => {
  const keyed = await startKeyedService();
  const predicting = await keyed.make(['predict']);
  const training = await keyed.make(['train']);
  const post = '/v1/models/churn/evaluate';
  const ask = (path: string, key: string) =>
    fetch(keyed.url + path, {
      method: path === post ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(path === post && { body: JSON.stringify({ dataset: 'later' }) }),
    });
  expect((await ask(post, predicting)).status).toBe(403);
  // Here there are neither datasets nor models.
  expect((await ask(post, training)).status).toBe(422);
  expect((await ask('/v1/models/churn/versions/1/evaluation', predicting)).status).toBe(404);
});

describe('a version that its gate holds', () => {
  const answering = async (request: object): Promise<unknown> => {
    const inputs = [{ tenure: 1, city: 'Oslo' }];
    const { body } = await service.http.post('/predict').send({ model: 'churn', inputs, ...request });
    return body;
  };

  test('answers by its number and is evaluated, is not latest, and is once it is promoted by hand', async () => {
    const job = await train(service, {
      ...small,
      seed: 3,
      publish_if: { metric: 'accuracy', at_least: 1 },
      epochs: 1,
    });
    expect(job).toMatchObject({
      status: 'succeeded',
      publication: { version: 2, served: false, held: true, pinned_to: null },
    });
    expect(await answering({})).toMatchObject({ version: 1 });
    expect(await answering({ version: 2 })).toMatchObject({ version: 2 });
    expect(await evaluated({ dataset: 'later', version: 2 })).toMatchObject({ model: { version: 2 } });
    expect(await evaluated({ dataset: 'later' })).toMatchObject({ model: { version: 1 } });
    await service.http.get('/v1/models/churn/versions/2/evaluation').expect(200);
    await service.http.put('/v1/models/churn/aliases/latest').send({ version: 2 }).expect(200);
    expect(await answering({})).toMatchObject({ version: 2 });
    expect(await evaluated({ dataset: 'later' })).toMatchObject({ model: { version: 2 } });
  });

  test('a rollback pins latest, and a job says so of what it publishes', async () => {
    await service.http.post('/v1/models/churn/rollback').expect(200);
    expect(await answering({})).toMatchObject({ version: 1 });
    const job = await train(service, { ...small, publish_if: 'always', epochs: 1 });
    const pinned = {
      version: 3,
      served: false,
      held: false,
      pinned_to: 1,
      reasons: ['latest is pinned to version 1 until it is set to another one or removed.'],
    };
    expect(job).toMatchObject({ status: 'succeeded', publication: pinned });
    const { body } = await service.http.get(`/v1/jobs/${job.id}/events`).expect(200);
    expect(body).toMatchObject({
      data: expect.arrayContaining([
        expect.objectContaining({ type: 'published', ...pinned }) as object,
      ]) as unknown,
    });
    expect(await answering({})).toMatchObject({ version: 1 });
    await service.http.delete('/v1/models/churn/aliases/latest').expect(204);
    expect(await answering({})).toMatchObject({ version: 3 });
  });
});

test('a job starts from a version, and gets room for the classes that were added', async () => {
  const { columns, target } = small;
  const request = {
    dataset: 'other-classes',
    target,
    columns,
    model: 'wider',
    epochs: 2,
    engine: 'reference',
  };
  const job = await train(service, {
    ...request,
    publish_if: 'always',
    init_from: { model: 'churn', version: 1 },
  });
  expect(job).toMatchObject({
    status: 'succeeded',
    spec: { init_from: { model: 'churn', version: 1 }, network: { hidden: [{ units: 6 }] } },
  });
  const { body } = await service.http
    .post('/predict')
    .send({ model: 'wider', inputs: [{ tenure: 1, city: 'Oslo' }], probabilities: true })
    .expect(200);
  expect(body).toMatchObject({ model: 'wider', predictions: [{ probabilities: { length: 3 } }] });
  const { body: version } = await service.http.get('/v1/models/wider/versions/1/evaluation').expect(200);
  expect(version).toMatchObject({ labels: ['no', 'perhaps', 'yes'] });
  const refused = { ...request, init_from: { model: 'churn', version: 9 } };
  const { body: unknown } = await service.http.post('/v1/jobs').send(refused);
  expect(unknown).toMatchObject({
    status: expect.any(Number) as number,
    detail: expect.stringContaining('9') as string,
  });
});
