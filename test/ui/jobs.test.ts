/** What a person does with jobs: watch one learn, stop it, compare some, and lose the connection meanwhile. */
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import type { OutcomesList } from '../../src/jobs/views/job.js';
import { quickJob, readJob, submit, succeeded } from '../service/service.js';
import { cuttableWayTo } from '../cuttable-way.js';
import { describeWithPages, lookAt } from './pages.js';

/** Long enough to look at; the tests cancel what they need no longer. */
const longJob: JobRequest = { ...quickJob, epochs: 5_000, model: 'watched', split: { validation: 0.1 } };

const lossChart = (page: Page) => page.getByRole('img', { name: /^Loss of/ });
const labelOf = (page: Page): Promise<string | null> => lossChart(page).getAttribute('aria-label');
const isShown = (page: Page, status: string): Promise<void> =>
  page.getByRole('status').getByText(status, { exact: true }).waitFor();

describeWithPages('the pages of jobs', (pages) => {
  test('show a job learning, pause it, let it go on, cancel it and delete it', async () => {
    const { service } = pages();
    const { id } = await submit(service, longJob);
    // Other jobs would wait for it.
    onTestFinished(async () => {
      await service.http.post(`/v1/jobs/${id}/cancel`);
    });
    const page = await pages().open(`jobs/${id}`);
    await lossChart(page).waitFor();
    const before = await labelOf(page);
    await expect.poll(() => labelOf(page)).not.toBe(before);

    await page.getByRole('button', { name: 'Pause' }).click();
    await isShown(page, 'paused');
    await page.getByRole('button', { name: 'Resume' }).click();
    await isShown(page, 'running');

    const slider = page.getByRole('slider', { name: /^Epoch/ });
    await expect.poll(async () => Number(await slider.getAttribute('max'))).toBeGreaterThan(1);
    await slider.focus();
    await page.keyboard.press('Home');
    await page.getByText('Epoch 1', { exact: true }).waitFor();
    expect(await page.getByRole('table').filter({ hasText: 'Rows: the actual class' }).count()).toBe(1);
    await page.getByRole('button', { name: 'Newest epoch' }).click();
    await expect.poll(() => page.getByText('Epoch 1', { exact: true }).count()).toBe(0);

    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Cancel the job' }).click();
    await isShown(page, 'cancelled');
    expect((await readJob(service, id)).status).toBe('cancelled');
    await lookAt(page, 'job');

    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
    await service.http.get(`/v1/jobs/${id}`).expect(404);
  });

  test('lay the curves of several jobs over one another, and say what differs and nothing else', async () => {
    const { service } = pages();
    const rates = [0.01, 0.003, 0.001];
    const jobs = [];
    for (const learning_rate of rates) {
      jobs.push(
        await submit(service, { ...quickJob, epochs: 3, model: 'compared', optimizer: { learning_rate } }),
      );
    }
    for (const { id } of jobs) await succeeded(service, id);
    const page = await pages().open('jobs?model=compared');
    const table = page.getByRole('table', { name: 'Jobs', exact: true });
    await table.waitFor();
    await table.getByRole('button', { name: 'Learning rate' }).click();
    const rows = await table.getByRole('row').allInnerTexts();
    expect(rows.slice(1).map((row) => rates.findIndex((rate) => row.includes(`\t${rate}\t`)))).toEqual([
      2, 1, 0,
    ]);

    const boxes = table.getByRole('checkbox');
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await page.getByRole('img', { name: /^Test loss by epoch of compared/ }).waitFor();
    const differences = page.getByRole('table', { name: 'Settings that differ' });
    const texts = await differences.getByRole('row').allInnerTexts();
    expect(texts.slice(1).map((text) => text.split('\t'))).toEqual([
      ['Optimizer learning rate', '0.001', '0.003'],
    ]);
    await page.getByRole('img', { name: /^3 jobs by/ }).waitFor();
    await lookAt(page, 'compare');

    await table.getByRole('link').first().click();
    await page.getByRole('heading', { level: 1, name: 'compared' }).waitFor();
  });

  test('go on after a lost connection without a gap or a double', async () => {
    const { service } = pages();
    const proxy = await cuttableWayTo(service.url);
    const { id } = await submit(service, { ...longJob, epochs: 20 });
    const page = await pages().open('', { expectedErrors: new RegExp(`ERR_|asks ${proxy.url}`) });
    await page.goto(`${proxy.url}/#/jobs/${id}`);
    await lossChart(page).waitFor();
    await proxy.close();
    await page.getByText('The connection is lost').waitFor();
    await succeeded(service, id);
    await proxy.open();
    await isShown(page, 'succeeded');
    await expect.poll(() => page.getByText('The connection is lost').count()).toBe(0);
    expect(await labelOf(page)).toContain('Loss of 20 epochs.');
    const { recorded } = (await service.http.get(`/v1/jobs/${id}/outcomes`)).body as OutcomesList;
    const slider = page.getByRole('slider', { name: /^Epoch/ });
    await expect.poll(() => slider.getAttribute('max')).toBe(String(recorded - 1));
  });
});
