import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createIntake, type IntakeOptions } from '../../../src/data/versions/intake.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';
import { churn, openScene } from './scene.js';

const goesOn = new AbortController().signal;

async function openIntake(content = churn, more: Partial<IntakeOptions> = {}) {
  const dataDir = await temporaryFolder();
  const storage = await createFileStorage(dataDir);
  const scene = openScene(storage, { maxBytes: 2 ** 27 });
  await scene.upload({ file: content }, { target: [] });
  const [id = ''] = scene.queue.keys();
  const ends: unknown[] = [];
  const takeIn = createIntake({
    storage,
    store: { kind: 'folder' },
    dataDir,
    mostIdxBytes: 2 ** 20,
    log: pino({ level: 'silent' }),
    onEnd: ({ status, rows }) => ends.push({ status, rows }),
    ...more,
  });
  return { scene, storage, id, ends, takeIn };
}

describe('an upload that the queue delivers', () => {
  test('is read in a thread', async () => {
    const { scene, id, ends, takeIn } = await openIntake();
    expect(await takeIn(id, goesOn)).toEqual({ outcome: 'done' });
    expect(await scene.store.info('churn')).toMatchObject({ kind: 'table', schema: { rows: 4 } });
    expect(ends).toEqual([{ status: 'ready', rows: 4 }]);
    // The queue may deliver it again.
    expect(await takeIn(id, goesOn)).toEqual({ outcome: 'done' });
    expect(ends).toHaveLength(1);
  });

  test('is done when its file cannot be used, or when it is gone', async () => {
    const { id, ends, takeIn, storage } = await openIntake('a,b\n1\n');
    expect(await takeIn(id, goesOn)).toEqual({ outcome: 'done' });
    expect(ends).toEqual([{ status: 'failed', rows: 0 }]);
    await storage.remove(`uploads/${id}`);
    expect(await takeIn('up_01ARZ3NDEKTSV4RRFFQ69G5FAV', goesOn)).toEqual({ outcome: 'done' });
  });

  test('is handed back when the worker stops, and shows meanwhile how far it is', async () => {
    const { scene, id, takeIn, storage } = await openIntake(`x,y\n${'1,2\n'.repeat(2_000_000)}`, {
      progressEveryMs: 0,
    });
    const stop = new AbortController();
    const delivery = takeIn(id, stop.signal);
    await expect
      .poll(async () => (await scene.versions.progress(await scene.versions.find('churn')))?.rows ?? 0)
      .toBeGreaterThan(0);
    stop.abort();
    expect(await delivery).toEqual({ outcome: 'hand_back' });
    expect((await scene.versions.find('churn')).result).toBeNull();
    // It was not the upload's fault.
    expect(await storage.list(`uploads/${id}/attempts`)).toEqual([]);
    expect(await takeIn(id, stop.signal)).toEqual({ outcome: 'hand_back' });
  });

  test('is tried again when its thread computes for too long without a pause', async () => {
    const { id, takeIn, storage, ends } = await openIntake(churn, { mostSilentMs: 1 });
    expect(await takeIn(id, goesOn)).toEqual({ outcome: 'retry', delayMs: 5_000 });
    expect(await storage.list(`uploads/${id}/attempts`)).toHaveLength(1);
    expect(ends).toEqual([]);
  });

  test('is given up when reading it was cut off too often', async () => {
    const { scene, id, takeIn, storage, ends } = await openIntake();
    for (const attempt of [1, 2, 3, 4, 5])
      await storage.create(`uploads/${id}/attempts/${attempt}`, Buffer.from(''));
    expect(await takeIn(id, goesOn)).toEqual({ outcome: 'done' });
    await expect(scene.store.info('churn')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringContaining('tried 5 times') as string,
    });
    expect(ends).toEqual([{ status: 'failed', rows: 0 }]);
  });

  test('is tried again later when what is stored is damaged, or the storage fails', async () => {
    const { id, takeIn, storage } = await openIntake();
    await storage.put(`uploads/${id}/file/000001`, Buffer.from('something else'));
    expect(await takeIn(id, goesOn)).toMatchObject({ outcome: 'retry' });
    expect(await storage.read(`uploads/${id}/result.json`)).toBeNull();
  });
});
