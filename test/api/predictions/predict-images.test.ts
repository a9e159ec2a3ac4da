/** POST /predict with images: as the whole body, and as parts of a form. */
import { EventEmitter, once } from 'node:events';
import type { Static } from 'typebox';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PredictionResponse } from '../../../src/api/predictions/prediction-schemas.js';
import { exampleDigit, exampleJpeg, examplePng } from '../../../src/api/predictions/example-digit.js';
import type { Problem } from '../../../src/api/problems/problem-schema.js';
import { encodeModelFile } from '../../../src/model/files/model-file.js';
import { createImageReader, type ImageReader } from '../../../src/images/image-reader.js';
import { readImage } from '../../../src/images/read-image.js';
import { decodeImage } from '../../../src/images/read-picture.js';
import { evenJpeg, fixture } from '../../images/jpeg-file.js';
import { chunk, greyPng, pngOf } from '../../images/png-file.js';
import { parametersOf, smallDescription } from '../../model/small-model.js';
import { startService, type TestService } from '../service.js';

const digitPng = greyPng({ width: 28, height: 28, grey: Uint8Array.from(exampleDigit) });

/** A picture on a page that is read in a thread. */
const pagePng = greyPng({
  width: 300,
  height: 280,
  grey: Uint8Array.from({ length: 300 * 280 }, (_, at) => (at % 300 > 100 && at % 300 < 140 ? 30 : 240)),
});

async function served(): Promise<TestService> {
  const service = await startService();
  await service.publishDigits();
  return service;
}

/** What the numbers that are made of the image are answered with, as JSON. */
async function asJson(
  { http }: TestService,
  files: Uint8Array[],
  fit: 'digit' | 'stretch',
  options: object = {},
): Promise<unknown> {
  const inputs = files.map((bytes) => [...readImage({ bytes, input: { fit, side: 28 } })]);
  return (
    await http
      .post('/predict')
      .send({ inputs, ...options })
      .expect(200)
  ).body;
}

describe('an image as the body', () => {
  test.each([
    ['image/png', () => digitPng],
    ['image/jpeg', () => fixture('progressive')],
    ['image/png', () => pagePng],
  ])('of %s is answered as its numbers are', async (type, make) => {
    const service = await served();
    const file = await make();
    const { body } = await service.http.post('/predict').type(type).send(file).expect(200);
    expect(body).toEqual(await asJson(service, [file], 'digit'));
  });

  test('is answered as the query string says', async () => {
    const service = await served();
    await service.publishDigits('mnist-mlp', 2);
    const { body } = await service.http
      .post('/predict?model=mnist-mlp&version=1&top_k=2&probabilities=false&image_fit=stretch')
      .type('image/png')
      .send(pagePng)
      .expect(200);
    const options = { model: 'mnist-mlp', version: 1, top_k: 2, probabilities: false };
    expect(body).toEqual(await asJson(service, [pagePng], 'stretch', options));
    expect(body).toMatchObject({ version: 1 });
    expect((body as Static<typeof PredictionResponse.schema>).predictions[0]).not.toHaveProperty(
      'probabilities',
    );
  });
});

describe('an image under another name', () => {
  test.each([
    ['image/jpg', () => fixture('baseline')],
    ['image/pjpeg', () => fixture('baseline')],
    ['image/jpeg', () => digitPng],
    ['image/png', () => fixture('grey')],
    ['application/octet-stream', () => digitPng],
    ['application/octet-stream', () => fixture('grey')],
  ])('of %s is what its bytes say', async (type, make) => {
    const service = await served();
    const file = await make();
    const { body } = await service.http.post('/predict?image_fit=stretch').type(type).send(file).expect(200);
    expect(body).toEqual(await asJson(service, [file], 'stretch'));
  });

  test('is numbers where their type is named', async () => {
    const { http } = await served();
    const bytes = Buffer.concat([await fixture('grey'), Buffer.alloc(784)]).subarray(0, 784);
    await http.post('/predict?dtype=uint8').type('application/octet-stream').send(bytes).expect(200);
  });

  test('is named when it is of a format that is not read', async () => {
    const { http } = await served();
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
    const { status, body } = await http.post('/predict').type('image/jpeg').send(heic);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'IMAGE_INVALID',
      detail: 'The image is neither a PNG nor a JPEG file, but a HEIC file. Convert it to one of these.',
    });
  });
});

