/** Runs on pictures: however often one is stopped, it ends with the same bits, whatever the engine. */
import { expect, test } from 'vitest';
import type { DatasetStore } from '../../../src/data/store.js';
import { resolveSpec } from '../../../src/jobs/intake/resolve-spec.js';
import { loadData } from '../../../src/jobs/training/load-data.js';
import { temporaryStorage } from '../../storage/temporary-storage.js';
import { openScene } from '../../data/versions/scene.js';
import { zipOf } from '../../data/pictures/archives.js';
import { twoClasses } from '../../data/pictures/scene.js';
import { epochsOnly, outcomeOf, sceneOn, stopAtLook } from './run-scene.js';

async function openStore(): Promise<DatasetStore> {
  const scene = openScene(await temporaryStorage());
  await scene.upload({ file: zipOf(twoClasses(40)) }, { name: 'colours', target: [] });
  await scene.readAll();
  return scene.store;
}

async function specOf(store: DatasetStore, engine: string) {
  const info = await store.info('colours');
  if (info.kind !== 'pictures') throw new Error('It holds no pictures');
  const request = {
    engine,
    image: { width: 5, height: 4 },
    network: { hidden: [{ units: 6 }] },
    augment: { shift: 0.2, rotation: 20, noise: 0.5, specks: 0.5 },
    epochs: 3,
    batch_size: 8,
  };
  return resolveSpec(request, info, { trainingMemoryLimitBytes: 2 ** 30 }, new Date(0));
}

test.each(['reference', 'wasm'])(
  'a run on %s that is stopped again and again ends the same',
  async (engine) => {
    const store = await openStore();
    const spec = await specOf(store, engine);
    const whole = await sceneOn(spec, store);
    await whole.train();
    const undisturbed = await outcomeOf(whole);
    expect(undisturbed.status).toBe('succeeded');
    const stopped = await sceneOn(spec, store);
    for (let attempt = 0; (await stopped.store.readResult(stopped.runId)) === null; attempt++) {
      await stopped.train({ signal: stopAtLook(attempt < 5 ? 3 : Infinity) });
    }
    expect(epochsOnly(await outcomeOf(stopped))).toEqual(epochsOnly(undisturbed));
  },
);

test.each([
  ['balanced' as const, [40 / 30 / 2, 40 / 10 / 2]],
  [{ red: 3 }, [1, 3]],
  ['none' as const, null],
])(
  'class_weight %j weighs the pictures of each class by the training ones',
  async (class_weight, expected) => {
    const scene = openScene(await temporaryStorage());
    const [blue, red] = ['blue', 'red'].map((label, index) =>
      twoClasses(80)
        .filter(({ path }) => path.startsWith(label))
        .slice(0, index === 0 ? 30 : 10),
    );
    const files = [...blue, ...red];
    await scene.upload({ file: zipOf(files) }, { name: 'uneven', target: [] });
    await scene.readAll();
    const info = await scene.store.info('uneven');
    if (info.kind !== 'pictures') throw new Error('It holds no pictures');
    const request = {
      image: { width: 5, height: 4 },
      class_weight,
      split: { validation: 0, test: 0 },
      epochs: 1,
    };
    const spec = resolveSpec(request, info, { trainingMemoryLimitBytes: 2 ** 30 }, new Date(0));
    const { data, rowWeights } = await loadData(scene.store, spec);
    const { weights, targets } = data.train;
    expect(rowWeights.train).toBeNull();
    expect(weights && Array.from(weights)).toEqual(
      expected && Array.from(targets, (label) => Math.fround(expected[label] ?? NaN)),
    );
  },
);

test('the scaling is fitted on the training pictures, and every picture is in its split', async () => {
  const store = await openStore();
  const spec = await specOf(store, 'wasm');
  const { data, description, rows } = await loadData(store, spec);
  expect(description.image).toEqual({ width: 5, height: 4, channels: 3, fit: 'cover' });
  const { inputs, count } = data.train;
  const mean = Array.from(inputs).reduce((sum, level) => sum + level, 0) / inputs.length / 255;
  expect(description.scaling?.mean).toBeCloseTo(mean, 6);
  expect([count, data.validation.count, data.test.count]).toEqual([32, 4, 4]);
  expect(new Set([...rows.validation, ...rows.test]).size).toBe(8);
});
