import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { flipBit, temporaryStorage } from '../../storage/temporary-storage.js';
import { takeIn } from '../../../src/data/versions/take-in.js';
import { churn, Killed, killedAt, keysUnder, openScene } from './scene.js';

/** Unsigned bytes of this shape. */
function idx(shape: number[], elements: number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  shape.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([header, Buffer.from(elements)]);
}

describe('a table that is read', () => {
  test('has a schema, rows and a description', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    await expect(scene.store.info('churn')).rejects.toMatchObject({ code: 'DATASET_NOT_READY' });
    await scene.readAll();
    const info = await scene.store.info('churn');
    expect(info).toMatchObject({ kind: 'table', name: 'churn', version: 1, target: ['churned'] });
    expect(info.kind === 'table' && info.schema.columns.map(({ name }) => name)).toEqual([
      'age',
      'city',
      'churned',
    ]);
    expect(await (await scene.store.openTable('churn', 1)).rows(1, 2)).toEqual([
      ['47', 'Bergen', 'yes'],
      ['28', 'Oslo', 'no'],
    ]);
    expect((await scene.store.list()).map(({ name }) => name)).toEqual(['mnist', 'churn']);
  });

  test('says how far it is', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    const seen: { fraction: number; rows: number }[] = [];
    const [id = ''] = scene.queue.keys();
    await takeIn(scene.storage, id, { mostIdxBytes: 1, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ fraction: 1, rows: 4 });
  });

  test('is the same after it was killed at any of its writes, and never ready before the last', async () => {
    const undisturbed = await blobsOfTable();
    for (let write = 0, isKilled = true; isKilled; write++) {
      const scene = openScene(await temporaryStorage());
      await scene.upload({ file: churn });
      const [id = ''] = scene.queue.keys();
      isKilled = await takeIn(killedAt(scene.storage, write), id, { mostIdxBytes: 1 }).then(
        () => false,
        (error: unknown) => error instanceof Killed || Promise.reject(error as Error),
      );
      if (isKilled) {
        const info = openScene(scene.storage).store.info('churn');
        await expect(info, `killed at write ${write}`).rejects.toMatchObject({ code: 'DATASET_NOT_READY' });
      }
      await scene.readAll();
      expect(await blobsUnder(scene.storage, id), `killed at write ${write}`).toEqual(undisturbed);
    }
  });

  test('is the same when two processes read it at once', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    const [id = ''] = scene.queue.keys();
    const results = await Promise.all([1, 2, 3].map(() => takeIn(scene.storage, id, { mostIdxBytes: 1 })));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(await blobsUnder(scene.storage, id)).toEqual(await blobsOfTable());
  });

  test('is refused with every place at fault, and stays as it is', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: 'a,b\n1,2\n3\n4,5\n6,7,8\n' }, { target: [] });
    await scene.readAll();
    const { result } = await scene.versions.find('churn');
    if (result?.kind !== 'failed') throw new Error('It was taken');
    expect(result.error.code).toBe('DATASET_INVALID');
    expect(result.error.problems.map(({ code, line }) => [code, line])).toEqual([
      ['ROW_LENGTH', 3],
      ['ROW_LENGTH', 5],
    ]);
    await expect(scene.store.info('churn')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      problems: result.error.problems,
    });
  });

  test('is refused when it lacks the target, naming the column that was meant', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn }, { target: ['Churned '] });
    await scene.readAll();
    const { result } = await scene.versions.find('churn');
    expect(result).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('"churned"') as string },
    });
  });

  test('has a column called __proto__ like any other', async () => {
    const scene = openScene(await temporaryStorage());
    const columns = JSON.parse('{"__proto__":{"type":"category"}}') as Record<string, { type: 'category' }>;
    await scene.upload({ file: '__proto__,x\n1,2\n3,4\n' }, { target: [], options: { columns } });
    await scene.readAll();
    const info = await scene.store.info('churn');
    expect(info.kind === 'table' && info.schema.columns[0]).toMatchObject({
      name: '__proto__',
      format: { type: 'category' },
    });
  });

  test('is not failed for a storage that fails', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    const [id = ''] = scene.queue.keys();
    const full = new TrainyardError('STORAGE_FULL', 'full');
    const failing = { ...scene.storage, put: () => Promise.reject(full) };
    await expect(takeIn(failing, id, { mostIdxBytes: 1 })).rejects.toBe(full);
    await scene.readAll();
    expect(await scene.store.info('churn')).toMatchObject({ kind: 'table' });
  });

  test('is found damaged when a bit of its schema or its rows flips', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    const [id = ''] = scene.queue.keys();
    await scene.readAll();
    await flipBit(scene.storage, `uploads/${id}/table/rows/000000`, 100);
    const table = await scene.store.openTable('churn', 1);
    await expect(table.rows(0, 1)).rejects.toMatchObject({ code: 'DATASET_CORRUPT' });
    await flipBit(scene.storage, `uploads/${id}/schema.json`, 100);
    await expect(openScene(scene.storage).store.info('churn')).rejects.toMatchObject({
      code: 'DATASET_CORRUPT',
    });
  });
});

