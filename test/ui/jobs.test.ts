/** What a person does with jobs: watch one learn, stop it, compare some, and lose the connection meanwhile. */
import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import type { JobRequest, OutcomesList } from '../../src/jobs/runs/documents.js';
import { quickJob, readJob, submit, succeeded, type Service } from '../service/service.js';
import { describeWithPages, lookAt } from './pages.js';

/** Long enough to look at; the tests cancel what they need no longer. */
const longJob: JobRequest = { ...quickJob, epochs: 5_000, model: 'watched', split: { validation: 0.1 } };

const lossChart = (page: Page) => page.getByRole('img', { name: /^Loss of/ });
const labelOf = (page: Page): Promise<string | null> => lossChart(page).getAttribute('aria-label');
const isShown = (page: Page, status: string): Promise<void> =>
  page.getByRole('status').getByText(status, { exact: true }).waitFor({ timeout: 60_000 });

describeWithPages('the pages of jobs', (pages) => {
  test('show a job learning, pause it, let it go on, cancel it and delete it', async () => {
    const { service } = pages();
    const { id } = await submit(service, longJob);
    // Other jobs would wait for it.
    onTestFinished(async () => {
      await service.http.post(`/v1/jobs/${id}/cancel`);
    });
    const page = await pages().open(`jobs/${id}`);
    await lossChart(page).waitFor({ timeout: 60_000 });
    const before = await labelOf(page);
    await expect.poll(() => labelOf(page), { timeout: 60_000 }).not.toBe(before);

    await page.getByRole('button', { name: 'Pause' }).click();
    await isShown(page, 'paused');
    await page.getByRole('button', { name: 'Resume' }).click();
    await isShown(page, 'running');

    const slider = page.getByRole('slider', { name: /^Epoch/ });
    await expect
      .poll(async () => Number(await slider.getAttribute('max')), { timeout: 60_000 })
      .toBeGreaterThan(1);
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
    const proxy = await proxyTo(service);
    const { id } = await submit(service, { ...longJob, epochs: 20 });
    const page = await pages().open('', { expectedErrors: new RegExp(`ERR_|asks ${proxy.url}`) });
    await page.goto(`${proxy.url}/#/jobs/${id}`);
    await lossChart(page).waitFor({ timeout: 60_000 });
    await proxy.cut();
    await page.getByText('The connection is lost').waitFor({ timeout: 60_000 });
    await succeeded(service, id);
    await proxy.restore();
    await isShown(page, 'succeeded');
    await expect.poll(() => page.getByText('The connection is lost').count()).toBe(0);
    expect(await labelOf(page)).toContain('Loss of 20 epochs.');
    const { recorded } = (await service.http.get(`/v1/jobs/${id}/outcomes`)).body as OutcomesList;
    const slider = page.getByRole('slider', { name: /^Epoch/ });
    await expect.poll(() => slider.getAttribute('max'), { timeout: 30_000 }).toBe(String(recorded - 1));
  });
});

/** Can be cut, as a network can, and listens on the same port again. */
async function proxyTo(
  service: Service,
): Promise<{ url: string; cut: () => Promise<void>; restore: () => Promise<void> }> {
  const { hostname, port } = new URL(service.url);
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        other.destroy();
        sockets.delete(socket);
      });
      socket.pipe(other);
    }
  });
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  const cut = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(cut);
  return { url: `http://127.0.0.1:${own}`, cut, restore: () => listen(own) };
}
