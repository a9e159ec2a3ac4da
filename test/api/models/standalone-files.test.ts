/** Versions that leave the service: a page and a module that predict on their own, and a layers model of TensorFlow.js. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encode } from 'jpeg-js';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parametersOf } from '../../model/small-model.js';
import { fitted, houses, namedRow, tableDescription } from '../../model/small-table.js';
import { encodeModelFile, type ModelDescription } from '../../../src/model/files/model-file.js';
import { picture } from '../../data/pictures/scene.js';
import { describeWithBrowser } from '../../browser.js';
import { openService, type TestService } from '../service.js';

interface Answer {
  predictions: { label: string; confidence: number; probabilities: number[] }[];
}

interface StandaloneModule {
  predict: (inputs: readonly unknown[]) => Promise<Answer>;
  sampleOfPicture: (file: Uint8Array) => Promise<number[]>;
}

const rows = [0, 1, 2, 3].map((row) => namedRow(houses, row));
const digit = Array.from({ length: 784 }, (_, pixel) => (pixel % 29 < 4 ? 200 : 0));

/** A model of small pictures in colour, and files for it. */
const colours: ModelDescription = {
  format_version: 2,
  network: { inputs: 60, hidden: [{ units: 4, activation: 'tanh', dropout: 0 }], outputs: 2 },
  head: { kind: 'classes', labels: ['blue', 'red'], probabilities: 'softmax' },
  scaling: { divide_by: 255, mean: 0.4, std: 0.3 },
  image: { width: 5, height: 4, channels: 3, fit: 'cover' },
};
const png = picture(140, 90, [180, 40, 30]);
const jpeg = encode(
  { width: 40, height: 60, data: Buffer.from(Array.from({ length: 9_600 }, (_, i) => (i * 37) % 251)) },
  80,
).data;

let service: TestService;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standalone-files-'));
  service = await openService();
  await service.publishDigits('digits');
  const description = tableDescription(fitted(houses));
  const file = encodeModelFile(description, parametersOf(description.network, 1));
  const publication = { model: 'houses', runId: 'job_houses', step: 1, file, metrics: {}, now: new Date(0) };
  await service.registry.publish(publication);
  await service.registry.publish({
    ...publication,
    model: 'colours',
    runId: 'job_colours',
    file: encodeModelFile(colours, parametersOf(colours.network, 1)),
  });
  await service.modelServer.refresh();
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});

async function predicted(model: string, inputs: readonly unknown[]): Promise<Answer> {
  const { body } = await service.http.post('/predict').send({ model, inputs }).expect(200);
  return body as Answer;
}

/** The path of the file once it is downloaded. */
async function download(model: string, file: string): Promise<string> {
  const answer = await fetch(`${service.url}/v1/models/${model}/versions/1/${file}`);
  expect(answer.status).toBe(200);
  const path = join(folder, `${model}-${file}`);
  await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  return path;
}

/** What the form is filled in with at first. */
async function typicalRow(model: string): Promise<Record<string, unknown>> {
  const { body } = await service.http.get(`/v1/models/${model}/versions/1`).expect(200);
  const { columns } = body as { columns: { name: string; typical: unknown }[] };
  return Object.fromEntries(columns.map(({ name, typical }) => [name, typical]));
}

function expectClose(found: Answer, expected: Answer): void {
  expect(found.predictions.map(({ label }) => label)).toEqual(expected.predictions.map(({ label }) => label));
  const numbers = ({ predictions }: Answer) => predictions.flatMap(({ probabilities }) => probabilities);
  numbers(expected).forEach((number, at) => expect(numbers(found)[at]).toBeCloseTo(number, 6));
}

test.each([
  ['houses', rows],
  ['digits', [digit]],
])('model.mjs of %s answers as POST /predict does', async (model, inputs) => {
  const path = await download(model, 'model.mjs');
  const { predict } = (await import(pathToFileURL(path).href)) as StandaloneModule;
  const expected = await predicted(model, inputs);
  const found = await predict(inputs);
  expect(found).toMatchObject({ model, version: 1 });
  expectClose(found, expected);
});

async function predictedOfPicture(
  model: string,
  type: string,
  file: Buffer,
): Promise<{ predictions: (Answer['predictions'][number] & { network_inputs: number[] })[] }> {
  const { body } = await service.http
    .post(`/predict?model=${model}&network_inputs=true`)
    .set('content-type', type)
    .send(file)
    .expect(200);
  return body as Awaited<ReturnType<typeof predictedOfPicture>>;
}

test.each([
  ['colours', 'image/png', png],
  ['colours', 'image/jpeg', jpeg],
  ['digits', 'image/png', png],
  ['digits', 'image/jpeg', jpeg],
])('model.mjs of %s reads a picture of type %s with the bits of POST /predict', async (model, type, file) => {
  const { sampleOfPicture, predict } = (await import(
    pathToFileURL(await download(model, 'model.mjs')).href
  )) as StandaloneModule;
  const expected = await predictedOfPicture(model, type, file);
  const sample = await sampleOfPicture(file);
  expect(sample).toEqual(expected.predictions[0]?.network_inputs);
  expectClose(await predict([sample]), expected);
});

