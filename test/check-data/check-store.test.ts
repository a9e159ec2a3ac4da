import { rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkStore, type FoundDamage, type Report } from '../../src/check-data/check-store.js';
import { createIdempotencyKeys } from '../../src/jobs/intake/idempotency.js';
import { createRunReader } from '../../src/jobs/runs/run-reader.js';
import { createRunStore } from '../../src/jobs/runs/run-store.js';
import { createKeyStore } from '../../src/keys/key-store.js';
import { createRegistry } from '../../src/model/registry/registry.js';
import type { Storage } from '../../src/storage/storage.js';
import { smallModelFile } from '../model/small-model.js';
import { createRecordingLog } from '../model/serving/recording-log.js';
import { openScene } from '../data/versions/scene.js';
import { flipBit } from '../storage/temporary-storage.js';
import { wholeStore } from './whole-store.js';

const now = new Date('2026-02-03T04:05:06.789Z');

async function check(storage: Storage, repair = false): Promise<{ found: FoundDamage[]; report: Report }> {
  const found: FoundDamage[] = [];
  const report = await checkStore(storage, {
    repair,
    now,
    onDamage: (damage) => found.push(damage),
    onProgress: () => undefined,
    checkAgainAfterMs: 0,
  });
  return { found, report };
}

/** The content of all blobs, by key. */
async function contentsOf(storage: Storage, prefixes: string[]): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (const prefix of prefixes) {
    const blob = await storage.read(prefix);
    if (blob !== null) contents.set(prefix, blob.toString('latin1'));
    const below = (await storage.list(prefix)).map((name) => `${prefix}/${name}`);
    for (const [key, content] of await contentsOf(storage, below)) contents.set(key, content);
  }
  return contents;
}

const everything = ['runs', 'sweeps', 'models', 'datasets', 'uploads', 'idempotency', 'keys'];

test('a healthy store has no damage, and a check changes nothing', async () => {
  const { storage } = await wholeStore();
  const before = await contentsOf(storage, everything);
  const { found, report } = await check(storage);
  expect(found).toEqual([]);
  expect(report).toEqual({
    damaged: 0,
    counts: {
      jobs: 2,
      checkpoints: 1,
      models: 1,
      versions: 3,
      aliases: 1,
      datasets: 1,
      'dataset versions': 1,
      sweeps: 1,
      'idempotency keys': 1,
      'API keys': 2,
    },
  });
  expect(await contentsOf(storage, everything)).toEqual(before);
});

