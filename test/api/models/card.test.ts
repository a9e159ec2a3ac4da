/** The card of a version: every line follows from what is stored. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../../src/jobs/views/job.js';
import type { ModelCard } from '../../../src/jobs/views/model-card.js';
import { openService, type TestService } from '../service.js';
import { train, upload } from '../trained.js';

const days = Array.from({ length: 150 }, (_, i) => i);
const csv = `when,size,kind,id,|price|\n${days
  .map((i) => {
    const date = new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10);
    return `${date},${i % 9 === 0 ? '' : (i * 37) % 100},${['a', 'b', 'c'][i % 3]},n${i},${2 * ((i * 37) % 100) + 5}`;
  })
  .join('\n')}\n`;

let service: TestService;
let trained: Job;
beforeAll(async () => {
  service = await openService();
  await upload(service, 'sales', csv);
  const request = {
    dataset: 'sales',
    target: '|price|',
    model: 'prices',
    epochs: 2,
    engine: 'wasm',
    publish_if: 'always',
  };
  trained = await train(service, request);
});
afterAll(() => service.stop());

test('says what the version learned from and how, how good it is, and where it ends', async () => {
  const { body } = await service.http.get('/v1/models/prices/versions/1/card').expect(200);
  const card = body as ModelCard;
  const dataset = await service.http.get('/v1/datasets/sales').expect(200);
  expect(card).toMatchObject({
    object: 'model_card',
    model: 'prices',
    version: 1,
    task: 'regression',
    target: ['|price|'],
    data: { dataset: 'sales', version: 1, sha256: (dataset.body as { sha256: string }).sha256 },
    training: { job_id: trained.id, engine: 'wasm' },
    reproduce: { reproduce: { model: 'prices', version: 1 } },
  });
  const recipe = new Map(card.recipe.map(({ field, ...line }) => [field, line]));
  expect(recipe.get('epochs')).toEqual({ value: 2, reason: null });
  expect(recipe.get('network.hidden')?.reason).toBe(trained.spec.reasons?.['network.hidden']);
  const [test] = card.figures;
  expect(test.split).toBe('test');
  const rmse = test.figures.find(({ name }) => name === 'rmse');
  expect(rmse).toMatchObject({ value: trained.evaluation?.test?.figures.rmse });
  expect(rmse?.linear).toBe(trained.evaluation?.test?.baselines.linear?.rmse);
  expect(card.limits).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/when 2024-01-01 to .*, size \d+ to 99\.$/),
      expect.stringContaining('never empty in training'),
      expect.stringContaining('does not look at these columns of the data: id'),
      expect.stringContaining('were not divided by time'),
      expect.stringMatching(/^It was tested on \d+ rows only/),
    ]) as string[],
  );
});

test('is Markdown where it is asked for, and names from the data are no markup in it', async () => {
  const url = '/v1/models/prices/versions/1/card';
  const { text, headers } = await service.http.get(url).set('accept', 'text/markdown').expect(200);
  expect(headers['content-type']).toBe('text/markdown; charset=utf-8');
  expect(text).toMatch(/^# prices, version 1\n\nPredicts \\\|price\\\| \(regression\)/);
  expect(text).toContain(`'{"reproduce":{"model":"prices","version":1}}'`);
  expect((await service.http.get(`${url}?format=markdown`).expect(200)).text).toBe(text);
});

test('says of a version that no job trained that its data are not known', async () => {
  await service.publishDigits('digits');
  const { body } = await service.http.get('/v1/models/digits/versions/1/card').expect(200);
  expect(body).toMatchObject({ data: null, training: null, reproduce: null, recipe: [], figures: [] });
  const markdown = await service.http.get('/v1/models/digits/versions/1/card?format=markdown').expect(200);
  expect(markdown.text).not.toContain('## Reproduce');
});
