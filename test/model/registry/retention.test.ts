import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createAliases, type Aliases } from '../../../src/model/registry/aliases.js';
import { createRegistry, type Registry } from '../../../src/model/registry/registry.js';
import { createRetention, type Retention } from '../../../src/model/registry/retention.js';
import type { Storage } from '../../../src/storage/storage.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { createRecordingLog } from '../serving/recording-log.js';
import { smallModelFile } from '../small-model.js';

interface Fixture {
  storage: Storage;
  registry: Registry;
  aliases: Aliases;
  retention: Retention;
  publish: (run: number, model?: string) => Promise<number>;
}

async function setUp(keep = Infinity, removeEveryMs = 3_600_000): Promise<Fixture> {
  const storage = await temporaryStorage();
  const { log } = createRecordingLog();
  const registry = createRegistry(storage, log);
  const aliases = createAliases({ storage, registry });
  const retention = createRetention({ registry, aliases, keep, log, removeEveryMs });
  onTestFinished(() => retention.stop());
  const publish = (run: number, model = 'pets') =>
    registry.publish({
      model,
      runId: `job_${run}`,
      step: 1,
      file: smallModelFile(run),
      metrics: null,
      now: new Date(0),
    });
  return { storage, registry, aliases, retention, publish };
}

test('without a limit all versions stay', async () => {
  const { registry, retention, publish } = await setUp();
  for (let run = 1; run <= 4; run++) await publish(run);
  await retention.start();
  expect(await registry.versionNumbers('pets')).toEqual([1, 2, 3, 4]);
});

test('the newest stay, and those that an alias stands for', async () => {
  const { registry, aliases, retention, publish } = await setUp(2);
  for (let run = 1; run <= 6; run++) await publish(run);
  await publish(1, 'birds');
  await aliases.set('pets', 'production', 2);
  await retention.start();
  expect(await registry.versionNumbers('pets')).toEqual([2, 5, 6]);
  expect(await registry.versionNumbers('birds')).toEqual([1]);
});

test('a pinned version stays, and so do the newest', async () => {
  const { registry, aliases, retention, publish } = await setUp(1);
  for (let run = 1; run <= 4; run++) await publish(run);
  await aliases.set('pets', 'latest', 1);
  await retention.start();
  expect(await registry.versionNumbers('pets')).toEqual([1, 4]);
});

test('a later version pushes older ones out', async () => {
  const { registry, retention, publish } = await setUp(1, 5);
  await publish(1);
  await retention.start();
  await publish(2);
  await vi.waitFor(async () => expect(await registry.versionNumbers('pets')).toEqual([2]));
});

test('a version is removed on request, unless an alias stands for it', async () => {
  const { registry, aliases, retention, publish } = await setUp();
  for (let run = 1; run <= 3; run++) await publish(run);
  await aliases.set('pets', 'canary', 2);
  await expect(retention.remove('pets', 2)).rejects.toMatchObject({
    code: 'VERSION_IN_USE',
    message: 'Version 2 of pets is canary. Set the alias to another version first.',
  });
  await expect(retention.remove('pets', 3)).rejects.toMatchObject({ code: 'VERSION_IN_USE' });
  await expect(retention.remove('pets', 9)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  await retention.remove('pets', 1);
  expect(await registry.versionNumbers('pets')).toEqual([2, 3]);
});

test('an alias always stands for a version, even where both are changed at the same time', async () => {
  const { registry, aliases, retention, publish } = await setUp();
  for (let run = 1; run <= 21; run++) await publish(run);
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const version = index + 1;
      await Promise.allSettled([
        sleep(index % 4).then(() => aliases.set('pets', `alias-${version}`, version)),
        sleep(index % 3).then(() => retention.remove('pets', version)),
      ]);
    }),
  );
  for (const { version } of (await aliases.list('pets')).set) await registry.load('pets', version);
  expect(await registry.versionNumbers('pets')).toContain(21);
});

test('while an alias is damaged no version of its model is removed, but those of others are', async () => {
  const { storage, registry, retention, publish } = await setUp(1);
  for (let run = 1; run <= 3; run++) {
    await publish(run);
    await publish(run, 'birds');
  }
  await storage.put('models/pets/aliases/production.json', Buffer.from('{'));
  await retention.start();
  expect(await registry.versionNumbers('pets')).toEqual([1, 2, 3]);
  expect(await registry.versionNumbers('birds')).toEqual([3]);
  await expect(retention.remove('pets', 1)).rejects.toMatchObject({
    code: 'VERSION_IN_USE',
    message: expect.stringMatching(/may be the one that the alias production stands for/) as string,
  });
});
