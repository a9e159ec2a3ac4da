/** The documentation in a real browser: its operations can be executed as the page shows them. */
import type { Locator, Page, Response } from 'playwright-core';
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

/** Its content decides, whatever it is called. */
const table = Buffer.from('age,city,churned\n31,Oslo,no\n47,Bergen,yes\n');

/** What a route takes that does not take a digit. */
function fileFor(path: string, type: string, model: Buffer): Buffer | undefined {
  if (/\/(?:datasets|batch)$/.test(path)) return table;
  return path.endsWith('/versions') ? model : files[type];
}

/** What the examples name may not be here, and nobody reads the uploads. */
const notHere = [
  'JOB_NOT_FOUND',
  'BATCH_NOT_FOUND',
  'DATASET_NOT_FOUND',
  'DATASET_NOT_READY',
  'MODEL_NOT_FOUND',
  'KEY_NOT_FOUND',
  'SWEEP_NOT_FOUND',
];

/** The models here have classes, and a model file of this service takes no description, which the form has. */
const refusals = [/:regress/, /^POST \/v1\/models\/\{name\}\/versions multipart/];

/** The page reads its whole document again for each operation that it unfolds: seconds, with that of the service. */
const operationsAPage = 8;

interface Executed {
  operation: string;
  status: number;
  code: string | undefined;
}

/** An operation, executed once for each type of body that the document names. */
async function execute(page: Page, operation: Operation, model = Buffer.of()): Promise<Executed[]> {
  const block = page.locator(`.opblock[id$="-${operation.operationId}"]`);
  const method = await block.locator('.opblock-summary-method').innerText();
  const path = (await block.locator('.opblock-summary-path').getAttribute('data-path')) ?? '';
  const types = operation.requestBody ? Object.keys(operation.requestBody.content) : [''];
  const executed: Executed[] = [];
  for (const type of types) {
    const file = type === '' ? undefined : fileFor(path, type, model);
    const response = await responseTo(page, block, type, file);
    const text = method === 'HEAD' ? '' : await response.text();
    const [, code] = /"code":"([A-Z_]+)"/.exec(text) ?? [];
    executed.push({ operation: `${method} ${path} ${type}`.trim(), status: response.status(), code });
  }
  await click(block.locator('.opblock-summary-control').first());
  return executed;
}

/**
 * The page shows its button before it has read the operation, and a click then does nothing. Where it reads two operations at a
 * time it may even lose one for good ("Operation … not found" in its console). So it is loaded again until it executes.
 */
