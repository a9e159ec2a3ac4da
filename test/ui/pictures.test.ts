/** From a ZIP of pictures to an answer, and the files and the card of the model that comes of it. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { zipOf } from '../data/pictures/archives.js';
import { picture, twoClasses } from '../data/pictures/scene.js';
import { succeeded } from '../service/service.js';
import { describeWithPages, lookAt } from './pages.js';

/** As a mouse does it: the file comes with the event. */
async function drop(page: Page, place: string, name: string, content: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    `(() => { const files = new DataTransfer(); files.items.add(new File([Uint8Array.from(atob('${content.toString('base64')}'), (each) => each.charCodeAt(0))], '${name}', { type: 'image/png' })); return files; })()`,
  );
  await page.dispatchEvent(place, 'drop', { dataTransfer: transfer });
}

/** What a click on the button saves. */
async function downloaded(page: Page, button: RegExp): Promise<{ name: string; content: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).first().click(),
  ]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

describeWithPages('pictures', (pages) => {
  test('a ZIP of pictures is added, looked at and trained on, and the model answers a picture that is dropped', async () => {
    const page = await pages().open('data');
    const buffer = zipOf(twoClasses(60));
    await page
      .getByLabel('File with the data')
      .setInputFiles({ name: 'colours.zip', mimeType: 'application/zip', buffer });
    await page.getByRole('button', { name: 'Add this data' }).click();
    await page.getByRole('heading', { name: /^red/ }).waitFor();
    await page.getByRole('img', { name: 'red/0.png' }).waitFor();
    expect(await page.getByRole('img', { name: /^blue\// }).count()).toBe(8);
    await lookAt(page, 'dataset-pictures');

    await page.getByRole('link', { name: 'Train', exact: true }).click();
    await page.getByLabel('Epochs').fill('3');
    await page.getByText(/at most [1-9]\d* steps/).waitFor();
    await page.getByRole('button', { name: 'Train' }).click();
    await page.waitForURL(/#\/jobs\/job_/);
    await succeeded(pages().service, /job_\w+/.exec(page.url())?.[0] ?? '');

    const model = await pages().open('models/colours');
    await model.getByText('Drop a picture here').waitFor();
    await drop(model, '.drop-picture', 'mine.png', picture(30, 20, [30, 40, 200]));
    const answer = model.locator('.answer strong');
    await expect.poll(() => answer.textContent()).toBe('blue');
    await drop(model, '.drop-picture', 'other.png', picture(30, 20, [200, 40, 30]));
    await expect.poll(() => answer.textContent()).toBe('red');
    await lookAt(model, 'model-picture');
  });

  test('its card says what it learned from, and its files are downloaded under its name', async () => {
    const page = await pages().open('models/colours?tab=card');
    await page.getByRole('heading', { name: 'What it learned from' }).waitFor();
    const dataset = await pages().service.http.get('/v1/datasets/colours').expect(200);
    await page.getByText((dataset.body as { sha256: string }).sha256).waitFor();
    await page.getByRole('region', { name: 'Recipe' }).getByText('epochs', { exact: true }).waitFor();
    await lookAt(page, 'model-card');
    const card = await downloaded(page, /The card as Markdown/);
    expect(card.name).toBe('colours-v1.md');
    expect(String(card.content)).toMatch(/^# colours/);

    await page.getByRole('tab', { name: 'Use it' }).click();
    for (const [button, file] of [
      [/^ONNX/, 'model.onnx'],
      [/^A page/, 'model.html'],
    ] as const) {
      const { name, content } = await downloaded(page, button);
      expect(name).toBe(`colours-v1.${file.split('.')[1] ?? ''}`);
      const answer = await fetch(`${pages().service.url}/v1/models/colours/versions/1/${file}`);
      expect(content.equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
    }
  });
});
