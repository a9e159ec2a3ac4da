/** What people do with a model: try it, judge it, go back to an older version, and use it from a program. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import type { ModelVersion } from 'trainyard/client';
import { examplePng } from '../../src/api/predictions/example-digit.js';
import { quickJob, submit, succeeded, type Service } from '../service/service.js';
import { drawSevenByMouse } from './draw-seven.js';
import { describeWithPages, lookAt } from './pages.js';

const run = promisify(execFile);

/** Those who are older than about 45 buy, but for some. The names and values need quoting in every language. */
function customers(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const age = 18 + ((i * 37) % 60);
    const city = ["L'Aquila", 'Oslo', 'Rome'][i % 3] ?? '';
    const bought = age > 45 !== (i % 11 === 0);
    return `${age},"${city}",${i % 2 === 0},${bought ? 'yes' : 'no'}`;
  });
  return ["age,owner's city,garden,bought", ...lines, ''].join('\n');
}

/** Every eleventh row is noise, so that there are mistakes to look at. */
const small = {
  model: 'buyers',
  dataset: 'customers',
  target: 'bought',
  network: { hidden: [{ units: 8 }] },
  epochs: 30,
  engine: 'wasm',
} as const;

async function trainBuyers(service: Service): Promise<void> {
  await service.http
    .post('/v1/datasets?name=customers')
    .set('prefer', 'wait=30')
    .type('text/csv')
    .send(customers(600))
    .expect(201);
  for (const more of [{ seed: 1 }, { seed: 2 }, { seed: 3, publish_if: { metric: 'accuracy', at_least: 1 } }])
    await succeeded(service, (await submit(service, { ...small, ...more } as never)).id);
}

/** How likely the answer is, as the page shows it. */
async function shareOf(page: Page, label: string): Promise<number> {
  const bar = page.getByRole('list', { name: 'How likely each answer is' }).getByRole('listitem');
  const text = await bar.filter({ hasText: label }).innerText();
  return Number(/([\d.]+) %/.exec(text)?.[1]);
}

/** What the shown snippet prints, run as it is by whoever runs such programs. */
async function runSnippet(page: Page, name: string, key: string): Promise<string> {
  await page.getByRole('tab', { name, exact: true }).click();
  const code = await page.locator('.snippet code').innerText();
  const env = { ...process.env, TRAINYARD_KEY: key };
  const { stdout } =
    name === 'JavaScript'
      ? await run(process.execPath, ['--input-type=module', '-e', code], { env })
      : await run('sh', ['-c', code], { env });
  return stdout;
}