test('model.mjs refuses what is no picture, and one of a table reads none', async () => {
  const ofColours = (await import(
    pathToFileURL(await download('colours', 'model.mjs')).href
  )) as StandaloneModule;
  await expect(ofColours.sampleOfPicture(Buffer.from('GIF89a'))).rejects.toThrow(/neither a PNG nor a JPEG/);
  await expect(ofColours.sampleOfPicture(png.subarray(0, 60))).rejects.toThrow(/cut short/);
  const ofTable = (await import(pathToFileURL(await download('houses', 'model.mjs')).href)) as object;
  expect('sampleOfPicture' in ofTable).toBe(false);
});

test('tf.loadLayersModel takes the URL of a version', async () => {
  const loaded = await loadLayersModel(`${service.url}/v1/models/digits/versions/1/tfjs/model.json`);
  const { predictions } = await predicted('digits', [digit]);
  const answer = loaded.predict(tf.tensor2d([digit])) as tf.Tensor;
  (await answer.data()).forEach((number, label) => {
    expect(number).toBeCloseTo(predictions[0]?.probabilities[label] ?? NaN, 6);
  });
});

test('what layers cannot do is said in their metadata', async () => {
  const { body } = await service.http.get('/v1/models/houses/versions/1/tfjs/model.json').expect(200);
  const { userDefinedMetadata } = body as { userDefinedMetadata: { left_to_you: string[] } };
  expect(userDefinedMetadata.left_to_you).toEqual([expect.stringMatching(/^inputs: the numbers that/)]);
});

describeWithBrowser('in Chromium', (openContext) => {
  /** A downloaded page, without a network; whatever it does, it asks nobody and logs no error. */
  async function openFile(path: string): Promise<{ page: Page; faults: string[] }> {
    const context = await openContext({ offline: true });
    const page = await context.newPage();
    const faults: string[] = [];
    const { href } = pathToFileURL(path);
    page.on('request', (request) => request.url() !== href && faults.push(request.url()));
    page.on('pageerror', ({ message }) => faults.push(message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(href);
    return { page, faults };
  }

  test('model.html answers from a file, and has no way to send what is entered', async () => {
    const { page, faults } = await openFile(await download('houses', 'model.html'));
    await page.getByLabel('area', { exact: true }).fill('120');
    await page.getByLabel('city').selectOption('Rome');
    const row = { ...(await typicalRow('houses')), area: 120, city: 'Rome' };
    const [expected] = (await predicted('houses', [row])).predictions;
    const shown = `${(expected.confidence * 100).toFixed(1)} % sure`;
    await page.getByText(shown).waitFor();
    expect(await page.locator('.answer strong').textContent()).toBe(expected.label);
    expect(faults).toEqual([]);

    const refused = await page.evaluate("fetch('https://example.com').then(() => 'sent', () => 'refused')");
    expect(refused).toBe('refused');
    expect(faults.join()).toMatch(/Content Security Policy/);
    await page.context().close();
  });

  test('model.html answers a drawing', async () => {
    const { page, faults } = await openFile(await download('digits', 'model.html'));
    const box = await page.getByLabel('Draw here').boundingBox();
    if (!box) throw new Error('There is nothing to draw on');
    await page.mouse.move(box.x + 90, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 200, box.y + 200, { steps: 5 });
    await page.mouse.up();
    await page.getByText('% sure').waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('model.html answers a picture file as POST /predict does, and says what it cannot read', async () => {
    const { page, faults } = await openFile(await download('colours', 'model.html'));
    const choose = (file: Buffer, name: string): Promise<void> =>
      page.getByLabel(/Drop a picture/).setInputFiles({ name, mimeType: '', buffer: file });
    for (const [type, file] of [
      ['image/png', png],
      ['image/jpeg', jpeg],
    ] as const) {
      await choose(file, 'picture');
      const [expected] = (await predictedOfPicture('colours', type, file)).predictions;
      await page.getByText(`${(expected.confidence * 100).toFixed(1)} % sure`).waitFor();
      expect(await page.locator('.answer strong').textContent()).toBe(expected.label);
    }
    await choose(Buffer.from('GIF89a'), 'picture.gif');
    await page
      .getByRole('alert')
      .getByText(/neither a PNG nor a JPEG file, but a GIF file/)
      .waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('model.mjs and tf.loadLayersModel answer in a page as in Node.js', async () => {
    const context = await openContext();
    const page = await context.newPage();
    const blank = `${service.url}/blank`;
    await page.route(blank, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
    await page.goto(blank);
    const require = createRequire(import.meta.url);
    for (const name of [
      'tfjs-core/dist/tf-core',
      'tfjs-backend-cpu/dist/tf-backend-cpu',
      'tfjs-layers/dist/tf-layers',
    ]) {
      await page.evaluate(await readFile(require.resolve(`@tensorflow/${name}.min.js`), 'utf8'));
    }
    const at = '/v1/models/digits/versions/1';
    const [layers, module] = await page.evaluate<[number[], Answer]>(`(async () => {
      await tf.setBackend('cpu');
      const digit = ${JSON.stringify(digit)};
      const loaded = await tf.loadLayersModel(location.origin + '${at}/tfjs/model.json');
      const { predict } = await import('${at}/model.mjs');
      return [Array.from(await loaded.predict(tf.tensor2d([digit])).data()), await predict([digit])];
    })()`);
    const expected = await predicted('digits', [digit]);
    expectClose(module, expected);
    expectClose(
      { predictions: module.predictions.map((each) => ({ ...each, probabilities: layers })) },
      expected,
    );
    await context.close();
  });
});