describe('images in a form', () => {
  test('are answered in their order, large ones among them', async () => {
    const service = await served();
    const files = [digitPng, pagePng, await fixture('grey'), digitPng];
    let request = service.http.post('/predict');
    for (const [index, file] of files.entries()) request = request.attach('image', file, `${index}.png`);
    const { body } = await request.expect(200);
    expect(body).toEqual(await asJson(service, files, 'digit'));
  });

  test('come with fields that say what a query string would', async () => {
    const service = await served();
    const { body } = await service.http
      .post('/predict?top_k=2')
      .field('probabilities', 'false')
      .attach('image', digitPng, 'digit.png')
      .field('image_fit', 'stretch')
      .field('alias', 'latest')
      .expect(200);
    expect(body).toEqual(await asJson(service, [digitPng], 'stretch', { top_k: 2, probabilities: false }));
  });

  test('may be 64', async () => {
    const { http } = await served();
    const send = (count: number): PromiseLike<{ status: number; body: unknown }> =>
      Array.from({ length: count }).reduce<ReturnType<typeof http.post>>(
        (request) => request.attach('image', digitPng, 'digit.png'),
        http.post('/predict'),
      );
    const answer = await send(64);
    expect((answer.body as Static<typeof PredictionResponse.schema>).predictions).toHaveLength(64);
    const refusal = await send(65);
    expect(refusal.status).toBe(400);
    expect(refusal.body).toMatchObject({
      code: 'INVALID_REQUEST',
      pointer: '/image',
      detail: 'The form cannot be read: it has more than 64 images.',
    });
  });

  test('are named when one of them is to blame', async () => {
    const { http } = await served();
    const answer = await http
      .post('/predict')
      .attach('image', digitPng, 'good.png')
      .attach('image', digitPng.subarray(0, 50), 'bad.png');
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: 'IMAGE_INVALID',
      pointer: '/image/1',
      detail: 'image[1]: The PNG cannot be read: it is cut short.',
    });
  });
});