async function responseTo(page: Page, block: Locator, type: string, file?: Buffer): Promise<Response> {
  const button = block.locator('button.execute');
  for (let attempt = 1; ; attempt++) {
    if (!(await button.isVisible())) await click(block.locator('.opblock-summary-control').first());
    await button.waitFor();
    if (type !== '') await block.locator('.opblock-section-request-body select').first().selectOption(type);
    await chooseFile(block, type, file);
    const asked = page.waitForRequest((each) => !each.url().includes('/docs'), { timeout: 5_000 });
    const [request] = await Promise.all([asked.catch(() => null), click(button)]);
    const response = await request?.response();
    if (response) return response;
    if (attempt === 30) throw new Error(`The page executes nothing for ${await block.getAttribute('id')}`);
    await load(page, page.url().replace(/#.*/, ''));
  }
}

/** Anew, even where the URL is the same but for what is unfolded. */
async function load(page: Page, url: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(url);
  await page.locator('.opblock').first().waitFor();
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

interface Operation {
  operationId: string;
  tags: string[];
  requestBody?: { content: Record<string, object> };
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

/**
 * All that remove something, and one of each method with the same types of body under each heading of the others: the page makes
 * them alike, slowly. contract/contract.test.ts asks all of them with their examples, without the page.
 */
function tried(document: Document): Document {
  const seen = new Set<string>();
  const isTried = (method: string, { tags, requestBody }: Operation): boolean => {
    const kind = [method, ...tags, ...Object.keys(requestBody?.content ?? {})].join(' ');
    const isNew = !seen.has(kind);
    seen.add(kind);
    return isNew || method === 'delete';
  };
  const paths = Object.entries(document.paths).map(([path, methods]): [string, typeof methods] => [
    path,
    pick(Object.entries(methods).filter(([method, operation]) => isTried(method, operation))),
  ]);
  return { ...document, paths: pick(paths) };
}

/** What takes something away comes last, and a version when no alias stands for it any more. */
function inOrder(document: Document): Operation[] {
  const removing = ({ operationId: id }: Operation): number =>
    (/Version$|unload/.test(id) ? 2 : 1) * (/remove|delete|unload/.test(id) ? 1 : 0);
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  return operations.toSorted((a, b) => removing(a) - removing(b));
}

/** The document with these operations and the components that they refer to. */
function withOnly(document: Document, ids: readonly string[]): Document {
  const kept = pick(
    Object.entries(document.paths).map(([path, methods]) => [
      path,
      pick(Object.entries(methods).filter(([, { operationId }]) => ids.includes(operationId))),
    ]),
  );
  const { securitySchemes } = document.components;
  const components: Document['components'] = { securitySchemes };
  const waiting: unknown[] = [kept];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    for (const [, kind, name] of JSON.stringify(part).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
      if (name in (components[kind] ??= {})) continue;
      waiting.push((components[kind][name] = document.components[kind][name]));
    }
  }
  return { ...document, paths: kept, components };
}

/** The entries that have something in them. */
function pick<Value extends object>(entries: [string, Value][]): Record<string, Value> {
  return Object.fromEntries(entries.filter(([, value]) => Object.keys(value).length > 0));
}

describeWithBrowser('Swagger UI', (openContext) => {
  /** With all operations, or with these. */
  async function open(url: string, ids?: readonly string[]): Promise<Page> {
    const context = await openContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    if (ids !== undefined) {
      await page.route('**/docs/json', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: withOnly((await response.json()) as Document, ids) });
      });
    }
    await load(page, url);
    return page;
  }

  test('executes operations as they stand, each with each kind of body', async () => {
    const service = await startService();
    for (const seed of [1, 2, 3]) {
      await service.publishDigits('mnist-mlp', seed, { evaluation: smallEvaluation });
    }
    await service.aliases.set('mnist-mlp', 'production', 2);
    const model = await fetch(`${service.url}/v1/models/mnist-mlp/versions/1/model.safetensors`);
    const file = Buffer.from(await model.arrayBuffer());
    const document = (await service.http.get('/docs/json').expect(200)).body as Document;
    const operations = inOrder(tried(document));
    const whole = await open(`${service.url}/docs`);
    expect(await whole.locator('.opblock').count()).toBe(inOrder(document).length);
    await whole.context().close();
    const executed: Executed[] = [];
    for (let first = 0; first < operations.length; first += operationsAPage) {
      const these = operations.slice(first, first + operationsAPage);
      const page = await open(
        `${service.url}/docs`,
        these.map(({ operationId }) => operationId),
      );
      for (const operation of these) executed.push(...(await execute(page, operation, file)));
      await page.context().close();
    }
    const refused = executed.filter(
      ({ operation, status, code = '' }) =>
        status >= 400 && !notHere.includes(code) && !refusals.some((refusal) => refusal.test(operation)),
    );
    expect(refused).toEqual([]);
    expect(executed.filter(({ operation }) => operation.startsWith('POST /predict'))).toHaveLength(5);
    expect(executed.length).toBeGreaterThan(operations.length);
  });

  test.each([
    ['strips the prefix', { strips: true }, ''],
    ['strips the prefix and says so', { strips: true, forwards: true }, ''],
    ['passes the prefix on', { strips: false }, '/ml'],
  ])('loads and executes behind a proxy that %s', async (_, options, basePath) => {
    const service = await startService({ basePath });
    const proxy = await startPrefixProxy(service.url, '/ml', options);
    const { get: list, post: create } = ((await service.http.get(`${basePath}/docs/json`)).body as Document)
      .paths['/v1/jobs'];
    const page = await open(`${proxy.url}/ml/docs`, [list.operationId, create.operationId]);
    expect(await execute(page, list)).toEqual([{ operation: 'GET /v1/jobs', status: 200, code: undefined }]);
    expect(await execute(page, create)).toMatchObject([{ status: 202 }]);
    expect(proxy.outside).toEqual([]);
  });
});
