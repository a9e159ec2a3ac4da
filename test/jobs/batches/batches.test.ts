import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { TableInfo } from '../../../src/data/dataset.js';
import { createBatchProcessor } from '../../../src/jobs/batches/batch-processor.js';
import { createBatchStore } from '../../../src/jobs/batches/batch-store.js';
import { createBatches, type Batch, type BatchRequest } from '../../../src/jobs/batches/batches.js';
import type { Delivery } from '../../../src/jobs/queue/entry-queue.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { createAliases } from '../../../src/model/registry/aliases.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import { createModelServer } from '../../../src/model/serving/model-server.js';
import type { Storage } from '../../../src/storage/storage.js';
import { fitted, houses, tableModelFile } from '../../model/small-table.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';

const log = pino({ level: 'silent' });
const columns = houses.slice(0, 4);
const header = columns.map(({ name }) => name);

/** Three chunks of 62,500 rows would take seconds: the rows are few, and the chunks of the spec are made small. */
const rows = Array.from({ length: 10 }, (_, row) =>
  columns.map(({ texts }) => (row === 7 ? 'none such' : (texts[row % 6] ?? null))),
);

const info = {
  kind: 'table',
  name: 'homes',
  version: 3,
  sha256: 'a'.repeat(64),
  schema: { rows: rows.length, columns: columns.map(({ name, format }) => ({ name, format })) },
  target: [],
} as unknown as TableInfo;

interface Scene {
  storage: Storage;
  queue: string[];
  /** What was stored as versions of datasets. */
  stored: string[];
  submit: (request?: Partial<BatchRequest>) => Promise<Batch>;
  batches: ReturnType<typeof createBatches>;
  /** One delivery to a worker. */
  work: (id: string, options?: { on?: Storage; signal?: AbortSignal }) => Promise<Delivery>;
}

async function sceneOf(): Promise<Scene> {
  const storage = await temporaryStorage();
  const registry = createRegistry(storage, log);
  await registry.publish({
    model: 'prices',
    runId: 'job_1',
    step: 1,
    file: tableModelFile(fitted(columns), { kind: 'values', names: ['price'] }),
    metrics: {},
    now: new Date(0),
  });
  const models = createModelServer({
    registry,
    aliases: createAliases({ storage, registry }),
    engine: createReferenceEngine(),
    log,
  });
  const queue: string[] = [];
  const stored: string[] = [];
  const datasets = {
    info: () => Promise.resolve(info),
    openTable: () =>
      Promise.resolve({
        columns: () => Promise.reject(new Error('not asked for')),
        rows: (first: number, count: number) => Promise.resolve(rows.slice(first, first + count)),
      }),
  };
  const batches = createBatches({
    store: createBatchStore(storage),
    queue: {
      add(id) {
        if (!queue.includes(id)) queue.push(id);
        return Promise.resolve();
      },
      placeOf: (id) => Promise.resolve(queue.includes(id) ? 'waiting' : null),
    },
    datasets,
    models,
    log,
    chunkCells: 12,
  });
  return {
    storage,
    queue,
    stored,
    batches,
    submit: (request = {}) =>
      batches.submit({ dataset: 'homes', model: 'prices', output: { dataset: 'priced' }, ...request }),
    work(id, { on = storage, signal = new AbortController().signal } = {}) {
      const process = createBatchProcessor({
        store: createBatchStore(on),
        datasets,
        registry: createRegistry(on, log),
        engine: () => Promise.resolve(createReferenceEngine()),
        async storeDataset(name, file) {
          const content = await text(Readable.from(file));
          // Content-addressed, as datasets are.
          if (!stored.includes(`${name}:${content}`)) stored.push(`${name}:${content}`);
          return stored.indexOf(`${name}:${content}`) + 1;
        },
        log,
      });
      return process(id, signal);
    },
  };
}

async function resultOf({ batches }: Scene, id: string): Promise<string> {
  const { content, sizeBytes } = await batches.openResult(id);
  const result = await text(Readable.from(content));
  expect(Buffer.byteLength(result)).toBe(sizeBytes);
  return result;
}

