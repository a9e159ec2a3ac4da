import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createClient, type Client } from '../../client/client.js';
import { takeIn } from '../../src/data/versions/take-in.js';
import { build } from 'vite';
import { startService, type TestService } from '../api/service.js';
import { describeWithBrowser } from '../browser.js';

const penguins = fileURLToPath(new URL('../../examples/penguins.csv', import.meta.url));

async function readUploads({ uploads, storage }: TestService): Promise<void> {
  for (const id of uploads) await takeIn(storage, id, { mostIdxBytes: 2 ** 20 });
}

test('a stream is uploaded with its progress, and its dataset is waited for', async () => {
  const service = await startService();
  const client = createClient({ baseUrl: service.url });
  const { length } = await readFile(penguins);
  const progress: unknown[] = [];
  const stored = await client.uploadDataset(createReadStream(penguins, { highWaterMark: 4096 }), {
    name: 'penguins',
    target: 'species',
    columns: { year: { type: 'category' } },
    sizeBytes: length,
    onProgress: (sent, total) => progress.push([sent, total]),
  });
  // There is no such column: the file is stored, and the version fails once it is read.
  expect(stored).toMatchObject({ name: 'penguins', version: 1, status: 'processing' });
  expect(progress.length).toBeGreaterThan(2);
  expect(progress.at(-1)).toEqual([length, length]);

  const waiting = client.waitForDataset({ name: 'penguins', version: 1 }, { everyMs: 10 });
  await readUploads(service);
  expect(await waiting).toMatchObject({ status: 'failed', error: { code: expect.any(String) as string } });
});

test('what the service refuses of an upload is an error with its code', async () => {
  const service = await startService();
  const client = createClient({ baseUrl: service.url });
  await expect(client.uploadDataset(new Blob(['a,b\n1,2\n']), { name: 'mnist' })).rejects.toMatchObject({
    status: 409,
    code: 'DATASET_NAME_TAKEN',
  });
});

describeWithBrowser('in a browser', (openContext) => {
  test('an upload tells its progress, and a job is followed to its end', async () => {
    const service = await startService();
    const context = await openContext({ bypassCSP: true });
    const page = await context.newPage();
    await page.goto(`${service.url}/health/live`);
    await page.addScriptTag({ content: await bundle() });
    const outcome = await page.evaluate(async () => {
      const { createClient } = (globalThis as unknown as { trainyard: { createClient: () => Client } })
        .trainyard;
      const client = createClient();
      const progress: number[] = [];
      const stored = await client.uploadDataset(new Blob(['x,y\n'.repeat(50_000)]), {
        name: 'table',
        onProgress: (sent) => progress.push(sent),
      });
      const refused = await client
        .uploadDataset(new Blob(['x']), { name: 'mnist', onProgress: () => undefined })
        .catch((error: unknown) => (error as { code: string }).code);
      const { id } = await client.post('/v1/jobs', { body: { epochs: 2 } });
      await client.post('/v1/jobs/{id}/cancel', { params: { path: { id } } });
      const events: string[] = [];
      const job = await client.waitForJob(id, { onEvent: ({ type }) => events.push(type) });
      return { stored: stored.status, sent: progress.at(-1), refused, status: job.status, events };
    });
    expect(outcome).toEqual({
      stored: 'processing',
      sent: 200_000,
      refused: 'DATASET_NAME_TAKEN',
      status: 'cancelled',
      events: ['status', 'status', 'done'],
    });
    await context.close();
  });
});

/** The client as one script that puts itself on the page. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: {
        entry: fileURLToPath(new URL('../../client/client.ts', import.meta.url)),
        name: 'trainyard',
        formats: ['iife'],
      },
    },
  });
  const [{ output }] = built as unknown as [{ output: [{ code: string }] }];
  return output[0].code;
}
