/** The first page: what a service shows before and after it has been used, and the frame around every page. */
import { expect, test } from 'vitest';
import { quickJob, submit, succeeded } from '../service/service.js';
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

  test('an address that no page has says so', async () => {
    const page = await pages().open('nowhere');
    await page.getByText('There is no such page').waitFor();
  });
});
