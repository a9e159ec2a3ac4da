/** Pictures from the upload to the prediction, over HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fitPicture } from '../../../src/images/fit-picture.js';
import { readPicture } from '../../../src/images/read-picture.js';
import { zipOf } from '../../data/pictures/archives.js';
import { picture, twoClasses } from '../../data/pictures/scene.js';
import { openService, type TestService } from '../service.js';
import { train, upload } from '../trained.js';

const image = { width: 6, height: 5, channels: 3, fit: 'contain' } as const;
const request = { dataset: 'colours', image, engine: 'wasm', epochs: 20, publish_if: 'always' };

let service: TestService;
beforeAll(async () => {
  service = await openService();
  await upload(service, 'colours', zipOf(twoClasses(60)));
});
afterAll(() => service.stop());

test('a dataset of pictures shows its classes, and its pictures by class and by number', async () => {
  const { body } = await service.http.get('/v1/datasets/colours').expect(200);
  expect(body).toMatchObject({
    format: 'pictures',
    rows: 60,
    pictures: {
      labels: ['blue', 'red'],
      counts: [30, 30],
      splits: null,
      image: { width: 12, height: 12, channels: 3, fit: 'cover' },
    },
  });
  const samples = (query: string) => service.http.get(`/v1/datasets/colours/versions/1/samples?${query}`);
  const blue = await samples('label=blue&limit=2').expect(200);
  expect(blue.body).toMatchObject({
    data: [
      { row: 1, target: 'blue', picture: { file: 'blue/1.png', width: 11, height: 12 } },
      { row: 3, target: 'blue' },
    ],
  });
  const [{ picture: shown }] = (blue.body as { data: [{ picture: { png: string } }] }).data;
  expect(readPicture(Buffer.from(shown.png, 'base64'))).toEqual(
    readPicture(twoClasses(60)[1]?.content ?? Buffer.of()),
  );
  await samples('rows=59').expect(200);
  await samples('rows=60').expect(400);
  await samples('label=green').expect(400);
  await samples('rows=1&label=red').expect(400);
});

test('a job says in its spec what a picture becomes, and refuses what does not go together', async () => {
  const plan = (body: object) => service.http.post('/v1/jobs/plan').send(body);
  const { body } = await plan({ dataset: 'colours', image: { width: 8 } }).expect(200);
  expect(body).toMatchObject({
    model: 'colours',
    spec: {
      preset: 'auto',
      image: { width: 8, height: 8, channels: 3, fit: 'cover' },
      split: { by: 'stratified', validation: 0.1, test: 0.1 },
      rows: { train: 48, validation: 6, test: 6 },
      network: { inputs: 192, outputs: 2 },
    },
  });
  for (const [wrong, pointer] of [
    [{ image: { fit: 'digit', channels: 3 } }, '/image/fit'],
    [{ image: { width: 129 } }, '/image/width'],
    [{ split: { by: 'column' } }, '/split/by'],
    [{ target: 'red' }, '/target'],
    [{ split: { validation: 0.001 } }, '/split/validation'],
  ] as const) {
    const refused = await plan({ dataset: 'colours', ...wrong }).expect(400);
    expect(refused.body, pointer).toMatchObject({ pointer });
  }
  const mnist = await plan({ image: { width: 8 } }).expect(400);
  expect(mnist.body).toMatchObject({ pointer: '/image' });
});

test('a model of pictures takes a picture as it took those of its dataset', async () => {
  const job = await train(service, request);
  expect(job).toMatchObject({ status: 'succeeded', model: 'colours', metrics: { test_accuracy: 1 } });
  const version = await service.http.get('/v1/models/colours/versions/1').expect(200);
  expect(version.body).toMatchObject({ image, network: { inputs: 90 } });
  const photo = picture(900, 400, [210, 45, 40]);
  const answer = await service.http
    .post('/predict?model=colours&network_inputs=true')
    .attach('image', photo, 'photo.png')
    .expect(200);
  expect(answer.body).toMatchObject({
    predictions: [{ label: 'red', network_inputs: [...fitPicture(readPicture(photo), image)] }],
  });
  const stretched = await service.http
    .post('/predict?model=colours&network_inputs=true&image_fit=stretch')
    .attach('image', photo, 'photo.png')
    .expect(200);
  expect(stretched.body).toMatchObject({
    predictions: [{ network_inputs: [...fitPicture(readPicture(photo), { ...image, fit: 'stretch' })] }],
  });
  await service.http
    .post('/predict?model=colours&image_fit=digit')
    .attach('image', photo, 'photo.png')
    .expect(400);
  const split = await service.http.get(`/v1/jobs/${job.id}/split`).expect(200);
  expect(split.text.split('\n').filter((line) => line.endsWith(',train'))).toHaveLength(48);
});

test('a model is evaluated on the pictures of another dataset, of its test folder where there is one', async () => {
  const files = [...twoClasses(4, 'train/'), ...twoClasses(6, 'test/')];
  await upload(service, 'others', zipOf(files));
  const { body } = await service.http
    .post('/v1/models/colours/evaluate')
    .send({ dataset: 'others' })
    .expect(200);
  expect(body).toMatchObject({ test: { rows: 6, figures: { accuracy: 1 } } });
});

test('an archive that cannot be used says why', async () => {
  await upload(
    service,
    'broken',
    zipOf([...twoClasses(2), { path: 'red/x.png', content: Buffer.from('no') }]),
  );
  const { body } = await service.http.get('/v1/datasets/broken').expect(200);
  expect(body).toMatchObject({
    status: 'failed',
    error: { code: 'DATASET_INVALID', problems: [{ code: 'PICTURE_INVALID', value: 'red/x.png' }] },
  });
});