describe('IDX files that are read', () => {
  const images = idx([4, 1, 2], [0, 255, 255, 0, 0, 0, 255, 255]);
  const labels = idx([4], [0, 2, 1, 0]);

  test('are arrays with labels and the scaling of their training pixels, plain or gzipped', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ images: gzipSync(images), labels }, { name: 'pairs', target: [] });
    await scene.readAll();
    const info = await scene.store.info('pairs');
    expect(info).toMatchObject({
      kind: 'arrays',
      inputs: 2,
      targets: { kind: 'classes', labels: ['0', '1', '2'] },
      trainCount: 4,
      testCount: 0,
      scaling: { divide_by: 255, mean: 0.5, std: 0.5 },
    });
    const { train, test: none } = await scene.store.load('pairs');
    expect([...train.inputs]).toEqual([0, 255, 255, 0, 0, 0, 255, 255]);
    expect([...train.targets]).toEqual([0, 2, 1, 0]);
    expect(none.count).toBe(0);
    await expect(scene.store.openTable('pairs', 1)).rejects.toMatchObject({ code: 'DATASET_NOT_A_TABLE' });
  });

  test('may have a test split', async () => {
    const scene = openScene(await temporaryStorage());
    const files = { images, labels, test_images: idx([1, 1, 2], [7, 8]), test_labels: idx([1], [3]) };
    await scene.upload(files, { name: 'pairs', target: [] });
    await scene.readAll();
    expect(await scene.store.info('pairs')).toMatchObject({
      testCount: 1,
      targets: { labels: ['0', '1', '2', '3'] },
    });
    expect([...(await scene.store.load('pairs')).test.inputs]).toEqual([7, 8]);
  });

  test.each([
    ['files that are not IDX', { images: Buffer.from('PNG?'), labels }, /images is not a readable IDX file/],
    ['a different number of labels', { images, labels: idx([3], [0, 1, 2]) }, /4 images and 3 labels/],
    ['a bomb', { images: gzipSync(Buffer.alloc(2 ** 21)), labels }, /unpacks to more than/],
  ])('are refused for %s', async (_what, files, message) => {
    const scene = openScene(await temporaryStorage());
    await scene.upload(files, { name: 'pairs', target: [] });
    await scene.readAll();
    await expect(scene.store.info('pairs')).rejects.toThrow(message);
  });
});

/** Of an undisturbed table. */
async function blobsOfTable(): Promise<Record<string, string>> {
  const scene = openScene(await temporaryStorage());
  await scene.upload({ file: churn });
  const [id = ''] = scene.queue.keys();
  await scene.readAll();
  return blobsUnder(scene.storage, id);
}

/** The content of every blob, without what depends on the time. */
async function blobsUnder(
  storage: Parameters<typeof keysUnder>[0],
  id: string,
): Promise<Record<string, string>> {
  const keys = await keysUnder(storage, `uploads/${id}`);
  const blobs = await Promise.all(
    keys.map(async (key) => {
      const text = (await storage.read(key))?.toString('latin1') ?? '';
      return [key.replace(id, ''), text.replaceAll(/"\w+_at": "[^"]+"/g, '')] as const;
    }),
  );
  return Object.fromEntries(blobs);
}
