import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { describe, expect, test } from 'vitest';
import { encodeManifest } from '../../../src/model/files/manifest.js';
import { labelsOf } from '../../../src/model/heads/head.js';
import { createRegistry, type Publication, type Registry } from '../../../src/model/registry/registry.js';
import { TrainyardError } from '../../../src/errors.js';
import type { Storage } from '../../../src/storage/storage.js';
import { flipBit, temporaryStorage } from '../../storage/temporary-storage.js';
import { createRecordingLog, type LogLine } from '../serving/recording-log.js';
import { parametersOf, smallDescription, smallModelFile } from '../small-model.js';

const now = new Date('2026-01-02T03:04:05.678Z');

test('a manifest is not taken for damaged while the store cannot be reached', async () => {
  const { storage, registry, log, warnings } = await setUp();
  await registry.publish(publication(1));
  const away = new TrainyardError('STORAGE_UNAVAILABLE', 'The store does not answer.');
  const failing = createRegistry({ ...storage, read: () => Promise.reject(away) }, log);
  await expect(failing.publish(publication(1))).rejects.toBe(away);
  await expect(failing.latest(publication(1).model)).rejects.toBe(away);
  expect(await registry.versionNumbers(publication(1).model)).toEqual([1]);
  expect(warnings).toEqual([]);
});

async function setUp(): Promise<{ storage: Storage; registry: Registry; log: Logger; warnings: LogLine[] }> {
  const storage = await temporaryStorage();
  const { log, warnings } = createRecordingLog();
  return { storage, log, warnings, registry: createRegistry(storage, log) };
}

/** What a run of this number publishes; its parameters depend on it. */
function publication(run: number, changes: Partial<Publication> = {}): Publication {
  const file = smallModelFile(run);
  return {
    model: 'pets',
    runId: `job_${run}`,
    step: 10,
    file,
    metrics: { test_accuracy: 0.9 },
    now,
    ...changes,
  };
}

describe('publishing', () => {
  test('numbers the versions of each model from 1', async () => {
    const { registry } = await setUp();
    expect(await registry.publish(publication(1))).toBe(1);
    expect(await registry.publish(publication(2))).toBe(2);
    expect(await registry.publish(publication(2, { step: 20 }))).toBe(3);
    expect(await registry.publish(publication(1, { model: 'other' }))).toBe(1);
    expect(await registry.names()).toEqual(['other', 'pets']);
    expect(await registry.versionNumbers('pets')).toEqual([1, 2, 3]);
  });

  test('writes a manifest that says what the version is', async () => {
    const { registry } = await setUp();
    await registry.publish(publication(1));
    const sha256 = createHash('sha256').update(smallModelFile(1)).digest('hex');
    expect(await registry.latest('pets')).toEqual({
      format_version: 2,
      model: 'pets',
      version: 1,
      run_id: 'job_1',
      step: 10,
      metrics: { test_accuracy: 0.9 },
      network: smallDescription.network,
      head: smallDescription.head,
      parameters: 26,
      file: { key: 'models/pets/files/job_1-10.safetensors', size_bytes: smallModelFile(1).length, sha256 },
      created_at: now.toISOString(),
    });
  });

  test('the same run and step again gives the same version', async () => {
    const { registry } = await setUp();
    for (const run of [1, 2, 3]) await registry.publish(publication(run));
    expect(await registry.publish(publication(2))).toBe(2);
    expect(await registry.versionNumbers('pets')).toEqual([1, 2, 3]);
  });

  test('reads a manifest that is older than dropout', async () => {
    const { registry, storage } = await setUp();
    await registry.publish(publication(1));
    const manifest = await registry.latest('pets');
    if (manifest === null) throw new Error('It was published');
    const { head, ...rest } = manifest;
    const network = { ...manifest.network, hidden: [{ units: 4, activation: 'relu' }] };
    const older = { ...rest, format_version: 1 as const, network, labels: labelsOf(head) };
    await storage.put('models/pets/versions/000001.json', encodeManifest(older));
    expect(await registry.latest('pets')).toEqual(manifest);
  });

  test('20 at the same time get 20 consecutive versions', async () => {
    const { storage, log } = await setUp();
    const versions = await Promise.all(
      Array.from({ length: 20 }, (_, run) => createRegistry(storage, log).publish(publication(run))),
    );
    expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const registry = createRegistry(storage, log);
    for (const [run, version] of versions.entries()) {
      const { manifest, parameters } = await registry.load('pets', version);
      expect(manifest.run_id).toBe(`job_${run}`);
      expect(parameters).toEqual(parametersOf(smallDescription.network, run));
    }
  });

  test('the same run and step 20 times at once, among others, gives one version', async () => {
    const { storage, log, registry } = await setUp();
    const versions = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        createRegistry(storage, log).publish(publication(index % 2 === 0 ? 0 : index)),
      ),
    );
    expect(new Set(versions.filter((_, index) => index % 2 === 0)).size).toBe(1);
    expect(await registry.versionNumbers('pets')).toHaveLength(21);
  });

  test('keeps the spec of the run, if it is given', async () => {
    const { registry } = await setUp();
    await registry.publish(publication(1, { spec: { epochs: 5 } }));
    expect((await registry.manifest('pets', 1)).spec).toEqual({ epochs: 5 });
  });

  test('goes on after a version whose manifest is damaged', async () => {
    const { storage, registry } = await setUp();
    await registry.publish(publication(1));
    await storage.put('models/pets/versions/000002.json', Buffer.from('damaged'));
    expect(await registry.publish(publication(3))).toBe(3);
  });

  test('refuses a file that is not a model, and writes nothing', async () => {
    const { storage, registry } = await setUp();
    const file = smallModelFile(1).subarray(0, 100);
    await expect(registry.publish(publication(1, { file }))).rejects.toMatchObject({
      code: 'CHECKPOINT_CORRUPT',
    });
    expect(await storage.list('models')).toEqual([]);
  });

  test.each(['', 'Pets', '-pets', '.pets', '..', '../pets', 'a/b', 'a b', 'pets\n', 'x'.repeat(65)])(
    'refuses the name %j',
    async (model) => {
      const { registry } = await setUp();
      const refusal = { code: 'INVALID_REQUEST', pointer: '/model' };
      await expect(registry.publish(publication(1, { model }))).rejects.toMatchObject(refusal);
      await expect(registry.load(model, 1)).rejects.toMatchObject(refusal);
    },
  );

  test.each(['a', '0', 'mnist-mlp', 'a.b_c-d', 'x'.repeat(64)])('takes the name %j', async (model) => {
    const { registry } = await setUp();
    await registry.publish(publication(1, { model }));
    expect(await registry.names()).toEqual([model]);
  });
});