describeWithPages('models', (pages) => {
  beforeAll(async () => {
    await trainBuyers(pages().service);
    await succeeded(pages().service, (await submit(pages().service, { ...quickJob, model: 'digits' })).id);
  });

  test('the answer changes as one types, and odd values are named at their fields', async () => {
    const page = await pages().open('models');
    await page.getByRole('table', { name: 'Models' }).getByText('bought').waitFor();
    await lookAt(page, 'models');
    await page.getByRole('link', { name: 'buyers' }).click();
    await page.getByLabel('age', { exact: true }).fill('25');
    await expect.poll(() => shareOf(page, 'yes')).toBeLessThan(50);
    await page.getByLabel('age', { exact: true }).fill('70');
    await expect.poll(() => shareOf(page, 'yes')).toBeGreaterThan(50);
    await page.getByLabel('age', { exact: true }).fill('900');
    await page.locator('.field-warning').filter({ hasText: '900' }).waitFor();
    await page.getByLabel("owner's city").selectOption('another value …');
    await page.getByLabel("owner's city").fill('Atlantis');
    await page.locator('.field-warning').filter({ hasText: 'Atlantis' }).waitFor();
    await lookAt(page, 'model-try');
    await page.getByRole('button', { name: 'Take a row of the data' }).click();
    await page.getByText('In row 0 of the data bought is').waitFor();
    expect(await page.getByLabel('age', { exact: true }).inputValue()).toBe('18');
  });

  test('a value that cannot be read says so at its field', async () => {
    const page = await pages().open('models/buyers', { expectedErrors: /400/ });
    await page.getByLabel('age', { exact: true }).fill('old');
    await page.locator('.field-error').filter({ hasText: 'old' }).waitFor();
  });

  test('the threshold is moved along the curves, and the cells of the matrix show their rows', async () => {
    const page = await pages().open('models/buyers?tab=evaluation&version=2');
    const recall = page.locator('.figure', { hasText: 'are found' }).locator('.figure-value');
    const before = await recall.innerText();
    const slider = page.getByRole('slider', { name: /A row is (?:yes|no) from/ });
    await slider.focus();
    await page.keyboard.press('End');
    expect(parseFloat(await recall.innerText())).toBeLessThan(parseFloat(before));
    await page.keyboard.press('Home');
    expect(await recall.innerText()).toBe('100.0 %');
    await page.getByRole('button', { name: 'As it is' }).click();
    expect(await recall.innerText()).toBe(before);
    await page.getByRole('button', { name: /^no, answered rightly/ }).click();
    await page
      .getByRole('table', { name: 'Rows behind the cell' })
      .getByText('false', { exact: true })
      .first()
      .waitFor();
    await page
      .getByRole('list', { name: /Columns, the most important/ })
      .getByText('age')
      .waitFor();
    await lookAt(page, 'model-evaluation');
    await page.getByRole('table', { name: 'Mistakes' }).getByRole('link').first().click();
    await page.getByText(/In row \d+ of the data bought is/).waitFor();
  });

  test('one goes back to the version before, follows new ones again, and reads why one is held', async () => {
    const page = await pages().open('models/buyers?tab=versions');
    await page.getByText('Version 2 answers.').waitFor();
    await page.getByText('Held: it was not good enough').waitFor();
    await lookAt(page, 'model-versions');
    await page.getByRole('button', { name: 'Roll back' }).click();
    await page.getByRole('button', { name: 'Answer with version 1' }).click();
    await page.getByText('Version 1 answers.').waitFor();
    const model = await pages().service.http.get('/v1/models/buyers').expect(200);
    expect(model.body).toMatchObject({ latest_version: 1, pinned: true });
    await page.getByRole('button', { name: 'Follow new versions again' }).click();
    await page.getByText('Version 2 answers.').waitFor();
    await page.getByLabel('Name a version').fill('production');
    await page.getByRole('button', { name: 'Name it' }).click();
    await page.getByRole('button', { name: 'Remove the name production' }).waitFor();
  });

  test('a version that no name points to is deleted', async () => {
    const page = await pages().open('models/buyers?tab=versions');
    const version = page.getByRole('listitem').filter({ hasText: 'Version 1' }).first();
    await version.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete version 1' }).click();
    await expect.poll(() => page.getByText('Version 1', { exact: true }).count()).toBe(0);
    await pages().service.http.get('/v1/models/buyers/versions/1').expect(404);
  });

  test('the files that are offered arrive', async () => {
    const page = await pages().open('models/buyers?tab=use&version=2');
    const contentOf = async (name: RegExp, file: string): Promise<Buffer> => {
      const arriving = page.waitForEvent('download');
      await page.getByRole('button', { name }).click();
      const download = await arriving;
      expect(download.suggestedFilename()).toBe(file);
      return readFile(await download.path());
    };
    const weights = await contentOf(/^Weights/, 'buyers-v2.safetensors');
    const stored = await pages().service.http.get('/v1/models/buyers/versions/2').expect(200);
    expect(weights.length).toBe((stored.body as ModelVersion).file.size_bytes);
    const evaluation = await contentOf(/^Evaluation/, 'buyers-v2.evaluation.json');
    expect(JSON.parse(evaluation.toString())).toMatchObject({ model: { name: 'buyers', version: 2 } });
  });

  test('of a model of values the predictions are shown beside the actual ones, in its job and in its evaluation', async () => {
    const { service } = pages();
    const request = { ...small, model: 'ages', target: 'age', epochs: 3 };
    const { id } = await succeeded(service, (await submit(service, request as never)).id);
    const page = await pages().open(`jobs/${id}`);
    await page.getByRole('img', { name: /^Histogram of prediction minus actual age/ }).waitFor();
    await lookAt(page, 'job-values');
    await page.goto(`${service.url}/#/models/ages?tab=evaluation`);
    await page.getByText(/^Half of the predictions are between/).waitFor();
    await lookAt(page, 'model-evaluation-values');
  });

  test('a digit that is drawn is read', async () => {
    const page = await pages().open('models/digits');
    await drawSevenByMouse(page);
    await page.locator('.answer strong', { hasText: '7' }).waitFor();
  });

  test('a picture that is chosen is read, and shown as the network sees it; misread digits are shown', async () => {
    const page = await pages().open('models/digits');
    await page
      .getByLabel(/Drop a picture here/)
      .setInputFiles({ name: 'seven.png', mimeType: 'image/png', buffer: Buffer.from(examplePng, 'base64') });
    await page.locator('.answer strong', { hasText: '7' }).waitFor();
    await lookAt(page, 'model-try-picture');
    await page.getByRole('tab', { name: 'How good' }).click();
    await page.getByRole('button', { name: /^7, answered rightly/ }).click();
    await expect.poll(() => page.locator('.cell-examples canvas').count()).toBe(5);
    const isBlank = `[...document.querySelectorAll('.cell-examples canvas')].some((canvas) =>
      canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every((byte, i) => i % 4 === 3 || byte === 0))`;
    await expect.poll(() => page.evaluate(isBlank)).toBe(false);
    await lookAt(page, 'model-evaluation-picture');
  });

  test('the snippets work as they are shown, with a key and without', async () => {
    const { service } = pages();
    for (const model of ['buyers', 'digits']) {
      const page = await pages().open(`models/${model}?tab=use`);
      await page.locator('.snippet code').waitFor();
      const answer = model === 'digits' ? /"?label"?: ?['"]7['"]/ : /"?label"?: ?['"](?:yes|no)['"]/;
      expect(await runSnippet(page, 'curl', '')).toMatch(answer);
      expect(await runSnippet(page, 'JavaScript', '')).toMatch(answer);
      expect(JSON.parse(await runSnippet(page, 'Open Inference Protocol', ''))).toMatchObject({
        model_name: model,
      });
      if (model === 'buyers') await lookAt(page, 'model-use');
    }

    const made = await service.http
      .post('/v1/keys')
      .send({ name: 'me', scopes: ['admin'] })
      .expect(201);
    const { key } = made.body as { key: string };
    const page = await pages().open('models/buyers?tab=use', { expectedErrors: /401/ });
    await page.getByLabel('Key', { exact: true }).fill(key);
    await page.getByRole('button', { name: 'Use this key' }).click();
    await page.getByText('export TRAINYARD_KEY').waitFor();
    for (const name of ['curl', 'JavaScript'])
      expect(await runSnippet(page, name, key)).toMatch(/"?label"?: ?['"](?:yes|no)['"]/);
    await expect(runSnippet(page, 'JavaScript', 'wrong')).rejects.toThrow('UNAUTHORIZED');
  });
});
