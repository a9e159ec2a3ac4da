import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { churn, Killed, killedAt, keysUnder, openScene } from './scene.js';

const hour = 3_600_000;

describe('an upload', () => {
  test('becomes a version that knows what was sent, and goes to the queue', async () => {
    const scene = openScene(await temporaryStorage());
    expect(await scene.upload({ file: churn })).toEqual({ version: 1, isNew: true });
    const { sent, result, upload } = await scene.versions.find('churn');
    expect(sent).toMatchObject({ name: 'churn', target: ['churned'], size_bytes: churn.length });
    expect(sent.sha256).toBe(createHash('sha256').update(churn).digest('hex'));
    expect(result).toBeNull();
    expect([...scene.queue.keys()]).toEqual([upload]);
  });

  test('is the version that it was before, and nothing is stored twice', async () => {
    const scene = openScene(await temporaryStorage());
    const options = { columns: { age: { type: 'number' as const }, city: { role: 'ignore' as const } } };
    await scene.upload({ file: churn }, { options });
    const before = await keysUnder(scene.storage, 'uploads');
    const reordered = { columns: { city: options.columns.city, age: options.columns.age } };
    expect(await scene.upload({ file: churn }, { options: reordered })).toEqual({ version: 1, isNew: false });
    expect(await keysUnder(scene.storage, 'uploads')).toEqual(before);
    expect(scene.queue.size).toBe(1);
  });

  test.each([
    ['other content', { file: `${churn}60,Oslo,no\n` }, {}],
    ['another target', { file: churn }, { target: ['city'] }],
    ['another option', { file: churn }, { options: { delimiter: ';' } }],
    [
      'a type for a column',
      { file: churn },
      { options: { columns: { age: { type: 'category' as const } } } },
    ],
  ])('is the next version with %s', async (_what, files, description) => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    expect(await scene.upload(files, description)).toEqual({ version: 2, isNew: true });
    expect(await scene.versions.numbers('churn')).toEqual([1, 2]);
  });

  test('is one version when several processes take it in at once', async () => {
    const storage = await temporaryStorage();
    const scenes = Array.from({ length: 4 }, () => openScene(storage));
    const claimed = await Promise.all(scenes.map(({ upload }) => upload({ file: churn })));
    expect(claimed.map(({ version }) => version)).toEqual([1, 1, 1, 1]);
    expect(claimed.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await storage.list('uploads')).toHaveLength(1);
  });

  test('gets different numbers for different content, however many arrive at once', async () => {
    const storage = await temporaryStorage();
    const claimed = await Promise.all(
      ['a', 'b', 'c', 'd'].map((value) => openScene(storage).upload({ file: `x\n${value}\n` })),
    );
    expect(claimed.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4]);
  });

  test('leaves nothing behind when it is too large', async () => {
    const scene = openScene(await temporaryStorage(), { maxBytes: 20 });
    await expect(scene.upload({ file: churn })).rejects.toMatchObject({ code: 'DATASET_TOO_LARGE' });
    expect(await keysUnder(scene.storage, 'uploads')).toEqual([]);
    expect(await scene.versions.names()).toEqual([]);
  });

  test('that is killed at any of its writes makes a whole version or none, and its retry makes version 1', async () => {
    for (let write = 0, isKilled = true; isKilled; write++) {
      const storage = await temporaryStorage();
      isKilled = await openScene(killedAt(storage, write))
        .upload({ file: churn })
        .then(
          () => false,
          (error: unknown) => error instanceof Killed || Promise.reject(error as Error),
        );
      const scene = openScene(storage);
      expect((await scene.upload({ file: churn })).version, `killed at write ${write}`).toBe(1);
      await scene.searchLeftovers();
      await scene.readAll();
      expect(await scene.store.info('churn')).toMatchObject({ kind: 'table', schema: { rows: 4 } });
    }
  });
});

describe('the search for leftovers', () => {
  test('enqueues what the queue has lost, and nothing that is read or waits', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    await scene.readAll();
    await scene.upload({ file: `${churn}60,Oslo,no\n` });
    const [waiting] = scene.queue.keys();
    scene.queue.clear();
    await scene.searchLeftovers();
    expect([...scene.queue.keys()]).toEqual([waiting]);
  });

  test('removes what was never finished once no request can still be sending it', async () => {
    let now = Date.now();
    const scene = openScene(await temporaryStorage(), { now: () => new Date(now) });
    await scene.uploads.begin().store('file', [Buffer.from(churn)] as never);
    await scene.upload({ file: churn });
    now += hour;
    await scene.searchLeftovers();
    expect(await scene.storage.list('uploads')).toHaveLength(2);
    now += 1.5 * hour;
    await scene.searchLeftovers();
    const { upload } = await scene.versions.find('churn');
    expect(await scene.storage.list('uploads')).toEqual([upload]);
  });

  test('finishes a removal that was cut off', async () => {
    let now = Date.now();
    const storage = await temporaryStorage();
    const scene = openScene(storage, { now: () => new Date(now) });
    await scene.upload({ file: churn });
    // The number is recorded and the version is gone, but not its upload.
    const dying = openScene(killedAt(storage, 2));
    await expect(dying.versions.remove('churn', 1, () => Promise.resolve(false))).rejects.toThrow(Killed);
    expect(await scene.versions.numbers('churn')).toEqual([]);
    now += 3 * hour;
    await scene.searchLeftovers();
    expect(await keysUnder(storage, 'uploads')).toEqual([]);
  });

  test('keeps an upload whose version has a damaged document', async () => {
    let now = Date.now();
    const scene = openScene(await temporaryStorage(), { now: () => new Date(now) });
    await scene.upload({ file: churn });
    await scene.storage.put('datasets/churn/versions/000001.json', Buffer.from('{'));
    now += 3 * hour;
    const later = openScene(scene.storage, { now: () => new Date(now) });
    await later.searchLeftovers();
    expect(await scene.storage.list('uploads')).toHaveLength(1);
  });
});

describe('a removed version', () => {
  test('never gives its number to another', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    expect(await scene.versions.remove('churn', 1, () => Promise.resolve(false))).toBe(true);
    expect(await keysUnder(scene.storage, 'uploads')).toEqual([]);
    await expect(scene.versions.find('churn')).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    expect(await scene.upload({ file: churn })).toEqual({ version: 2, isNew: true });
  });

  test('is put back when a job has begun to use it meanwhile', async () => {
    const scene = openScene(await temporaryStorage());
    await scene.upload({ file: churn });
    expect(await scene.versions.remove('churn', 1, () => Promise.resolve(true))).toBe(false);
    expect((await scene.versions.find('churn', 1)).sent.name).toBe('churn');
    expect(await scene.upload({ file: churn })).toEqual({ version: 1, isNew: false });
  });
});