describe('reading', () => {
  test('an empty registry has nothing', async () => {
    const { registry } = await setUp();
    expect(await registry.names()).toEqual([]);
    expect(await registry.versions('pets')).toEqual([]);
    expect(await registry.versionNumbers('pets')).toEqual([]);
    expect(await registry.latest('pets')).toBeNull();
    await expect(registry.load('pets', 1)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  test('an error names a version that does not exist', async () => {
    const { registry } = await setUp();
    await registry.publish(publication(1));
    for (const version of [0, 2, -1, 1.5, 1e21, NaN]) {
      await expect(registry.load('pets', version)).rejects.toMatchObject({
        code: 'VERSION_NOT_FOUND',
        message: `The model pets has no version ${version}.`,
      });
    }
  });

  test('versions are in the order of their numbers, even beyond the padding', async () => {
    const { storage, registry, warnings } = await setUp();
    await registry.publish(publication(1));
    for (const name of ['999999.json', '1000000.json', 'notes.txt', '7.json']) {
      await storage.put(`models/pets/versions/${name}`, Buffer.from(''));
    }
    expect(await registry.versionNumbers('pets')).toEqual([1, 999_999, 1_000_000]);
    expect((await registry.versions('pets')).map(({ version }) => version)).toEqual([1]);
    expect(warnings.map(({ version }) => version)).toEqual([999_999, 1_000_000]);
  });

  test('a folder that is not a model is not listed', async () => {
    const { storage, registry } = await setUp();
    await storage.put('models/Not-A-Name/versions/000001.json', Buffer.from(''));
    await storage.put('models/no-versions/files/a', Buffer.from(''));
    expect(await registry.names()).toEqual([]);
  });
});

describe('removing a version', () => {
  const notNeeded = () => Promise.resolve(false);

  test('removes it and its file, and never gives its number again', async () => {
    const { registry, storage } = await setUp();
    for (const run of [1, 2]) await registry.publish(publication(run));
    expect(await registry.remove('pets', 2, notNeeded)).toBe(true);
    expect(await registry.versionNumbers('pets')).toEqual([1]);
    expect(await storage.list('models/pets/files')).toEqual(['job_1-10.safetensors']);
    await expect(registry.load('pets', 2)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    expect(await registry.publish(publication(3))).toBe(3);
  });

  test('keeps its run from publishing it again', async () => {
    const { registry } = await setUp();
    for (const run of [1, 2]) await registry.publish(publication(run));
    await registry.remove('pets', 1, notNeeded);
    expect(await registry.publish(publication(1))).toBe(1);
    expect(await registry.versionNumbers('pets')).toEqual([2]);
  });

  test('puts it back when it is needed after all', async () => {
    const { registry, storage } = await setUp();
    await registry.publish(publication(1));
    const seen: number[][] = [];
    const isNeeded = async () => {
      seen.push(await registry.versionNumbers('pets'));
      return true;
    };
    expect(await registry.remove('pets', 1, isNeeded)).toBe(false);
    expect(seen).toEqual([[]]);
    expect((await registry.load('pets', 1)).manifest.run_id).toBe('job_1');
    expect(await storage.list('models/pets/removed')).toEqual([]);
  });

  test('keeps a file that versions share in an older layout', async () => {
    const { registry, storage } = await setUp();
    for (const run of [1, 2]) await registry.publish(publication(run));
    const { sha256, size_bytes } = (await registry.manifest('pets', 1)).file;
    const file = { key: `models/pets/files/${sha256}.safetensors`, sha256, size_bytes };
    await storage.put(file.key, smallModelFile(1));
    for (const version of [1, 2]) {
      const manifest = { ...(await registry.manifest('pets', version)), file };
      await storage.put(`models/pets/versions/00000${version}.json`, encodeManifest(manifest));
    }
    await registry.remove('pets', 1, notNeeded);
    expect((await registry.load('pets', 2)).manifest.file).toEqual(file);
    await registry.remove('pets', 2, notNeeded);
    expect(await storage.read(file.key)).toBeNull();
  });

  test('that does not exist is not an error', async () => {
    const { registry } = await setUp();
    expect(await registry.remove('pets', 1, notNeeded)).toBe(false);
  });
});

describe('unloading', () => {
  test('is stored, so that every process sees it', async () => {
    const { registry, storage, log } = await setUp();
    await registry.publish(publication(1));
    const other = createRegistry(storage, log);
    expect(await other.isUnloaded('pets')).toBe(false);
    for (const unloaded of [true, true, false, false]) {
      await registry.setUnloaded('pets', unloaded);
      expect(await other.isUnloaded('pets')).toBe(unloaded);
    }
    await expect(registry.setUnloaded('birds', true)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

test('a file is read as it is stored, whole or in part', async () => {
  const { registry, storage } = await setUp();
  await registry.publish(publication(1));
  const manifest = await registry.manifest('pets', 1);
  const read = async (range?: { start: number; end: number }) =>
    Buffer.concat((await (await registry.openFile(manifest, range)).toArray()) as Buffer[]);
  expect(await read()).toEqual(smallModelFile(1));
  expect(await read({ start: 8, end: 11 })).toEqual(smallModelFile(1).subarray(8, 12));
  await storage.remove(manifest.file.key);
  await expect(registry.openFile(manifest)).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
});

describe('damage', () => {
  test('to a manifest leaves its version out and is logged', async () => {
    const { storage, registry, warnings } = await setUp();
    for (const run of [1, 2]) await registry.publish(publication(run));
    const key = 'models/pets/versions/000002.json';
    const bits = 8 * ((await storage.read(key))?.length ?? 0);
    for (let bit = 0; bit < bits; bit += 101) {
      await flipBit(storage, key, bit);
      expect((await registry.latest('pets'))?.version, `bit ${bit}`).toBe(1);
      await expect(registry.load('pets', 2)).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
      await flipBit(storage, key, bit);
    }
    expect(warnings[0]).toMatchObject({ model: 'pets', version: 2 });
    expect((await registry.versions('pets')).map(({ version }) => version)).toEqual([1, 2]);
  });

  test('to a file is found when it is loaded', async () => {
    const { storage, registry } = await setUp();
    await registry.publish(publication(1));
    const key = (await registry.latest('pets'))?.file.key ?? '';
    const bits = 8 * ((await storage.read(key))?.length ?? 0);
    for (let bit = 0; bit < bits; bit += 101) {
      await flipBit(storage, key, bit);
      await expect(registry.load('pets', 1), `bit ${bit}`).rejects.toMatchObject({
        code: 'CHECKPOINT_CORRUPT',
      });
      await flipBit(storage, key, bit);
    }
    await storage.remove(key);
    await expect(registry.load('pets', 1)).rejects.toMatchObject({
      code: 'CHECKPOINT_CORRUPT',
      message: `${key} is missing.`,
    });
  });
});
