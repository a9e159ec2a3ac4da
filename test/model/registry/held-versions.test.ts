import { describe, expect, test } from 'vitest';
import { createAliases } from '../../../src/model/registry/aliases.js';
import { createRegistry, type Publication } from '../../../src/model/registry/registry.js';
import { createRetention } from '../../../src/model/registry/retention.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { createModelServer } from '../../../src/model/serving/model-server.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { createRecordingLog } from '../serving/recording-log.js';
import { smallModelFile } from '../small-model.js';

const held = { reasons: ['It is no better than the commonest class.'] };

function publication(run: number, more: Partial<Publication> = {}): Publication {
  const now = new Date('2026-01-02T03:04:05.678Z');
  return {
    model: 'pets',
    runId: `job_${run}`,
    step: 1,
    file: smallModelFile(run),
    metrics: null,
    now,
    ...more,
  };
}

async function setUp() {
  const storage = await temporaryStorage();
  const { log } = createRecordingLog();
  const registry = createRegistry(storage, log);
  const aliases = createAliases({ storage, registry });
  const modelServer = createModelServer({ registry, aliases, engine: createReferenceEngine(), log });
  const ask = async (version?: number) =>
    modelServer.use({ model: 'pets', version }, ({ manifest }) => Promise.resolve(manifest.version));
  return { storage, log, registry, aliases, modelServer, ask };
}

describe('a held version', () => {
  test('is passed over by latest, and answers by its number', async () => {
    const { registry, aliases, ask } = await setUp();
    await registry.publish(publication(1));
    await registry.publish(publication(2, { held }));
    expect([...(await registry.held('pets'))]).toEqual([[2, held]]);
    expect((await aliases.names('pets')).versions.get('latest')).toBe(1);
    expect(await ask()).toBe(1);
    expect(await ask(2)).toBe(2);
    await registry.publish(publication(3));
    expect((await registry.latest('pets'))?.version).toBe(3);
  });

  test('that is the only one is why none answers', async () => {
    const { registry, ask, modelServer } = await setUp();
    await registry.publish(publication(1, { held }));
    const refusal = {
      code: 'MODEL_NOT_READY',
      message: expect.stringMatching(/Version 1 is held: It is no better.*PUT .*aliases\/latest/) as string,
    };
    await expect(ask()).rejects.toMatchObject(refusal);
    await expect(modelServer.use({}, () => Promise.resolve())).rejects.toMatchObject(refusal);
    expect(modelServer.statusOf('pets')).toMatchObject({ state: 'held', version: null });
    expect(await ask(1)).toBe(1);
  });

  test('is promoted by being made latest, for good', async () => {
    const { registry, aliases, modelServer, ask } = await setUp();
    await registry.publish(publication(1));
    await registry.publish(publication(2, { held }));
    await aliases.set('pets', 'latest', 2);
    await aliases.remove('pets', 'latest');
    expect((await registry.held('pets')).size).toBe(0);
    await modelServer.refresh('pets');
    expect(await ask()).toBe(2);
    // Its run, taken up again, finds it as it is.
    expect(await registry.publish(publication(2, { held }))).toBe(2);
    expect((await registry.held('pets')).size).toBe(0);
  });

  test('can have another alias, and stays held for latest', async () => {
    const { registry, aliases } = await setUp();
    await registry.publish(publication(1));
    await registry.publish(publication(2, { held }));
    await aliases.set('pets', 'canary', 2);
    expect((await aliases.names('pets')).versions).toEqual(
      new Map([
        ['canary', 2],
        ['latest', 1],
      ]),
    );
  });

  test('is not what a rollback goes back to', async () => {
    const { registry, aliases } = await setUp();
    await registry.publish(publication(1));
    await registry.publish(publication(2, { held }));
    await registry.publish(publication(3));
    expect(await aliases.rollBack('pets')).toMatchObject({ version: 1 });
  });

  test('pushes out no version that is served', async () => {
    const { registry, aliases, log } = await setUp();
    for (let run = 1; run <= 6; run++) await registry.publish(publication(run, run > 3 ? { held } : {}));
    const retention = createRetention({ registry, aliases, keep: 2, log });
    await retention.start();
    await retention.stop();
    expect(await registry.versionNumbers('pets')).toEqual([2, 3, 5, 6]);
    expect([...(await registry.held('pets')).keys()]).toEqual([5, 6]);
  });

  test('leaves its mark to no other version, wherever its publisher dies', async () => {
    for (let survived = 0; survived < 3; survived++) {
      const { storage, registry, log } = await setUp();
      let left = survived;
      const orDie = <Done>(write: () => Promise<Done>): Promise<Done> =>
        left-- > 0 ? write() : Promise.reject(new Error('died'));
      const dying = createRegistry(
        {
          ...storage,
          put: (...args) => orDie(() => storage.put(...args)),
          create: (...args) => orDie(() => storage.create(...args)),
        },
        log,
      );
      await expect(dying.publish(publication(1, { held }))).rejects.toThrow('died');
      expect(await registry.versionNumbers('pets')).toEqual([]);
      // Another run takes the number that the first one was about to.
      expect(await registry.publish(publication(2))).toBe(1);
      expect(await registry.publish(publication(1, { held }))).toBe(2);
      expect([...(await registry.held('pets')).keys()]).toEqual([2]);
      expect((await registry.latest('pets'))?.version).toBe(1);
    }
  });
});