describe('damage', () => {
  const kinds: [string, RegExp][] = [
    ['spec', /cannot be shown or resumed; versions .* unaffected/],
    ['result', /continues from its checkpoints/],
    ['ending', /a cancellation in it is lost/],
    ['closing', /events .* cannot be read/],
    ['claim', /None/],
    ['end of a term', /events .* cannot be read/],
    ['request to pause', /None/],
    ['events', /events .* cannot be shown; its checkpoints and versions are unaffected/],
    ['events of an ended job', /events .* cannot be shown/],
    ['manifest of a checkpoint', /uses the one before/],
    ['file of a checkpoint', /uses the one before/],
    ['attempt of a webhook', /may be sent again/],
    ['receiver that is gone', /None/],
    ['manifest of a version', /cannot be served or downloaded/],
    ['file of a version', /cannot be served or downloaded/],
    ['held version', /cannot be served or downloaded/],
    ['mark of a held version', /stays held/],
    ['evaluation', /is lost; the version itself is unaffected/],
    ['version that an alias stands for', /cannot be served or downloaded/],
    ['removed version', /None/],
    ['alias', /no longer pinned/],
    ['unloaded model', /None/],
    ['version of a dataset', /cannot be used\. Upload its file again/],
    ['description of an upload', /cannot be used\. Upload its file again/],
    ['file of an upload', /cannot be used\. Upload its file again/],
    ['result of reading', /the service reads its file again/],
    ['schema of a table', /the service reads its file again/],
    ['rows of a table', /the service reads its file again/],
    ['sweep', /cannot be shown or continued; its jobs .* unaffected/],
    ['trial of a sweep', /trains this trial and those after it again/],
    ['second attempt of a trial', /trained a second time again/],
    ['outcome of a trial', /read from the trial's job again/],
    ['change of a sweep', /from this change on is lost/],
    ['ending of a sweep', /chosen and trained again/],
    ['result of a sweep', /it ends again/],
    ['idempotency key', /found by its spec/],
    ['key', /still requires keys/],
    ['revocation', /None/],
  ];

  test.each(kinds)(
    'to the %s is reported with its cost, and repaired without losing the file',
    async (kind, cost) => {
      const { storage, keys } = await wholeStore();
      const key = keys[kind] ?? '';
      const content = Buffer.from('');
      await storage.put(key, content);
      const before = await contentsOf(storage, everything);

      const { found } = await check(storage);
      expect(found.length).toBeGreaterThan(0);
      expect(key.startsWith(found[0]?.key ?? '?')).toBe(true);
      expect(found[0]?.problem).toContain(found[0]?.key);
      expect(found[0]?.cost).toMatch(cost);
      expect(found[0]?.movedTo).toBeNull();
      expect(await contentsOf(storage, everything)).toEqual(before);

      const repaired = await check(storage, true);
      expect(repaired.found.map((each) => each.key)).toEqual(
        expect.arrayContaining(found.map((each) => each.key)),
      );
      expect(await storage.read(`damaged/2026-02-03T04-05-06.789Z/${key}`)).toEqual(content);
      expect((await check(storage)).found).toEqual([]);
    },
  );

  test('to one bit is found in every document with a digest', async () => {
    for (const kind of [
      'manifest of a checkpoint',
      'file of a checkpoint',
      'file of a version',
      'evaluation',
      'alias',
      'file of an upload',
      'schema of a table',
      'rows of a table',
    ]) {
      const { storage, keys } = await wholeStore();
      await flipBit(storage, keys[kind] ?? '', 300);
      expect((await check(storage)).found, kind).toHaveLength(1);
    }
  });

  test('of several kinds is found and repaired in one check', async () => {
    const { storage, keys } = await wholeStore();
    for (const kind of ['result', 'events', 'claim', 'file of a version', 'key']) {
      await storage.put(keys[kind] ?? '', Buffer.from('{"format_version":1}'));
    }
    const { found } = await check(storage);
    expect(found.length).toBeGreaterThanOrEqual(5);
    await check(storage, true);
    expect((await check(storage)).found).toEqual([]);
  });

  test('to a file that cannot be read is left in place', async () => {
    const { folder, storage, keys } = await wholeStore();
    const path = join(folder, keys.spec);
    await rm(path);
    await symlink(basename(path), path);
    const { found } = await check(storage, true);
    expect(found).toMatchObject([{ key: keys.spec, movedTo: null }]);
    expect((await check(storage)).found).toHaveLength(1);
  });

  test('to a folder that cannot be listed does not stop the other checks', async () => {
    const { folder, storage, keys, ended } = await wholeStore();
    const path = join(folder, 'runs', ended, 'terms');
    await rm(path, { recursive: true });
    await symlink('terms', path);
    await storage.put(keys.alias, Buffer.from(''));
    const { found } = await check(storage);
    expect(found.map(({ key }) => key)).toEqual([`runs/${ended}`, keys.alias]);
    expect(found[0]?.problem).toContain(`runs/${ended}/terms cannot be read`);
  });

  test('that is gone at the second check is not reported', async () => {
    const { storage, keys } = await wholeStore();
    const key = keys.spec;
    const whole = await storage.read(key);
    let looks = 0;
    const healing: Storage = {
      ...storage,
      read: (name, options) =>
        name === key && looks++ === 0 ? Promise.resolve(Buffer.from('')) : storage.read(name, options),
    };
    expect((await check(healing)).found).toEqual([]);
    expect(await storage.read(key)).toEqual(whole);
  });
});

describe('after a repair', () => {
  test('a version whose evaluation was damaged is served without it, and one that was held is still held', async () => {
    const { storage, keys } = await wholeStore();
    for (const kind of ['evaluation', 'mark of a held version']) {
      await storage.put(keys[kind] ?? '', Buffer.from(''));
    }
    await check(storage, true);
    const registry = createRegistry(storage, createRecordingLog().log);
    const { manifest } = await registry.load('pets', 4);
    expect(await registry.evaluation(manifest)).toBeNull();
    expect([...(await registry.held('pets')).keys()]).toEqual([4]);
    expect((await registry.latest('pets'))?.version).toBe(3);
  });

  test('a paused job is still paused, and reports once that events are missing', async () => {
    const { storage, keys, paused } = await wholeStore();
    await storage.put(keys.events, Buffer.from(''));
    const before = await createRunReader(createRunStore(storage)).read(paused);
    await check(storage, true);
    const after = await createRunReader(createRunStore(storage)).read(paused);
    expect(after).toEqual(before);
    expect(after).toMatchObject({ status: 'paused', summary: { last_error: { code: 'RUN_CORRUPT' } } });
  });

  test('an idempotency key names the same job', async () => {
    const { storage, keys, ended } = await wholeStore();
    await storage.put(keys['idempotency key'] ?? '', Buffer.from('{'));
    await check(storage, true);
    expect(await createIdempotencyKeys(storage).find('once')).toMatchObject({ run_id: ended, request: null });
  });

  test('the number of a version is not used again', async () => {
    const { storage, keys } = await wholeStore();
    await storage.put(keys['held version'] ?? '', Buffer.from(''));
    await check(storage, true);
    const registry = createRegistry(storage, createRecordingLog().log);
    expect(await registry.versionNumbers('pets')).toEqual([2, 3]);
    const publication = {
      model: 'pets',
      runId: 'job_other',
      step: 1,
      file: smallModelFile(9),
      metrics: null,
    };
    expect(await registry.publish({ ...publication, now })).toBe(5);
    // The mark of the version that was held says nothing of another one.
    expect((await registry.latest('pets'))?.version).toBe(5);
  });

  test('a dataset whose rows were damaged is read again from its file', async () => {
    const { storage, keys } = await wholeStore();
    await flipBit(storage, keys['rows of a table'] ?? '', 300);
    await check(storage, true);
    const datasets = openScene(storage);
    await datasets.searchLeftovers();
    await datasets.readAll();
    const table = await datasets.store.openTable('churn', 1);
    expect(await table.rows(0, 1)).toEqual([['31', 'Oslo', 'no']]);
  });

  test('a service whose keys were all damaged still requires keys', async () => {
    const { storage, keys } = await wholeStore();
    for (const kind of ['key', 'revocation']) await storage.put(keys[kind] ?? '', Buffer.from(''));
    await check(storage, true);
    const listed = await createKeyStore(storage).list();
    expect(listed.map(({ isRevoked }) => isRevoked)).toEqual([true, true]);
  });
});