describe('refuses', () => {
  test('what is no image, and says why', async () => {
    const { http } = await served();
    const { status, body } = await http.post('/predict').type('image/png').send(Buffer.from('hello'));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'IMAGE_INVALID',
      detail: 'The image is neither a PNG nor a JPEG file.',
    });
    expect(await http.post('/predict').type('image/jpeg').send(Buffer.alloc(0))).toMatchObject({
      status: 400,
    });
  });

  test('an image with too many pixels', async () => {
    const { http } = await served();
    const file = pngOf({ width: 9000, height: 9000, depth: 8, colour: 0 }, chunk('IDAT'));
    const { status, body } = await http.post('/predict').type('image/png').send(file);
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  test('an image for a model whose inputs are no square', async () => {
    const { http, registry, modelServer } = await startService();
    const file = encodeModelFile(smallDescription, parametersOf(smallDescription.network, 1));
    await registry.publish({ model: 'pets', runId: 'job_1', step: 1, file, metrics: null, now: new Date(0) });
    await modelServer.refresh();
    const { status, body } = await http.post('/predict').type('image/png').send(digitPng);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    expect((body as Problem).detail).toContain('pets takes 3 numbers');
  });

  test.each([
    ['top_k must be an integer.', 'top_k=many'],
    ['top_k must be at least 1.', 'top_k=0'],
    ['probabilities must be true or false.', 'probabilities=yes'],
    ['image_fit must be one of: cover, contain, stretch, digit.', 'image_fit=crop'],
    ['top_k is given more than once.', 'top_k=1&top_k=2'],
    ['version and alias cannot be given together.', 'version=1&alias=latest'],
    ['dtype applies only to bodies of numbers.', 'dtype=uint8'],
    [
      'fit is unknown here; there are: model, version, alias, abstain_below, probabilities, network_inputs, top_k, image_fit, dtype.',
      'fit=digit',
    ],
  ])('%s', async (detail, query) => {
    const { http } = await served();
    const asBody = await http.post(`/predict?${query}`).type('image/png').send(digitPng);
    const inForm = await http.post(`/predict?${query}`).attach('image', digitPng, 'digit.png');
    for (const { status, body } of [asBody, inForm]) {
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'INVALID_REQUEST', detail });
    }
  });

  test('a file may be called file, beside images too', async () => {
    const { http } = await served();
    const asImage = await http.post('/predict').attach('image', digitPng, 'digit.png').expect(200);
    const asFile = await http.post('/predict').attach('file', digitPng, 'digit.png').expect(200);
    expect(asFile.body).toEqual(asImage.body);
    const both = await http
      .post('/predict')
      .attach('file', digitPng, 'digit.png')
      .attach('image', digitPng, 'digit.png')
      .expect(200);
    expect(both.body).toMatchObject({ predictions: { length: 2 } });
  });

  test.each<[detail: string, form: (post: ReturnType<TestService['http']['post']>) => PromiseLike<unknown>]>([
    ['image is missing.', (post) => post.field('top_k', '3')],
    [
      'The form cannot be read: it has the file "picture"; call it image (-F image=@FILE).',
      (post) => post.attach('picture', digitPng, 'digit.png'),
    ],
    [
      'The form cannot be read: it has the file "picture"; call it image (-F image=@FILE).',
      (post) => post.attach('image', digitPng, 'a.png').attach('picture', Buffer.alloc(2 ** 20), 'b.png'),
    ],
    ['top_k must be an integer.', (post) => post.attach('image', digitPng, 'a.png').field('top_k', 'many')],
    [
      'The form cannot be read: top_k is given more than once.',
      (post) => post.attach('image', digitPng, 'a.png').field('top_k', '1').field('top_k', '2'),
    ],
    [
      'image_fit is set both in the form and in the query string.',
      (post) =>
        post.query({ image_fit: 'digit' }).attach('image', digitPng, 'a.png').field('image_fit', 'digit'),
    ],
    [
      'The form cannot be read: model is too long.',
      (post) => post.attach('image', digitPng, 'a.png').field('model', 'x'.repeat(300)),
    ],
    [
      'The form cannot be read: it has more than 16 fields beside the images.',
      (post) =>
        Array.from({ length: 17 }).reduce<typeof post>((form, _, index) => form.field(`f${index}`, ''), post),
    ],
    [
      '__proto__ is unknown here; there are: model, version, alias, abstain_below, probabilities, network_inputs, top_k, image_fit, dtype.',
      (post) => post.attach('image', digitPng, 'a.png').field('__proto__', 'x'),
    ],
    ['The image is neither a PNG nor a JPEG file.', (post) => post.field('image', 'text')],
  ])('a form: %s', async (detail, form) => {
    const { http } = await served();
    const { status, body } = (await form(http.post('/predict'))) as { status: number; body: Problem };
    expect(body.detail).toBe(detail);
    expect(status).toBe(400);
  });

  test.each([
    ['Multipart: Boundary not found', 'multipart/form-data', 'x'],
    ['Unexpected end of multipart data', 'multipart/form-data; boundary=b', 'x'],
    [
      'Unexpected end of multipart data',
      'multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\nabc',
    ],
    [
      'a part has no name',
      'multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data\r\n\r\nabc\r\n--b--\r\n',
    ],
  ])('a form that is none: %s', async (problem, type, text) => {
    const { http } = await served();
    const { status, body } = await http.post('/predict').type(type).send(Buffer.from(text));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: `The form cannot be read: ${problem}.`,
    });
  });

  test.each(['image/bmp', 'image/svg+xml', 'text/plain', 'application/x-www-form-urlencoded'])(
    'a body of %s, and says what there may be',
    async (type) => {
      const { http } = await served();
      const { status, body } = await http.post('/predict').type(type).send('GIF89a');
      expect(status).toBe(415);
      expect((body as Problem).detail).toBe(
        `The body has the Content-Type "${type}"; send it as application/json, multipart/form-data, image/png, ` +
          'image/jpeg, or application/octet-stream.',
      );
    },
  );

  test.each(['image/png', 'application/octet-stream', 'multipart/form-data; boundary=b'])(
    'a body of %s where only JSON is taken',
    async (type) => {
      const { http } = await served();
      const { status, body } = await http.post('/v1/jobs').type(type).send(digitPng);
      expect(status).toBe(415);
      expect((body as Problem).detail).toBe(
        `The body has the Content-Type ${JSON.stringify(type)}; send it as application/json.`,
      );
    },
  );
});

test('a photograph of 24 megapixels is answered', async () => {
  const { http } = await served();
  await http.post('/predict').type('image/jpeg').send(evenJpeg(4284, 5712)).expect(200);
});

test('closing the app waits for the image that is being read', async () => {
  const reader = createImageReader();
  onTestFinished(() => reader.close());
  const begun = new EventEmitter();
  const images: Pick<ImageReader, 'read'> = {
    read(task) {
      begun.emit('read');
      return reader.read(task);
    },
  };
  const { http, app, publishDigits } = await startService({ images });
  await publishDigits();
  const reading = once(begun, 'read');
  const answer = Promise.resolve(http.post('/predict').type('image/png').send(pagePng));
  await reading;
  await app.close();
  expect((await answer).status).toBe(200);
});

test('the example images are the example digit', () => {
  expect([...decodeImage(Buffer.from(examplePng, 'base64')).grey]).toEqual([...exampleDigit]);
  const { grey } = decodeImage(Buffer.from(exampleJpeg, 'base64'));
  const furthest = exampleDigit.reduce(
    (most, level, i) => Math.max(most, Math.abs(level - (grey[i] ?? NaN))),
    0,
  );
  expect(furthest).toBeLessThan(60);
});
