/** What a person does with sweeps: watch one search, stop it, and find out what is best and why. */
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import type { Sweep } from '../../src/jobs/sweeps/sweep.js';
import type { Service } from '../service/service.js';
import { describeWithPages, lookAt } from './pages.js';

const job = {
  dataset: 'penguins',
  target: 'species',
  epochs: 2,
  engine: 'wasm',
  preset: 'plain',
  network: { hidden: [{ units: 8 }] },
};
const parameters = {
  'optimizer.learning_rate': { min: 1e-4, max: 0.1, scale: 'log' },
  batch_size: { values: [16, 32, 64] },
};

async function upload({ http }: Service): Promise<void> {
  const csv = readFileSync(new URL('../../examples/penguins.csv', import.meta.url), 'utf8');
  await http
    .post('/v1/datasets?name=penguins')
    .set('content-type', 'text/csv')
    .set('prefer', 'wait=30')
    .send(csv);
}

async function startSweep({ http }: Service, request: object): Promise<string> {
  const body = { job, parameters, seed: 1, ...request };
  const { id } = (await http.post('/v1/sweeps').send(body).expect(202)).body as Sweep;
  onTestFinished(async () => {
    await http.post(`/v1/sweeps/${id}/cancel`);
  });
  return id;
}

const read = async ({ http }: Service, id: string) => (await http.get(`/v1/sweeps/${id}`)).body as Sweep;

describeWithPages('the pages of sweeps', (pages) => {
  test('show what a sweep has found, what matters, and each of its trials', async () => {
    const { service } = pages();
    const empty = await pages().open('sweeps');
    await empty.getByText('There is no sweep yet').waitFor();

    await upload(service);
    const id = await startSweep(service, { max_trials: 11, parallel: 2, method: 'random' });
    await expect.poll(async () => (await read(service, id)).status, { interval: 500 }).toBe('succeeded');
    const { best, version } = await read(service, id);

    const page = await pages().open('sweeps');
    await page.getByRole('table', { name: 'Sweeps' }).getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: 'penguins' }).waitFor();
    await page.getByRole('status').getByText('succeeded', { exact: true }).waitFor();
    await page.getByRole('img', { name: 'Best validation loss after each of 11 trials' }).waitFor();
    const importance = page.getByRole('list', { name: 'Settings, the most important first' });
    expect((await importance.getByRole('listitem').allInnerTexts()).join(' ')).toMatch(/Learning rate/);
    await page
      .getByRole('img', { name: '11 trials by Learning rate, Batch size, Validation loss' })
      .waitFor();

    const table = page.getByRole('table', { name: 'Trials' });
    const rows = await table.getByRole('row').allInnerTexts();
    expect(rows).toHaveLength(12);
    expect(rows[1]?.split('\t')[0]).toBe(String(best?.trial));
    await page.locator('polyline').first().dispatchEvent('click');
    await expect.poll(() => page.locator('.chosen-trial').innerText()).toBe('1');
    await page.getByRole('link', { name: `version ${version}` }).waitFor();
    await lookAt(page, 'sweep');

    await page.getByRole('link', { name: `trial ${best?.trial}`, exact: true }).click();
    await page.getByText('Trained on').waitFor();

    await page.goBack();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There is no sweep yet').waitFor();
    await service.http.get(`/v1/sweeps/${id}`).expect(404);
  });

  test('start a sweep from the form of a training, pause it, let it go on, and cancel it', async () => {
    const { service } = pages();
    await upload(service);
    const page = await pages().open('data/penguins/train');
    await page.getByRole('button', { name: 'Search' }).click();
    const dialog = page.getByRole('dialog', { name: 'Search for better settings' });
    await dialog.getByLabel('Minutes').fill('30');
    await dialog.getByRole('button', { name: 'Start the search' }).click();
    await page.waitForURL(/\/sweeps\//);
    const id = page.url().split('/').at(-1) ?? '';
    expect(await read(service, id)).toMatchObject({ max_seconds: 1_800, job: { target: 'species' } });
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('status').getByText('paused', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('status').getByText('running', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Cancel the sweep' }).click();
    await page.getByRole('status').getByText('cancelled', { exact: true }).waitFor();
    expect((await read(service, id)).status).toBe('cancelled');
  });
});