describe('a batch', () => {
  test('predicts every row with the pinned version, and its result is a file and a dataset', async () => {
    const scene = await sceneOf();
    const batch = await scene.submit();
    expect(batch).toMatchObject({
      status: 'queued',
      dataset: { name: 'homes', version: 3 },
      model: { name: 'prices', version: 1 },
      progress: { rows_done: 0, rows: 10, fraction: 0 },
    });
    expect(scene.queue).toEqual([batch.id]);
    expect(await scene.work(batch.id)).toEqual({ outcome: 'done' });
    const done = await scene.batches.get(batch.id);
    expect(done).toMatchObject({
      status: 'succeeded',
      progress: { rows_done: 10, fraction: 1 },
      result: { rows: 10, failed_rows: 1, dataset: { name: 'priced', version: 1 } },
    });
    const result = await resultOf(scene, batch.id);
    expect(scene.stored).toEqual([`priced:${result}`]);
    const [first, ...lines] = result.trimEnd().split('\n');
    expect(first).toBe([...header, 'prediction', 'prediction_error'].join(','));
    expect(lines.map((line) => line.split(',').slice(0, 4))).toEqual(
      rows.map((row) => row.map((cell) => cell ?? '')),
    );
    expect(lines[7]).toMatch(/^none such,none such,none such,none such,,"?area is/);
    expect(await scene.batches.list({ limit: 5 })).toEqual({ object: 'list', data: [done], has_more: false });
  });

  test('that is killed at any of its writes is taken up again and ends as if it had not been', async () => {
    const whole = await sceneOf();
    const { id } = await whole.submit();
    let writes = 0;
    await whole.work(id, {
      on: watched(whole.storage, () => {
        writes++;
      }),
    });
    const expected = await resultOf(whole, id);
    // One attempt, four chunks, the ending and the result.
    expect(writes).toBe(7);
    const { submit, work, batches, stored } = whole;
    for (let survived = 0; survived < writes; survived++) {
      const again = await submit();
      let left = survived;
      const dying = watched(whole.storage, () => {
        if (left-- <= 0) throw new Error('died');
      });
      expect(await work(again.id, { on: dying })).toMatchObject({ outcome: 'retry' });
      expect((await batches.get(again.id)).status, `after ${survived} writes`).toBe(
        survived === 0 ? 'queued' : 'running',
      );
      expect(await work(again.id)).toEqual({ outcome: 'done' });
      expect(await resultOf(whole, again.id)).toBe(expected);
      expect(await batches.get(again.id)).toMatchObject({
        result: { dataset: { version: 1 }, failed_rows: 1 },
      });
    }
    expect(stored).toHaveLength(1);
  });

  test('on two workers at once ends once, with one result', async () => {
    const scene = await sceneOf();
    const { id } = await scene.submit();
    expect(await Promise.all([scene.work(id), scene.work(id)])).toEqual([
      { outcome: 'done' },
      { outcome: 'done' },
    ]);
    expect(await scene.batches.get(id)).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(scene.stored).toEqual([`priced:${await resultOf(scene, id)}`]);
  });

  test('is handed back when its worker stops, and goes on behind its last chunk', async () => {
    const scene = await sceneOf();
    const { id } = await scene.submit();
    const stop = new AbortController();
    let chunks = 0;
    const on = watched(scene.storage, (key) => {
      if (key.includes('/chunks/') && ++chunks === 2) stop.abort();
    });
    expect(await scene.work(id, { on, signal: stop.signal })).toEqual({ outcome: 'hand_back' });
    expect(await scene.batches.get(id)).toMatchObject({ status: 'running', progress: { rows_done: 6 } });
    await scene.work(id, { on });
    expect(chunks).toBe(4);
    expect((await scene.batches.get(id)).status).toBe('succeeded');
  });

  test('is cancelled while it waits and while it runs, and not once its end is decided', async () => {
    const scene = await sceneOf();
    const waiting = await scene.submit();
    expect((await scene.batches.cancel(waiting.id)).status).toBe('cancelled');
    expect((await scene.batches.cancel(waiting.id)).status).toBe('cancelled');
    const running = await scene.submit();
    let cancelled: Promise<Batch> | undefined;
    const on = watched(scene.storage, (key) => {
      if (key.includes('/chunks/')) cancelled ??= scene.batches.cancel(running.id);
    });
    const slow = {
      ...on,
      create: async (...args: Parameters<Storage['create']>) => {
        const created = await on.create(...args);
        await cancelled;
        return created;
      },
    };
    await scene.work(running.id, { on: slow });
    expect(await scene.batches.get(running.id)).toMatchObject({
      status: 'cancelled',
      progress: { rows_done: 3 },
      result: null,
    });
    await expect(scene.batches.openResult(running.id)).rejects.toMatchObject({
      code: 'BATCH_WITHOUT_RESULT',
    });
    const decided = await scene.submit();
    await createBatchStore(scene.storage).decideEnding(decided.id, 'succeeded');
    await expect(scene.batches.cancel(decided.id)).rejects.toMatchObject({ code: 'BATCH_FINISHING' });
    await scene.work(decided.id);
    await expect(scene.batches.cancel(decided.id)).rejects.toMatchObject({ code: 'BATCH_ENDED' });
    expect(scene.stored).toHaveLength(1);
  });

  test('that kills its worker again and again is given up', async () => {
    const scene = await sceneOf();
    const { id } = await scene.submit();
    const store = createBatchStore(scene.storage);
    for (let attempt = 0; attempt < 5; attempt++) await store.beginAttempt(id);
    await scene.work(id);
    expect(await scene.batches.get(id)).toMatchObject({ status: 'failed', error: { code: 'BATCH_CRASHED' } });
  });

  test('fails for good when its model is no longer there', async () => {
    const scene = await sceneOf();
    const { id } = await scene.submit();
    await createRegistry(scene.storage, log).remove('prices', 1, () => Promise.resolve(false));
    await scene.work(id);
    const { status, error } = await scene.batches.get(id);
    expect([status, error?.code]).toEqual(['failed', 'MODEL_NOT_FOUND']);
  });

  test('that the queue has lost is enqueued again, and one that has ended is not', async () => {
    const scene = await sceneOf();
    const [lost, ended] = [await scene.submit(), await scene.submit()];
    await scene.work(ended.id);
    scene.queue.length = 0;
    await scene.batches.start();
    await scene.batches.stop();
    expect(scene.queue).toEqual([lost.id]);
    expect(await scene.batches.batchOn('homes', 3)).toBe(lost.id);
    await scene.batches.cancel(lost.id);
    expect(await scene.batches.batchOn('homes', 3)).toBeNull();
  });

  test('is deleted once it has ended, also where a file of it is damaged', async () => {
    const scene = await sceneOf();
    const { id } = await scene.submit();
    await expect(scene.batches.remove(id)).rejects.toMatchObject({ code: 'BATCH_NOT_ENDED' });
    await scene.work(id);
    await scene.storage.put(`batches/${id}/result.json`, Buffer.from('{'));
    await expect(scene.batches.get(id)).rejects.toMatchObject({ code: 'BATCH_CORRUPT' });
    expect((await scene.batches.list({ limit: 5 })).data).toEqual([]);
    await scene.batches.remove(id);
    await expect(scene.batches.remove(id)).rejects.toMatchObject({ code: 'BATCH_NOT_FOUND' });
    expect(await scene.storage.list('batches')).toEqual([]);
  });
});

/** The same storage; `look` sees the key of each write before it is done, and may throw. */
function watched(storage: Storage, look: (key: string) => void): Storage {
  return {
    ...storage,
    put: async (key, content) => (look(key), storage.put(key, content)),
    create: async (key, content) => (look(key), storage.create(key, content)),
  };
}

test('a batch says what is odd about its rows where it is asked to, and values do not abstain', async () => {
  const { submit, work, batches, stored } = await sceneOf();
  await expect(submit({ abstain_below: 0.5 })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  const { id, warnings } = await submit({ warnings: true });
  expect(warnings).toBe(true);
  expect(await work(id)).toEqual({ outcome: 'done' });
  expect((await batches.get(id)).status).toBe('succeeded');
  expect(stored[0]).toContain('prediction,prediction_warning,prediction_error');
});
