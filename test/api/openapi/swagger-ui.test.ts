/** The documentation in a real browser: every operation can be executed as the page shows it. */
import type { Locator, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { exampleDigit, exampleJpeg, examplePng } from '../../../src/api/predictions/example-digit.js';
import { describeWithBrowser } from '../../browser.js';
import { startPrefixProxy } from '../plugins/prefix-proxy.js';
import { smallEvaluation } from '../../model/small-model.js';
import { startService } from '../service.js';

const files: Partial<Record<string, Buffer>> = {
  'image/png': Buffer.from(examplePng, 'base64'),
  'multipart/form-data': Buffer.from(examplePng, 'base64'),
  'image/jpeg': Buffer.from(exampleJpeg, 'base64'),
  'application/octet-stream': Buffer.from(Float32Array.from(exampleDigit).buffer),
};

/** For the routes that take a table. Its content decides, whatever it is called. */
const table = Buffer.from('age,city,churned\n31,Oslo,no\n47,Bergen,yes\n');

/** What the examples name may not be here, and nobody reads the uploads. */
const notHere = [
  'JOB_NOT_FOUND',
  'BATCH_NOT_FOUND',
  'DATASET_NOT_FOUND',
  'DATASET_NOT_READY',
  'MODEL_NOT_FOUND',
];

interface Executed {
  operation: string;
  status: number;
  code: string | undefined;
}

/** One block of the page, opened and executed once for each kind of body. */
async function execute(page: Page, block: Locator): Promise<Executed[]> {
  const method = await block.locator('.opblock-summary-method').innerText();
  const path = (await block.locator('.opblock-summary-path').getAttribute('data-path')) ?? '';
  await click(block.locator('.opblock-summary-control').first());
  const button = block.locator('button.execute');
  await button.waitFor();
  const select = block.locator('.opblock-section-request-body select').first();
  const types = (await select.count()) > 0 ? await select.locator('option').allInnerTexts() : [''];
  const executed: Executed[] = [];
  for (const type of types) {
    if (type !== '') await select.selectOption(type);
    await chooseFile(block, type, /\/(?:datasets|batch)$/.test(path) ? table : files[type]);
    const [response] = await Promise.all([
      page.waitForResponse((each) => !each.url().includes('/docs')),
      click(button),
    ]);
    const text = method === 'HEAD' ? '' : await response.text();
    const [, code] = /"code":"([A-Z_]+)"/.exec(text) ?? [];
    executed.push({ operation: `${method} ${path} ${type}`.trim(), status: response.status(), code });
  }
  await click(block.locator('.opblock-summary-control').first());
  return executed;
}

/** At once: the page moves while it unfolds, and a click by the mouse waits until it stands still. */
function click(button: Locator): Promise<void> {
  return button.dispatchEvent('click');
}

/** The only thing that the page cannot fill in. */
async function chooseFile(block: Locator, type: string, buffer: Buffer | undefined): Promise<void> {
  if (buffer === undefined) return;
  const input = block.locator('input[type=file]').first();
  // A table that is text is in the page already.
  if (buffer === table && (await input.count()) === 0) return;
  if ((await input.count()) === 0 && type === 'multipart/form-data') {
    await click(block.locator('.json-schema-form-item-add').first());
  }
  await input.setInputFiles({ name: 'digit', mimeType: type, buffer });
  // Bytes without JSON, in the Open Inference Protocol's framing.
  const framing = block.locator('[data-param-name="Inference-Header-Content-Length"] input');
  if ((await framing.count()) === 0) return;
  await framing.fill('0');
  // The page takes what is typed a moment later, or when the field is left.
  await framing.blur();
}

describeWithBrowser('Swagger UI', (browser) => {
  async function open(url: string): Promise<Page> {
    const page = await browser().newPage();
    onTestFinished(() => page.close());
    page.setDefaultTimeout(60_000);
    await page.goto(url);
    await page.locator('.opblock').first().waitFor();
    return page;
  }

  test('executes every operation as it stands', async () => {
    const service = await startService();
    for (const seed of [1, 2, 3]) {
      await service.publishDigits('mnist-mlp', seed, { evaluation: smallEvaluation });
    }
    await service.aliases.set('mnist-mlp', 'production', 2);
    const page = await open(`${service.url}/docs`);
    const found = await page.locator('.opblock').all();
    const ids = await Promise.all(found.map(async (each) => (await each.getAttribute('id')) ?? ''));
    // What takes something away comes last, and a version when no alias stands for it any more.
    const removing = (id: string): number =>
      (/Version$|unload/.test(id) ? 2 : 1) * (/remove|delete|unload/.test(id) ? 1 : 0);
    const executed: Executed[] = [];
    for (const id of ids.toSorted((a, b) => removing(a) - removing(b))) {
      executed.push(...(await execute(page, page.locator(`[id="${id}"]`))));
    }
    // The models here have classes, which :regress refuses.
    const refused = executed.filter(
      ({ operation, status, code = '' }) =>
        status >= 400 && !notHere.includes(code) && !operation.includes(':regress'),
    );
    expect(refused).toEqual([]);
    expect(executed.filter(({ operation }) => operation.startsWith('POST /predict'))).toHaveLength(5);
    expect(executed.length).toBeGreaterThan(ids.length);
  }, 600_000);

  test.each([
    ['strips the prefix', { strips: true }, ''],
    ['strips the prefix and says so', { strips: true, forwards: true }, ''],
    ['passes the prefix on', { strips: false }, '/ml'],
  ])('loads and executes behind a proxy that %s', async (_, options, basePath) => {
    const service = await startService({ basePath });
    const proxy = await startPrefixProxy(service.url, '/ml', options);
    const page = await open(`${proxy.url}/ml/`);
    expect(new URL(page.url()).pathname).toBe('/ml/docs');
    const list = page.locator('#operations-jobs-listJobs');
    expect(await execute(page, list)).toEqual([{ operation: 'GET /v1/jobs', status: 200, code: undefined }]);
    const create = page.locator('#operations-jobs-createJob');
    expect(await execute(page, create)).toMatchObject([{ status: 202 }]);
    expect(proxy.outside).toEqual([]);
  });
});
