import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeIn } from '../../../src/data/versions/take-in.js';
import type { Job } from '../../../src/jobs/views/job.js';
import { openService, type TestService } from '../service.js';

const rows = Array.from(
  { length: 60 },
  (_, row) =>
    `${row},${['Oslo', 'Bergen'][row % 2]},${row % 10 === 3 ? '' : (['yes', 'no'][row % 3] ?? 'no')}`,
);
const csv = ['__proto__,city,churned', ...rows, ''].join('\n');

let service: TestService;
beforeAll(async () => {
  service = await openService();
  await service.http.post('/v1/datasets?name=churn').type('text/csv').send(csv).expect(202);
  for (const id of service.uploads) await takeIn(service.storage, id, { mostIdxBytes: 2 ** 20 });
});
afterAll(() => service.stop());

const submit = (request: object) => service.http.post('/v1/jobs').send(request);

test('a job on a table shows what it does with it, and its split can be downloaded', async () => {
  const { body } = await submit({
    dataset: { name: 'churn', version: 1 },
    target: 'churned',
    columns: [{ name: '__proto__', role: 'time' }],
    class_weight: { yes: 2 },
  }).expect(202);
  const job = body as Job;
  expect(job).toMatchObject({
    model: 'churn',
    dataset: 'churn',
    dataset_version: 1,
    spec: {
      task: 'classification',
      target: ['churned'],
      columns: [
        { name: '__proto__', role: 'time', type: 'number' },
        { name: 'city', role: 'feature', type: 'category' },
        { name: 'churned', role: 'target' },
      ],
      class_weight: { yes: 2 },
      preset: 'auto',
      encoding: 'robust',
      split: { by: 'time', column: '__proto__', validation: 0.1, test: 0.1 },
      rows: { train: 44, validation: 5, test: 5, left_out: 6, without_target: 6 },
    },
  });
  const split = await service.http.get(`/v1/jobs/${job.id}/split`).expect(200);
  expect(split.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
  expect(split.headers['content-disposition']).toBe(`attachment; filename="${job.id}-split.csv"`);
  const lines = split.text.trimEnd().split('\n');
  expect(lines.slice(0, 5)).toEqual(['row,split', '0,train', '1,train', '2,train', '3,left_out']);
  expect(lines.at(-1)).toBe('59,test');
  const { body: listed } = await service.http.get('/v1/jobs?dataset=churn&dataset_version=1').expect(200);
  expect(listed).toMatchObject({ data: [{ id: job.id }] });
});

test('a plan shows what would be trained and why, and stores nothing', async () => {
  const request = { dataset: 'churn', target: 'churned', epochs: 3 };
  const before = (await service.store.ids()).length;
  const { body } = await service.http.post('/v1/jobs/plan').send(request).expect(200);
  expect(body).toMatchObject({
    object: 'job_plan',
    model: 'churn',
    dataset: 'churn',
    dataset_version: 1,
    spec: {
      task: 'classification',
      target: ['churned'],
      epochs: 3,
      rows: { train: 44, validation: 5, test: 5 },
      reasons: { batch_size: expect.stringContaining('54 rows') as string },
    },
    steps: 6,
    parameters: expect.any(Number) as number,
  });
  expect(await service.store.ids()).toHaveLength(before);
  const { body: job } = await submit(request).expect(202);
  expect((job as Job).spec).toEqual((body as { spec: Job['spec'] }).spec);
  await service.http.post('/v1/jobs/plan').send({ dataset: 'churn', target: 'churnd' }).expect(400);
});

test.each<[object, string, RegExp]>([
  [{ dataset: 5 }, '/dataset', /a string or an object/],
  [{ dataset: { name: 'churn', version: 0 } }, '/dataset/version', /at least 1/],
  [{ dataset: 'churn' }, '/target', /"__proto__", "city", "churned"/],
  [{ dataset: 'churn', target: 'churnd' }, '/target', /Did you mean "churned"/],
  [{ dataset: 'churn', target: [] }, '/target', /at least 1 item/],
  [{ dataset: 'churn', columns: { city: { role: 'featur' } } }, '/columns/city/role', /Did you mean feature/],
  [{ dataset: 'churn', columns: { 'a/b': { type: 'text' } } }, '/columns/a~1b', /no column "a\/b"/],
  [{ dataset: 'churn', columns: [{ role: 'ignore' }] }, '/columns/0/name', /missing/],
  [
    { dataset: 'churn', target: 'churned', class_weight: 'balance' },
    '/class_weight',
    /none, balanced, or weights/,
  ],
  [{ dataset: 'churn', target: 'churned', split: { by: 'groups' } }, '/split/by', /Did you mean group/],
  [{ dataset: 'mnist', target: 'label' }, '/target', /is for tables/],
  [{ dataset: 'mnist', encoding: 'robust' }, '/encoding', /is for tables/],
  [{ dataset: 'churn', target: 'churned', encoding: 'robus' }, '/encoding', /Did you mean robust/],
])('a request that cannot be trained says what to change: %j', async (request, pointer, detail) => {
  const { body } = await submit(request).expect(400);
  expect(body).toMatchObject({ code: 'INVALID_REQUEST', pointer });
  expect((body as { detail: string }).detail).toMatch(detail);
});
