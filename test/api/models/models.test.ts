import { expect, test } from 'vitest';
import { labelsOf } from '../../../src/model/heads/head.js';
import { flipBit } from '../../storage/temporary-storage.js';
import { startService } from '../service.js';

const createdAt = '2026-01-02T03:04:05.678Z';

test('there are none at first', async () => {
  const { http } = await startService();
  const { body } = await http.get('/v1/models').expect(200);
  expect(body).toEqual({ object: 'list', data: [], has_more: false, models: [] });
});

test('a model is shown with its versions, and without where their files lie', async () => {
  const { http, registry, publishDigits } = await startService();
  await publishDigits('mnist-mlp', 1);
  await publishDigits('mnist-mlp', 2, { createdAt: '2026-01-03T00:00:00.000Z' });
  const manifests = await registry.versions('mnist-mlp');

  const { body, text } = await http.get('/v1/models/mnist-mlp').expect(200);
  expect(body).toEqual({
    object: 'model',
    name: 'mnist-mlp',
    latest_version: 2,
    pinned: false,
    aliases: {},
    version_count: 2,
    created_at: '2026-01-03T00:00:00.000Z',
    task: 'classification',
    has_more: false,
    versions: manifests.map(({ version, file, step, metrics, network, head, parameters, ...manifest }) => ({
      object: 'model_version',
      model: 'mnist-mlp',
      version,
      aliases: version === 2 ? ['latest'] : [],
      held: null,
      spec: null,
      job_id: `job_${version}`,
      step,
      metrics,
      network,
      labels: labelsOf(head),
      task: 'classification',
      parameters,
      file: { size_bytes: file.size_bytes, sha256: file.sha256 },
      created_at: manifest.created_at,
    })),
    model_version_status: ['1', '2'].map((version) => ({
      version,
      state: 'AVAILABLE',
      status: { error_code: 'OK', error_message: '' },
    })),
    ready: true,
  });
  expect(text).not.toContain('safetensors');
});

test('the list is paged by name', async () => {
  const { http, publishDigits } = await startService();
  for (const [index, name] of ['b', 'a', 'c'].entries()) await publishDigits(name, index);
  const model = (name: string) => ({
    object: 'model',
    name,
    latest_version: 1,
    pinned: false,
    aliases: {},
    version_count: 1,
    created_at: createdAt,
    task: 'classification',
  });
  const page = async (query: object): Promise<unknown> => (await http.get('/v1/models').query(query)).body;
  expect(await page({ limit: 2 })).toEqual({
    object: 'list',
    data: [model('a'), model('b')],
    has_more: true,
    models: ['a', 'b'],
  });
  expect(await page({ limit: 2, after: 'b' })).toEqual({
    object: 'list',
    data: [model('c')],
    has_more: false,
    models: ['c'],
  });
  expect(await page({ after: 'c' })).toEqual({ object: 'list', data: [], has_more: false, models: [] });
});

test('a version with a damaged manifest is left out and named', async () => {
  const { http, storage, publishDigits } = await startService();
  await publishDigits('mnist-mlp', 1);
  await publishDigits('mnist-mlp', 2);
  await flipBit(storage, 'models/mnist-mlp/versions/000002.json', 100);
  const { body } = await http.get('/v1/models/mnist-mlp').expect(200);
  expect(body).toMatchObject({
    latest_version: 1,
    version_count: 2,
    versions: [{ version: 1 }],
    damaged_versions: [2],
  });
  expect((await http.get('/v1/models/mnist-mlp/versions')).body).toMatchObject({
    data: [{ version: 1 }],
    damaged_versions: [2],
  });
  expect((await http.get('/v1/models')).body).toMatchObject({ data: [{ latest_version: 1 }] });
});

test.each(['nope', 'Not A Name', '..%2f..%2fetc'])('there is no model %s', async (name) => {
  const { http } = await startService();
  const { status, body } = await http.get(`/v1/models/${name}`);
  expect(status).toBe(404);
  expect(body).toMatchObject({ code: 'MODEL_NOT_FOUND' });
});
