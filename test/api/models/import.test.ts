/** Networks that were trained elsewhere come in over HTTP, and versions leave in the formats of others. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectNear } from '../../model/exchange/near.js';
import { openService, type TestService } from '../service.js';

const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../fixtures/exchange/${name}`, import.meta.url));

let service: TestService;

beforeAll(async () => {
  service = await openService();
});

afterAll(() => service.stop());

const description = JSON.stringify({ activations: 'tanh', labels: ['a', 'b', 'c'] });

async function importPth(model: string, query = ''): Promise<Record<string, unknown>> {
  const { body, headers } = await service.http
    .post(`/v1/models/${model}/versions${query}`)
    .attach('file', await fixture('float32.pth'), 'net.pth')
    .field('description', description)
    .expect(201);
  const version = body as Record<string, unknown>;
  expect(headers.location).toBe(`/v1/models/${model}/versions/${String(version.version)}`);
  return version;
}

test('a state dict of PyTorch becomes a version that answers at once, as PyTorch does', async () => {
  expect(await importPth('elsewhere')).toMatchObject({
    version: 1,
    job_id: null,
    imported: { format: 'pth' },
    aliases: ['latest'],
    network: { inputs: 4, hidden: [{ units: 5, activation: 'tanh', dropout: 0 }], outputs: 3 },
    labels: ['a', 'b', 'c'],
  });
  const { rows, probabilities } = JSON.parse(String(await fixture('answers.json'))) as Record<
    string,
    number[][]
  >;
  const { body } = await service.http
    .post('/predict')
    .send({ model: 'elsewhere', inputs: rows, probabilities: true })
    .expect(200);
  const { predictions } = body as { predictions: { probabilities: Record<string, number> }[] };
  expectNear(
    predictions.map((each) => Object.values(each.probabilities)),
    probabilities,
  );
});

test('a network of ONNX becomes a version, and a version that leaves as ONNX comes in as it was', async () => {
  const { body } = await service.http
    .post('/v1/models/onnx/versions')
    .attach('file', await fixture('onnx/normalised-dynamo.onnx'), 'net.onnx')
    .field('description', JSON.stringify({ labels: ['a', 'b', 'c'] }))
    .expect(201);
  expect(body).toMatchObject({
    imported: { format: 'onnx' },
    network: { inputs: 4, hidden: [{ activation: 'relu' }, { activation: 'gelu' }], outputs: 3 },
  });
  const left = await service.http.get('/v1/models/onnx/versions/1/model.onnx').expect(200);
  await service.http
    .post('/v1/models/onnx/versions')
    .type('application/octet-stream')
    .send(left.body as Buffer)
    .expect(201);
  const [first, second] = await Promise.all(
    [1, 2].map((version) =>
      service.http.get(`/v1/models/onnx/versions/${version}/model.safetensors`).expect(200),
    ),
  );
  expect((second.body as Buffer).equals(first.body as Buffer)).toBe(true);
});

test('a version that is held is passed over by latest', async () => {
  await importPth('careful');
  expect(await importPth('careful', '?hold=true')).toMatchObject({
    version: 2,
    held: { reasons: ['It was imported with hold=true.'] },
    aliases: [],
  });
});

test('a safetensors file of this service comes in without a description, and out with the same bytes', async () => {
  await service.publishDigits('digits', 1);
  const original = await service.http.get('/v1/models/digits/versions/1/model.safetensors').expect(200);
  await service.http
    .post('/v1/models/copy/versions')
    .type('application/octet-stream')
    .send(original.body as Buffer)
    .expect(201);
  const copy = await service.http.get('/v1/models/copy/versions/1/model.safetensors').expect(200);
  expect((copy.body as Buffer).equals(original.body as Buffer)).toBe(true);
});

test('the formats of others are sent with their digest, and again from where a download broke', async () => {
  await importPth('out');
  const url = '/v1/models/out/versions/1/model.pth';
  const whole = await service.http.get(url).expect(200);
  const bytes = whole.body as Buffer;
  expect(whole.headers['content-disposition']).toBe('attachment; filename="out-v1.pth"');
  const part = await service.http
    .get(url)
    .set('range', 'bytes=100-')
    .set('if-range', whole.headers.etag)
    .expect(206);
  expect((part.body as Buffer).equals(bytes.subarray(100))).toBe(true);
  const { text } = await service.http.get('/v1/models/out/versions/1/model.py').expect(200);
  expect(text).toContain('self.fc1 = nn.Linear(4, 5)');
});

test('what cannot be used is refused with the place to change', async () => {
  const post = (model = 'bad') => service.http.post(`/v1/models/${model}/versions`);
  const { body: module } = await post()
    .attach('file', await fixture('module.pth'), 'm.pth')
    .field('description', description)
    .expect(422);
  expect(module).toMatchObject({ code: 'MODEL_FILE_INVALID' });
  const { body: labels } = await post()
    .attach('file', await fixture('float32.pth'), 'm.pth')
    .field('description', '{"activations":"tanh","labels":["a"]}')
    .expect(400);
  expect(labels).toMatchObject({ code: 'INVALID_REQUEST', pointer: '/description/labels' });
  const { body: unknown } = await post()
    .attach('file', await fixture('float32.pth'), 'm.pth')
    .field('description', '{"activation":"tanh"}')
    .expect(400);
  expect(unknown).toMatchObject({ code: 'INVALID_REQUEST', pointer: '/description/activation' });
  await post().field('description', '{').expect(400);
  await post('Bad').type('application/octet-stream').send(Buffer.alloc(9)).expect(400);
});
