/** Training a published version again, through the API: whether the same bits come out, and what is refused. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../../src/jobs/views/job.js';
import { smallModelFile } from '../../model/small-model.js';
import { openService, type TestService } from '../service.js';
import { train, upload } from '../trained.js';

const csv = `x,y,side\n${Array.from({ length: 120 }, (_, i) => `${Math.sin(i)},${Math.cos(7 * i)},${Math.sin(i) > 0.1 ? 'left' : 'right'}`).join('\n')}\n`;
const request = { dataset: 'points', target: 'side', model: 'sides', epochs: 3, engine: 'wasm', seed: 4 };

let service: TestService;
let trained: Job;
beforeAll(async () => {
  service = await openService();
  await upload(service, 'points', csv);
  trained = await train(service, { ...request, calibrated: true });
});
afterAll(() => service.stop());

test('the same bits come out, and nothing is published', async () => {
  const job = await train(service, { reproduce: { model: 'sides' }, metadata: { why: 'audit' } });
  const { body } = await service.http.get('/v1/models/sides/versions/1').expect(200);
  const { file } = body as { file: { sha256: string } };
  expect(job).toMatchObject({
    status: 'succeeded',
    version: null,
    publication: null,
    metadata: { why: 'audit' },
    spec: { reproduce: { model: 'sides', version: 1, job_id: trained.id, sha256: file.sha256 }, seed: 4 },
    reproduction: {
      model: 'sides',
      version: 1,
      equal: true,
      sha256: file.sha256,
      expected_sha256: file.sha256,
    },
  });
  const events = await service.http.get(`/v1/jobs/${job.id}/events?only=milestones`).expect(200);
  const { data } = events.body as { data: { type: string; equal?: boolean }[] };
  expect(data.filter(({ type }) => type === 'reproduced')).toMatchObject([{ equal: true }]);
  const model = await service.http.get('/v1/models/sides').expect(200);
  expect(model.body).toMatchObject({ latest_version: 1, version_count: 1 });
});

test('a version that other bits come out of is said to differ, and by how much', async () => {
  const { body } = await service.http.get('/v1/models/sides/versions/1/model.safetensors').expect(200);
  const file = Buffer.from(body as Buffer);
  // The last byte is of a parameter.
  file[file.length - 2] ^= 1;
  const spec = { dataset: 'points' };
  const publication = {
    model: 'sides',
    runId: trained.id,
    step: 1,
    spec,
    file,
    metrics: {},
    now: new Date(0),
  };
  const version = await service.registry.publish(publication);
  const { reproduction } = await train(service, { reproduce: { model: 'sides', version } });
  expect(reproduction).toMatchObject({ version, equal: false });
  expect(reproduction?.largest_difference).toBeGreaterThan(0);
  expect(reproduction?.largest_difference).toBeLessThan(1);
});

test.each([
  ['another field', { epochs: 2 }, 400, 'INVALID_REQUEST', '/epochs'],
  ['a model that is not there', { reproduce: { model: 'none' } }, 404, 'MODEL_NOT_FOUND', '/reproduce'],
  [
    'a version that is not there',
    { reproduce: { model: 'sides', version: 9 } },
    404,
    'VERSION_NOT_FOUND',
    '/reproduce',
  ],
  [
    'a version that no job trained',
    { reproduce: { model: 'foreign' } },
    400,
    'INVALID_REQUEST',
    '/reproduce',
  ],
])('%s is refused', async (_, more, status, code, pointer) => {
  const publication = {
    model: 'foreign',
    runId: 'job_foreign',
    step: 1,
    file: smallModelFile(1),
    metrics: {},
  };
  await service.registry.publish({ ...publication, now: new Date(0) });
  const answer = await service.http.post('/v1/jobs').send({ reproduce: { model: 'sides' }, ...more });
  expect(answer.body).toMatchObject({ code, pointer });
  expect(answer.status).toBe(status);
});

test('a version whose data are gone is refused, and says so', async () => {
  await service.http.delete('/v1/datasets/points').expect(204);
  const { body } = await service.http
    .post('/v1/jobs/plan')
    .send({ reproduce: { model: 'sides' } })
    .expect(422);
  expect(body).toMatchObject({ code: 'DATASET_NOT_FOUND', pointer: '/reproduce' });
});
