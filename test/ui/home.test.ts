/** The first page: what a service shows before and after it has been used, and the frame around every page. */
import { expect, test } from 'vitest';
import { quickJob, submit, succeeded } from '../service/service.js';
import { cuttableWayTo } from '../cuttable-way.js';
import { describeWithPages, lookAt } from './pages.js';

describeWithPages('the first page', (pages) => {
  test('offers ways to begin on an empty service, and the first leads to the data', async () => {
    const page = await pages().open('');
    await page.getByRole('heading', { name: 'Train on your own table' }).waitFor();
    await lookAt(page, 'home-empty');
    await page.getByRole('link', { name: 'Add data' }).click();
    await page.getByRole('heading', { level: 1, name: 'Data' }).waitFor();
    expect(page.url()).toContain('#/data');
  });

  test('shows what runs and then its model, without being reloaded', async () => {
    const { service } = pages();
    const page = await pages().open('');
    const { id } = await submit(service, { ...quickJob, epochs: 40, model: 'seen' });
    await page.getByText('running').waitFor();
    await succeeded(service, id);
    await page.getByRole('link', { name: 'Try it' }).waitFor();
    expect(await page.getByText('accuracy').count()).toBe(1);
    await lookAt(page, 'home');
  });

  test('can be used by the keyboard alone, and keeps the theme that was chosen', async () => {
    const page = await pages().open('');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').innerText()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('id')).toBe('content');
    const button = page.getByRole('button', { name: 'Theme: system' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.reload();
    await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  });

  test('says that nothing answers while the connection is lost, and goes on by itself', async () => {
    const way = await cuttableWayTo(pages().service.url);
    const page = await pages().open('', { expectedErrors: new RegExp(`ERR_|asks ${way.url}`) });
    await page.goto(way.url);
    await page.getByRole('link', { name: 'Try it' }).waitFor();
    await way.close();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('link', { name: 'Try it' }).count()).toBe(1);
    await way.open();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  });

  test('an address that no page has says so', async () => {
    const page = await pages().open('nowhere');
    await page.getByText('There is no such page').waitFor();
  });
});

describeWithPages(
  'every page of a service with keys under the path of a proxy',
  (pages) => {
    test('asks for a key once, and then shows what it has', async () => {
      const { service } = pages();
      const { id } = await succeeded(service, (await submit(service, quickJob)).id);
      await service.http
        .post('/v1/datasets?name=pets&target=kind')
        .set('prefer', 'wait=30')
        .type('text/csv')
        .send(`legs,kind\n${'4,cat\n2,bird\n'.repeat(20)}`)
        .expect(201);
      const made = await service.http.post('/v1/keys').send({ name: 'all', scopes: ['admin'] });
      const { key } = made.body as { key: string };

      const page = await pages().open('', { expectedErrors: /401/ });
      await page.getByLabel('Key', { exact: true }).fill(key);
      await page.getByRole('button', { name: 'Use this key' }).click();
      await page.getByRole('link', { name: 'Try it' }).waitFor();

      const shown: Record<string, string> = {
        data: 'pets',
        'data/pets': 'There are 2 different texts in 40 cells.',
        'data/pets/train': 'kind has 2 classes',
        jobs: '1 job',
        [`jobs/${id}`]: 'Version 1 is published',
        models: 'mnist-mlp',
        'models/mnist-mlp': 'It answers',
        'models/mnist-mlp?tab=evaluation': 'What it takes for what',
        'models/mnist-mlp?tab=versions': 'Version 1 answers.',
        'models/mnist-mlp?tab=use': 'export TRAINYARD_KEY',
        'models/mnist-mlp/inside': 'What the first layer looks for',
        draw: 'It reads',
        playground: 'The stronger the colour',
        admin: '(yours)',
      };
      for (const [path, text] of Object.entries(shown)) {
        await page.goto(`${service.url}/ml/#/${path}`);
        await page.getByText(text).first().waitFor();
        expect(await page.getByRole('alert').count(), path).toBe(0);
      }
    });
  },
  { BASE_PATH: '/ml' },
);
