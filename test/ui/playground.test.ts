/** The playground: points that the service makes, and the border between them while it trains a network on them. */
import { expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { fastestEngine } from '../fastest-engine.js';
import { describeWithPages, lookAt, painted } from './pages.js';

/** The picture on the plane, as one text that changes with it. */
const picture = (page: Page): Promise<string> =>
  page.evaluate("document.querySelector('canvas.surface').toDataURL()");

/** How many different pictures were seen by the time the job had ended. */
async function picturesUntilEnd(page: Page): Promise<number> {
  const seen = new Set<string>();
  while (!(await page.getByText('succeeded').isVisible())) {
    seen.add(await picture(page));
    // Looking costs the page time to draw.
    await page.waitForTimeout(100);
  }
  return seen.size;
}

describeWithPages(`the playground, trained by ${fastestEngine}`, (pages) => {
  test('shows the border of the moons change while it is learnt, and lets one step through it afterwards', async () => {
    const page = await pages().open('playground');
    await page.locator('canvas.surface').waitFor();
    await page.getByLabel('Epochs').selectOption('100');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    expect(await picturesUntilEnd(page)).toBeGreaterThan(3);
    const shownRight = page.locator('.figure', { hasText: 'held out' }).locator('.figure-value');
    expect(Number.parseFloat(await shownRight.innerText())).toBeGreaterThan(85);
    await page.getByText('epoch 100').first().waitFor();

    await painted(page);
    const last = await picture(page);
    await page.getByRole('slider', { name: 'Which moment' }).focus();
    await page.keyboard.press('Home');
    await page.locator('output', { hasText: /^epoch [12]$/ }).waitFor();
    await expect.poll(() => picture(page)).not.toBe(last);
    await page.keyboard.press('End');
    await expect.poll(() => picture(page)).toBe(last);
    await page.getByLabel('On the plane').selectOption('layer 1, unit 2');
    await expect.poll(() => picture(page)).not.toBe(last);
    await lookAt(page, 'playground');
  });

  test('makes other points when others are chosen, and can cancel what it trains', async () => {
    const page = await pages().open('playground');
    await page.locator('canvas.surface').waitFor();
    const moons = await picture(page);
    await page.getByLabel('Spiral').check();
    await expect.poll(() => picture(page)).not.toBe(moons);
    await page.getByLabel('Epochs').selectOption('1000');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('cancelled').waitFor();
    const { http } = pages().service;
    await http.get('/v1/datasets/playground-spiral').expect(200);
    // What was trained on stays; what was only looked at goes.
    await page.getByLabel('Circles').check();
    await expect.poll(async () => (await http.get('/v1/datasets/playground-circles')).status).toBe(200);
    await page.getByLabel('Moons').check();
    await expect.poll(async () => (await http.get('/v1/datasets/playground-circles')).status).toBe(404);
    await http.get('/v1/datasets/playground-spiral').expect(200);
  });
});
