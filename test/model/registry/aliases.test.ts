import { describe, expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { createAliases, type Aliases } from '../../../src/model/registry/aliases.js';
import { createRegistry, type Registry } from '../../../src/model/registry/registry.js';
import type { Storage } from '../../../src/storage/storage.js';
import { flipBit, temporaryStorage } from '../../storage/temporary-storage.js';
import { createRecordingLog } from '../serving/recording-log.js';
import { smallModelFile } from '../small-model.js';

const now = () => new Date('2026-01-02T03:04:05.678Z');

/** With that many versions of `pets`. */
async function setUp(versions = 3): Promise<{ storage: Storage; registry: Registry; aliases: Aliases }> {
  const storage = await temporaryStorage();
  const registry = createRegistry(storage, createRecordingLog().log);
  for (let run = 1; run <= versions; run++) {
    const publication = {
      runId: `job_${run}`,
      step: 1,
      file: smallModelFile(run),
      metrics: null,
      now: now(),
    };
    await registry.publish({ model: 'pets', ...publication });
  }
  return { storage, registry, aliases: createAliases({ storage, registry, now }) };
}

async function latest(aliases: Aliases, name: string): Promise<number | null> {
  return (await aliases.names(name)).versions.get('latest') ?? null;
}

test('an alias stands for a version until it is set to another, or removed', async () => {
  const { aliases } = await setUp();
  const production = (version: number) => ({
    format_version: 1,
    alias: 'production',
    version,
    updated_at: '2026-01-02T03:04:05.678Z',
  });
  expect(await aliases.set('pets', 'production', 1)).toEqual(production(1));
  await aliases.set('pets', 'canary', 3);
  expect((await aliases.list('pets')).set).toEqual([{ ...production(3), alias: 'canary' }, production(1)]);
  await aliases.set('pets', 'production', 2);
  expect((await aliases.list('pets')).set[1]).toEqual(production(2));
  await aliases.remove('pets', 'production');
  expect((await aliases.list('pets')).set.map(({ alias }) => alias)).toEqual(['canary']);
  await expect(aliases.remove('pets', 'production')).rejects.toMatchObject({ code: 'ALIAS_NOT_FOUND' });
});

test('latest follows publication, unless it is set', async () => {
  const { aliases } = await setUp();
  expect(await latest(aliases, 'pets')).toBe(3);
  await aliases.set('pets', 'latest', 1);
  expect(await latest(aliases, 'pets')).toBe(1);
  await aliases.remove('pets', 'latest');
  expect(await latest(aliases, 'pets')).toBe(3);
  expect(await latest(aliases, 'birds')).toBeNull();
});

test('rolling back goes to the previous readable version, again and again, until there is none', async () => {
  const { aliases, storage } = await setUp(4);
  await flipBit(storage, 'models/pets/versions/000003.json', 100);
  expect(await aliases.rollBack('pets')).toMatchObject({ alias: 'latest', version: 2 });
  expect(await aliases.rollBack('pets')).toMatchObject({ alias: 'latest', version: 1 });
  await expect(aliases.rollBack('pets')).rejects.toMatchObject({
    code: 'VERSION_NOT_FOUND',
    message: 'The model pets has no version before 1.',
  });
  expect(await latest(aliases, 'pets')).toBe(1);
  await expect(aliases.rollBack('birds')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
});

test('an alias can be set to a version only if that exists and is readable', async () => {
  const { aliases, registry, storage } = await setUp();
  const { key } = (await registry.manifest('pets', 2)).file;
  await flipBit(storage, key, 4000);
  await expect(aliases.set('pets', 'canary', 2)).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
  await expect(aliases.set('pets', 'canary', 9)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  await expect(aliases.set('birds', 'canary', 1)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  expect((await aliases.list('pets')).set).toEqual([]);
});

test('setting an alias to a version that is removed meanwhile leaves the alias as it was', async () => {
  const { storage, registry, aliases } = await setUp();
  await aliases.set('pets', 'canary', 1);
  const late = createAliases({
    storage,
    registry: {
      ...registry,
      // Between the look at the version and the alias being written.
      async load(name, version) {
        const loaded = await registry.load(name, version);
        await registry.remove(name, version, () => Promise.resolve(false));
        return loaded;
      },
    },
  });
  await expect(late.set('pets', 'canary', 2)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  await expect(late.set('pets', 'production', 3)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  expect((await aliases.list('pets')).set).toMatchObject([{ alias: 'canary', version: 1 }]);
});

test.each(['', '1', '42', 'Canary', '-a', '..', '../x', 'a/b', 'a b', 'x'.repeat(65)])(
  '%j is not a valid alias',
  async (alias) => {
    const { aliases } = await setUp(1);
    const refusal = { code: 'INVALID_REQUEST', pointer: '/alias' };
    await expect(aliases.set('pets', alias, 1)).rejects.toMatchObject(refusal);
    await expect(aliases.remove('pets', alias)).rejects.toMatchObject(refusal);
  },
);

describe('a damaged alias', () => {
  const key = 'models/pets/aliases/latest.json';

  async function setUpDamaged() {
    const fixture = await setUp();
    await fixture.aliases.set('pets', 'latest', 1);
    await fixture.aliases.set('pets', 'canary', 2);
    await flipBit(fixture.storage, key, 100);
    return fixture;
  }

  test('is reported with the reason, and the other aliases keep their versions', async () => {
    const { aliases } = await setUpDamaged();
    const reason = expect.stringContaining(key) as string;
    expect(await aliases.list('pets')).toMatchObject({
      set: [{ alias: 'canary' }],
      damaged: [{ alias: 'latest', reason }],
    });
    expect(await aliases.names('pets')).toEqual({
      versions: new Map([['canary', 2]]),
      pinned: false,
      damaged: [{ alias: 'latest', reason }],
    });
    await expect(aliases.rollBack('pets')).rejects.toMatchObject({
      code: 'MODEL_NOT_READY',
      message: expect.stringContaining('PUT /v1/models/pets/aliases/latest') as string,
    });
  });

  test('is repaired by being set, and can be removed', async () => {
    const { aliases, storage } = await setUpDamaged();
    await aliases.set('pets', 'latest', 2);
    expect(await latest(aliases, 'pets')).toBe(2);
    await storage.put(key, Buffer.from('{'));
    await aliases.remove('pets', 'latest');
    expect(await latest(aliases, 'pets')).toBe(3);
  });

  test('is also one whose file cannot be read', async () => {
    const { storage, registry } = await setUp();
    const unreadable = new TrainyardError('BLOB_UNREADABLE', `${key} cannot be read.`);
    const aliases = createAliases({
      storage: {
        ...storage,
        read: (each) => (each === key ? Promise.reject(unreadable) : storage.read(each)),
      },
      registry,
    });
    await aliases.set('pets', 'latest', 1);
    expect(await aliases.list('pets')).toEqual({
      set: [],
      damaged: [{ alias: 'latest', reason: `${key} cannot be read.` }],
    });
    await aliases.set('pets', 'latest', 2);
  });

  test('is not assumed where the store cannot be reached', async () => {
    const { storage, registry } = await setUp();
    const away = new TrainyardError('STORAGE_UNAVAILABLE', 'The store does not answer.');
    const failing = { ...storage, read: () => Promise.reject(away) };
    await createAliases({ storage, registry }).set('pets', 'latest', 1);
    await expect(createAliases({ storage: failing, registry }).list('pets')).rejects.toBe(away);
  });
});
