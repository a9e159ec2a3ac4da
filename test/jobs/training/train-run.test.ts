import { cp } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import { readSource } from '../../../src/jobs/intake/resolve-source.js';
import type { Observation } from '../../../src/jobs/training/messages.js';
import { loadData } from '../../../src/jobs/training/load-data.js';
import { listCheckpoints, newestCheckpoint, readCheckpoint } from '../../../src/model/files/checkpoint.js';
import { createAliases } from '../../../src/model/registry/aliases.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import type { Storage } from '../../../src/storage/storage.js';
import { flipBit, temporaryFolder } from '../../storage/temporary-storage.js';
import { startedOn } from '../started-on.js';
import type { Engine, EngineEntry } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import { applyHead } from '../../../src/model/heads/head.js';
import { smallDiamonds, smallDiamondsSpec } from './small-diamonds.js';
import { churn, specOn } from '../small-table.js';
import { fastestEngine } from '../../fastest-engine.js';
import { smallMnist, smallSpec } from './small-mnist.js';
import {
  clockOf,
  countWrites,
  curveOf,
  dyingStorage,
  epochsOnly,
  eventsOf,
  log,
  outcomeOf,
  sceneOf,
  sceneOn,
  sceneWith,
  stopAtLook,
  stopWhileAttempt,
  type Scene,
} from './run-scene.js';

describe('a run', () => {
  test('ends with metrics of every epoch, one version and a result', async () => {
    const scene = await sceneOf();
    expect(await scene.train()).toBe('finished');
    const { status, metrics, versions, milestones } = await outcomeOf(scene);
    expect(status).toBe('succeeded');
    expect(versions).toMatchObject([{ version: 1, step: 15, metrics }]);
    expect(metrics).toMatchObject({ epoch: 3, step: 15 });
    expect(metrics?.test_accuracy).toBeGreaterThan(0.3);
    expect(milestones.map((milestone) => (Array.isArray(milestone) ? milestone : milestone.epoch))).toEqual([
      1,
      ['checkpoint', 5],
      2,
      ['checkpoint', 10],
      3,
      ['checkpoint', 15],
      ['published', 15],
    ]);
    const result = await scene.store.readResult(scene.runId);
    expect(result?.summary).toMatchObject({
      version: 1,
      engine: { name: fastestEngine },
      resumed_from_step: null,
      progress: { epoch: 3, epochs: 3, step: 15, steps: 15, fraction: 1 },
    });
  });

  test('lets be seen what it does, and how long that took', async () => {
    const scene = await sceneOf({ epochs: 2 });
    const seen: Observation[] = [];
    await scene.train({ observe: (observation) => seen.push(observation) });
    expect(seen.filter(({ kind }) => kind !== 'progress')).toMatchObject([
      { kind: 'epoch', metrics: { epoch: 1 } },
      { kind: 'checkpoint', step: 5 },
      { kind: 'epoch', metrics: { epoch: 2 } },
      { kind: 'checkpoint', step: 10 },
      { kind: 'evaluation', step: 10 },
      { kind: 'publication', step: 10, version: 1 },
    ]);
    expect(seen.find(({ kind }) => kind === 'progress')).toMatchObject({
      samplesPerSecond: null,
      trainLoss: null,
    });
    const last = seen.findLast(({ kind }) => kind === 'progress');
    expect(last).toMatchObject({ samplesPerSecond: expect.any(Number) as number });
    for (const observation of seen) {
      if ('tookMs' in observation) expect(observation.tookMs).toBeGreaterThan(0);
    }
  });

  test('keeps its two newest checkpoints, and the best', async () => {
    const scene = await sceneOf({ epochs: 6, seed: 2, optimizer: { learning_rate: 0.2 } });
    await scene.train();
    const curve = await curveOf(scene);
    const best = curve.reduce((a, b) => ((b.test_loss ?? NaN) < (a.test_loss ?? NaN) ? b : a));
    const kept = await listCheckpoints(scene.storage, scene.store.checkpointsOf(scene.runId));
    expect(kept.map(({ step }) => step)).toEqual([...new Set([30, 25, best.step])]);
    // Otherwise this would have shown nothing.
    expect(best.step).toBeLessThan(25);
  });

  test.each([
    ['final', [30]],
    ['every_checkpoint', [5, 10, 15, 20, 25, 30]],
  ] as const)('publishes what its policy says: %s', async (publish, steps) => {
    const scene = await sceneOf({ epochs: 6, publish });
    await scene.train();
    const { versions } = await outcomeOf(scene);
    expect(versions.map(({ step }) => step)).toEqual(steps);
  });

  test('publishes the epoch with the lowest validation loss where that is the policy', async () => {
    const scene = await sceneOf({ epochs: 6, seed: 8, publish: 'best', optimizer: { learning_rate: 0.2 } });
    await scene.train();
    const { versions } = await outcomeOf(scene);
    const curve = await curveOf(scene);
    const losses = curve.map(({ validation_loss }) => validation_loss ?? NaN);
    const best = losses.indexOf(Math.min(...losses));
    expect(versions).toMatchObject([{ step: curve[best].step, metrics: { validation_loss: losses[best] } }]);
    // Otherwise this would have shown nothing: neither the last epoch, nor the best by accuracy or by the test split.
    expect(versions[0].step).toBeLessThan(30);
    const byTest = curve.map(({ test_loss }) => test_loss ?? NaN);
    expect(byTest[best]).toBeGreaterThan(Math.min(...byTest));
    const accuracies = curve.map(({ validation_accuracy }) => validation_accuracy ?? NaN);
    expect(accuracies[best]).toBeLessThan(Math.max(...accuracies));
  });

  test('ends early where no epoch was better for as long as its patience, and publishes the best weights', async () => {
    const scene = await sceneOf(impatient);
    await scene.train();
    const { versions } = await outcomeOf(scene);
    const { summary } = (await scene.store.readResult(scene.runId)) ?? {};
    const { stopped } = summary ?? {};
    expect(stopped).toMatchObject({ reason: 'patience' });
    const { epoch = NaN, best_epoch = NaN } = stopped ?? {};
    expect(epoch - (best_epoch ?? NaN)).toBe(2);
    expect(versions).toMatchObject([{ step: 5 * (best_epoch ?? NaN) }]);
    expect(summary).toMatchObject({
      best_epoch,
      progress: { epoch, epochs: 40, step: 5 * epoch, steps: 200, fraction: 1, eta_seconds: 0 },
    });
    expect(await curveOf(scene)).toHaveLength(epoch);
    // The best weights are those of a run that ends with that epoch.
    const shorter = await sceneOf({ ...impatient, epochs: best_epoch ?? NaN, patience: null });
    await shorter.train();
    expect((await outcomeOf(shorter)).versions[0].sha256).toBe(versions[0].sha256);
  });

  test('whose dataset has changed since it was submitted fails, and says what to do', async () => {
    const { info, ...samples } = await smallMnist();
    const changed = { info: { ...info, sha256: 'f'.repeat(64) }, ...samples };
    const scene = await sceneWith(await smallSpec(), () => Promise.resolve(changed));
    expect(await scene.train()).toBe('finished');
    const { status, error, versions } = await outcomeOf(scene);
    expect({ status, code: error?.code, versions }).toEqual({
      status: 'failed',
      code: 'DATASET_CHANGED',
      versions: [],
    });
    expect(error?.message).toMatch(/mnist.*f{64}.*Submit the job again/s);
  });

  test('that diverges fails with the step, and publishes nothing', async () => {
    const scene = await sceneOf({ optimizer: { learning_rate: 1e37 } });
    expect(await scene.train()).toBe('finished');
    const { status, error, versions } = await outcomeOf(scene);
    expect(status).toBe('failed');
    expect(error?.code).toBe('TRAINING_DIVERGED');
    expect(error?.message).toMatch(/step \d+/);
    expect(versions).toEqual([]);
  });

  test('that diverges keeps its last good checkpoint', async () => {
    // Each step of a linear network leaves several times the error before it, until the numbers end.
    const scene = await sceneOf({
      network: { hidden: [] },
      loss: 'mse',
      optimizer: { type: 'sgd', learning_rate: 1 },
      engine: 'reference',
      epochs: 100,
    });
    await scene.train();
    const { status, error } = await outcomeOf(scene);
    expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'TRAINING_DIVERGED' });
    const divergedAt = Number(/at step (\d+)/.exec(error?.message ?? '')?.[1]);
    const kept = await listCheckpoints(scene.storage, scene.store.checkpointsOf(scene.runId));
    const last = kept.at(0)?.step ?? 0;
    expect(last).toBeGreaterThan(0);
    expect(divergedAt - last).toBeLessThanOrEqual(5);
    const checkpoint = await readCheckpoint(scene.storage, scene.store.checkpointsOf(scene.runId), last);
    for (const { data } of checkpoint?.state.parameters.values() ?? []) {
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  test('tells its progress while it trains and while it evaluates', async () => {
    const scene = await sceneOf({ epochs: 1 });
    await scene.train({ nowMs: clockOf({ stepMs: 300 }) });
    const progress = (await eventsOf(scene)).flatMap((event) =>
      event.type === 'progress' ? [event.progress] : [],
    );
    const evaluated = progress.flatMap((each) => each.evaluated ?? []);
    expect(evaluated.at(-1)).toBe(1);
    expect(evaluated).toEqual(evaluated.toSorted((a, b) => a - b));
    const told = progress.filter((each) => each.evaluated === undefined).map(({ step }) => step);
    // At the start, after each step, after the first of two batches of the evaluation, at the epoch's end, and after
    // its checkpoint.
    expect(told).toEqual([0, 1, 2, 3, 4, 5, 5, 5, 5]);
  });

  test('evaluates its network before it publishes it, and keeps the evaluation beside the version', async () => {
    const scene = await sceneOf({ epochs: 1 });
    await scene.train();
    const types = (await eventsOf(scene)).map(({ type }) => type);
    expect(types.indexOf('evaluated')).toBeGreaterThan(types.indexOf('metrics'));
    expect(types.indexOf('published')).toBeGreaterThan(types.indexOf('evaluated'));
    const { summary } = (await scene.store.readResult(scene.runId)) ?? {};
    const registry = createRegistry(scene.storage, log);
    const [manifest] = await registry.versions(scene.spec.model);
    expect(manifest.evaluation?.summary).toEqual(summary?.evaluation);
    const evaluation = await registry.evaluation(manifest);
    expect(evaluation?.test?.figures).toEqual(summary?.evaluation?.test?.figures);
    expect(evaluation?.test?.figures.accuracy).toBeCloseTo(summary?.metrics?.test_accuracy ?? NaN, 6);
  });

  test('does not change a result that there is', async () => {
    const scene = await sceneOf();
    await scene.train();
    const before = await scene.store.readResult(scene.runId);
    await scene.train();
    expect(await scene.store.readResult(scene.runId)).toEqual(before);
    expect((await outcomeOf(scene)).versions).toHaveLength(1);
  });
});

/** Its validation loss soon rises. */
const impatient: JobRequest = {
  epochs: 40,
  patience: 2,
  publish: 'best',
  seed: 8,
  optimizer: { learning_rate: 0.1 },
  split: { validation: 0.2 },
  batch_size: 52,
};

describe('a run that learns values', () => {
  const sceneOfDiamonds = async (request: JobRequest = {}) =>
    sceneWith(await smallDiamondsSpec(request), smallDiamonds);

  test('has root mean squared errors in place of accuracies, and learns', async () => {
    const scene = await sceneOfDiamonds();
    expect(scene.spec).toMatchObject({ task: 'regression', loss: 'mse' });
    expect(await scene.train()).toBe('finished');
    const { status, error, metrics } = await outcomeOf(scene);
    expect({ status, error }).toEqual({ status: 'succeeded', error: null });
    expect(Object.keys(metrics ?? {}).sort()).toEqual(
      ['epoch', 'step', 'test_loss', 'test_rmse', 'train_loss', 'train_rmse'].sort(),
    );
    const { test_loss = NaN, test_rmse = NaN } = metrics ?? {};
    expect(test_rmse).toBeCloseTo(Math.sqrt(test_loss), 5);
    // The values are standardised: to answer their mean is an error of 1.
    expect(test_rmse).toBeLessThan(0.5);
    const registry = createRegistry(scene.storage, log);
    expect((await registry.load('diamonds', 1)).description).toMatchObject({
      head: { kind: 'values', names: ['price'] },
      scaling: null,
    });
  });

  test('publishes the epoch with the lowest validation loss where that is the policy', async () => {
    const scene = await sceneOfDiamonds({ publish: 'best', optimizer: { learning_rate: 0.1 } });
    await scene.train();
    const losses = (await curveOf(scene)).map(({ validation_loss }) => validation_loss ?? NaN);
    const lowest = losses.indexOf(Math.min(...losses));
    expect((await outcomeOf(scene)).versions).toMatchObject([
      { step: (scene.spec.steps / scene.spec.epochs) * (lowest + 1) },
    ]);
    // Otherwise this would have shown nothing.
    expect(lowest).toBeLessThan(scene.spec.epochs - 1);
  });

  test('ends with the same bits when it was stopped on the way', async () => {
    const request: JobRequest = { epochs: 2, split: { validation: 0.3 } };
    const [whole, stopped] = [await sceneOfDiamonds(request), await sceneOfDiamonds(request)];
    await whole.train();
    for (let attempt = 0; ; attempt++) {
      if ((await stopped.train({ signal: stopWhileAttempt(attempt, 2 + (attempt % 3)) })) === 'finished')
        break;
    }
    expect(epochsOnly(await outcomeOf(stopped))).toEqual(epochsOnly(await outcomeOf(whole)));
  });
});

describe('a run on a table', () => {
  const customers = churn();
  const small: JobRequest = {
    network: { hidden: [{ units: 8 }] },
    optimizer: { learning_rate: 0.01 },
    batch_size: 32,
    epochs: 4,
    engine: 'reference',
  };
  const sceneOfTable = async (request: JobRequest = {}) =>
    sceneOn(await specOn(customers, { ...small, ...request }), customers.datasets);
  const published = async ({ storage, spec }: Scene) => createRegistry(storage, log).load(spec.model, 1);

  test('learns classes, and its model knows its columns', async () => {
    const scene = await sceneOfTable({ epochs: 12, seed: 1 });
    expect(await scene.train()).toBe('finished');
    const { status, error, metrics } = await outcomeOf(scene);
    expect({ status, error }).toEqual({ status: 'succeeded', error: null });
    expect(metrics?.validation_accuracy).toBeGreaterThan(0.7);
    const { description } = await published(scene);
    expect(description).toMatchObject({
      head: { kind: 'classes', labels: ['No', 'Yes'], probabilities: 'softmax' },
      scaling: null,
      preprocessing: { width: scene.spec.network.inputs, targets: ['churned'], ignored: ['customer'] },
    });
    expect(description.preprocessing?.columns.map(({ name }) => name)).toEqual([
      'age',
      'tenure',
      'city',
      'premium',
      'joined',
      'household',
      'weight',
      'spent',
    ]);
  });

  test('learns numbers, with errors and predictions in their unit', async () => {
    const scene = await sceneOfTable({ target: ['spent', 'tenure'], epochs: 20 });
    await scene.train();
    const { description, parameters } = await published(scene);
    expect(description.head).toMatchObject({ kind: 'values', names: ['spent', 'tenure'] });
    const { data } = await loadData(customers.datasets, scene.spec);
    const predictor = await createReferenceEngine().predictor(description, parameters);
    const { test: tested } = data;
    const values = applyHead(
      description.head,
      await predictor.predict(tested.inputs as Float32Array, tested.count),
    );
    const actual = applyHead(description.head, Float32Array.from(tested.targets));
    const squares = actual.map((value, i) => (value - values[i]) ** 2);
    const rmse = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    const { step } = (await outcomeOf(scene)).versions[0];
    const epoch = (await curveOf(scene)).find((each) => each.step === step);
    expect(epoch?.test_rmse).toBeCloseTo(rmse, 2);
    // The unit is that of the file.
    expect(Math.max(...actual)).toBeGreaterThan(200);
  });

  test('without rows to validate and to test with has no such figures', async () => {
    const scene = await sceneOfTable({ engine: 'wasm', split: { validation: 0, test: 0 } });
    expect(await scene.train()).toBe('finished');
    const { metrics, versions } = await outcomeOf(scene);
    expect(Object.keys(metrics ?? {}).sort()).toEqual(['epoch', 'step', 'train_accuracy', 'train_loss']);
    expect(versions).toMatchObject([{ step: scene.spec.steps }]);
  });

  test('weighs its rows by their weight and by their class', async () => {
    const weighed = { columns: { weight: { role: 'weight' } } } as const;
    const weightsFor = async (request: JobRequest) => {
      const spec = await specOn(customers, request);
      const { data } = await loadData(customers.datasets, spec);
      return data.train;
    };
    const { weights, targets, count } = await weightsFor({ ...weighed, class_weight: 'balanced' });
    const { weights: ofRows } = await weightsFor(weighed);
    expect(new Set(ofRows)).toEqual(new Set([1, 2, 3, 4]));
    const yes = [...targets].reduce((sum, target) => sum + target, 0);
    const ofClass = [count / (2 * (count - yes)), count / (2 * yes)];
    const expected = Float32Array.from(ofRows ?? [], (weight, i) => weight * ofClass[targets[i]]);
    expect(weights).toEqual(expected);
    expect((await weightsFor({ class_weight: { Yes: 0.5 } })).weights).toEqual(
      Float32Array.from(targets, (target) => (target === 1 ? 0.5 : 1)),
    );
    expect((await weightsFor({})).weights).toBeNull();
  });

  test('whose dataset has other content now fails', async () => {
    const spec = await specOn(customers, small);
    const info = { ...customers.info, sha256: 'f'.repeat(64) };
    const scene = await sceneOn(spec, { ...customers.datasets, info: () => Promise.resolve(info) });
    await scene.train();
    expect((await outcomeOf(scene)).error?.code).toBe('DATASET_CHANGED');
  });

  test('whose process dies at any of its writes ends as if it had not', async () => {
    const request: JobRequest = { epochs: 2, class_weight: 'balanced', checkpoint: { every_steps: 3 } };
    const whole = await sceneOfTable(request);
    const { writes } = await countWrites(whole);
    const expected = await outcomeOf(whole);
    expect(expected.status).toBe('succeeded');
    for (let survived = 0; survived < writes; survived++) {
      const scene = await sceneOfTable(request);
      await expect(scene.train({ on: dyingStorage(scene.storage, survived, true) })).rejects.toThrow('died');
      expect(await scene.train()).toBe('finished');
      expect(await outcomeOf(scene), `after ${survived} writes`).toEqual(expected);
    }
  });
});

describe('a run that starts from a version', () => {
  const customers = churn();
  const small: JobRequest = { network: { hidden: [{ units: 8 }] }, batch_size: 32, epochs: 4, seed: 3 };

  /** A table that was trained, and the spec of a job on another one that starts from its version. */
  async function prepare(request: JobRequest = {}) {
    const first = await sceneOn(await specOn(customers, small), customers.datasets);
    await first.train();
    const registry = createRegistry(first.storage, log);
    const models = { registry, aliases: createAliases({ storage: first.storage, registry }) };
    const source = await readSource(models, { init_from: { model: 'churn' } });
    const spec = await specOn(customers, { epochs: 2, batch_size: 32, seed: 9, ...request }, source);
    return { first, registry, spec };
  }

  /** In the storage where the version is. */
  const inStorageOf = async ({ first, spec }: Awaited<ReturnType<typeof prepare>>): Promise<Scene> => {
    const scene = await sceneOn(spec, customers.datasets, first.storage);
    return scene;
  };

  test('pins it, and takes its parameters and its preprocessing over', async () => {
    const prepared = await prepare({ epochs: 1, optimizer: { type: 'sgd', learning_rate: 1e-12 } });
    const { registry, spec } = prepared;
    const source = await registry.load('churn', 1);
    expect(spec).toMatchObject({
      init_from: { model: 'churn', version: 1, sha256: source.manifest.file.sha256 },
      network: source.description.network,
    });
    const scene = await inStorageOf(prepared);
    expect(await scene.train()).toBe('finished');
    const { description, parameters } = await registry.load('churn', 2);
    expect(description.preprocessing).toEqual(source.description.preprocessing);
    // A learning rate of next to nothing leaves them as they were.
    for (const [name, { data }] of parameters) {
      data.forEach((value, i) => expect(value).toBeCloseTo(source.parameters.get(name)?.data[i] ?? NaN, 6));
    }
  });

  test.each([
    ['is gone', (storage: Storage) => storage.remove('models/churn/versions/000001.json')],
    [
      'is damaged',
      async (storage: Storage) => {
        const [file = ''] = await storage.list('models/churn/files');
        await flipBit(storage, `models/churn/files/${file}`, 2_000);
      },
    ],
  ])('fails where that %s when it begins', async (_, spoil) => {
    const prepared = await prepare();
    const scene = await inStorageOf(prepared);
    await spoil(scene.storage);
    expect(await scene.train()).toBe('finished');
    const result = await scene.store.readResult(scene.runId);
    expect(result).toMatchObject({ status: 'failed', error: { code: 'INIT_FROM_CHANGED' } });
  });

  test('goes on where the version goes once training is under way, and ends with the same bits', async () => {
    const [whole, stopped] = [await inStorageOf(await prepare()), await inStorageOf(await prepare())];
    await whole.train();
    await stopped.train({ signal: stopAtLook(3) });
    await stopped.storage.remove('models/churn/versions/000001.json');
    expect(await stopped.train()).toBe('finished');
    const fileOf = async ({ storage }: Scene) =>
      (await createRegistry(storage, log).latest('churn'))?.file.sha256;
    expect(await fileOf(stopped)).toBe(await fileOf(whole));
  });

  test('is refused where its data is other, and told all that differs', async () => {
    const refusal = async (request: JobRequest) =>
      prepare(request).then(
        () => null,
        (error: unknown) => error,
      );
    expect(
      await refusal({
        columns: {
          city: { role: 'ignore' },
          age: { type: 'category' },
          customer: { role: 'feature', type: 'category' },
        },
      }),
    ).toMatchObject({
      code: 'INVALID_REQUEST',
      pointer: '/init_from',
      message: expect.stringMatching(
        /"age" as number.*category.*"city".*no feature.*"customer".*ignore/,
      ) as string,
    });
    expect(await refusal({ target: ['spent'], columns: { churned: { role: 'ignore' } } })).toMatchObject({
      message: expect.stringContaining('predicts classes, and this job learns values') as string,
    });
    expect(await refusal({ network: { hidden: [{ units: 9 }] } })).toMatchObject({
      pointer: '/network/hidden',
      message: expect.stringContaining('8 relu') as string,
    });
  });
});

describe('a version that fails the gate of its run', () => {
  /** As with 8.9 % of MNIST: its network is dead after some steps. */
  const hopeless: JobRequest = { epochs: 2, optimizer: { learning_rate: 10 } };
  const publishedBy = async (scene: Scene) =>
    (await eventsOf(scene)).find((event) => event.type === 'published');

  test.each([
    ['without validation rows', {}],
    ['with them', { split: { validation: 0.2 } }],
  ])('is kept and held, and the job succeeds and says why (%s)', async (_, more) => {
    const scene = await sceneOf({ ...hopeless, ...more });
    expect(await scene.train()).toBe('finished');
    const { status, versions } = await outcomeOf(scene);
    expect({ status, count: versions.length }).toEqual({ status: 'succeeded', count: 1 });
    const reasons = [expect.stringContaining('no better than the commonest class: accuracy 0.')];
    const publication = { version: 1, served: false, held: true, pinned_to: null, reasons };
    expect(await publishedBy(scene)).toMatchObject(publication);
    expect((await scene.store.readResult(scene.runId))?.summary.publication).toMatchObject(publication);
    const registry = createRegistry(scene.storage, log);
    expect(await registry.latest(scene.spec.model)).toBeNull();
  });

  test('is served where the job asks for nothing', async () => {
    const scene = await sceneOf({ ...hopeless, publish_if: 'always' });
    await scene.train();
    expect(await publishedBy(scene)).toMatchObject({ served: true, held: false, reasons: [] });
  });

  test('is held where it is no better than the version that is latest', async () => {
    const request: JobRequest = { publish_if: { metric: 'log_loss', better_than: 'latest' } };
    const first = await sceneOf(request);
    await first.train();
    expect(await publishedBy(first)).toMatchObject({ version: 1, served: true });
    const same = await sceneWith(first.spec, smallMnist, first.storage);
    await same.train();
    const reasons = [expect.stringContaining('of version 1, which is latest')];
    expect(await publishedBy(same)).toMatchObject({ version: 2, held: true, reasons });
  });

  test('at whichever write its process dies, is held all the same', async () => {
    const whole = await sceneOf(hopeless);
    const { writes } = await countWrites(whole);
    const expected = await outcomeOf(whole);
    for (let survived = 0; survived < writes; survived++) {
      const scene = await sceneOf(hopeless);
      await expect(scene.train({ on: dyingStorage(scene.storage, survived, true) })).rejects.toThrow('died');
      const registry = createRegistry(scene.storage, log);
      expect(await registry.latest(scene.spec.model)).toBeNull();
      expect(await scene.train()).toBe('finished');
      expect(await outcomeOf(scene), `after ${survived} writes`).toEqual(expected);
      expect([...(await registry.held(scene.spec.model)).keys()]).toEqual([1]);
      expect(await publishedBy(scene)).toMatchObject({ served: false, held: true });
    }
  });
});

test('a run whose model is pinned to another version says that its own is not served', async () => {
  const first = await sceneOf();
  await first.train();
  const registry = createRegistry(first.storage, log);
  await createAliases({ storage: first.storage, registry }).set(first.spec.model, 'latest', 1);
  const second = await sceneWith(first.spec, smallMnist, first.storage);
  await second.train();
  expect((await eventsOf(second)).find(({ type }) => type === 'published')).toMatchObject({
    version: 2,
    served: false,
    held: false,
    pinned_to: 1,
    reasons: ['latest is pinned to version 1 until it is set to another one or removed.'],
  });
});

describe('a run that is asked to stop', () => {
  test('checkpoints in the middle of an epoch or of its evaluation, and ends with the same bits as one that was not', async () => {
    const [whole, stopped] = [await sceneOf(), await sceneOf()];
    await whole.train();

    /** The steps of the stops within an epoch's steps, and of those within its evaluation. */
    const stops = { training: new Set<number>(), evaluating: new Set<number>() };
    // One call of the engine, then two, and so on: an evaluation takes two, and is begun anew by each attempt.
    for (let attempt = 0; ; attempt++) {
      const end = await stopped.train({ signal: stopWhileAttempt(attempt, 2 + (attempt % 2)) });
      if (end === 'finished') break;
      const checkpoint = await newestCheckpoint(
        stopped.storage,
        stopped.store.checkpointsOf(stopped.runId),
        () => expect.fail('A checkpoint is damaged'),
      );
      if (checkpoint === null) throw new Error('A run that stops has a checkpoint');
      const { state, position, metrics } = checkpoint;
      if (state.step === 5 * (metrics.length + 1)) {
        stops.evaluating.add(state.step);
        expect(position.samples).toBe(320);
      } else {
        stops.training.add(state.step);
      }
    }
    expect([...stops.evaluating]).toEqual([5, 10, 15]);
    expect(stops.training.size).toBeGreaterThan(5);

    expect(epochsOnly(await outcomeOf(stopped))).toEqual(epochsOnly(await outcomeOf(whole)));
  });
});

test('a run that changes its pictures ends with the same bits when it was stopped or died on the way', async () => {
  const request: JobRequest = {
    engine: 'wasm',
    augment: 'digits',
    epochs: 2,
    network: { hidden: [{ units: 4 }] },
  };
  const [whole, stopped] = [await sceneOf(request), await sceneOf(request)];
  const plain = await sceneOf({ ...request, augment: 'none' });
  await whole.train();
  await plain.train();
  for (let attempt = 0; ; attempt++) {
    if ((await stopped.train({ signal: stopWhileAttempt(attempt, 2 + (attempt % 3)) })) === 'finished') break;
  }
  const expected = epochsOnly(await outcomeOf(whole));
  expect(expected.status).toBe('succeeded');
  expect(epochsOnly(await outcomeOf(stopped))).toEqual(expected);
  expect(expected.checkpoint).not.toEqual((await outcomeOf(plain)).checkpoint);

  // Each death costs a thread that changes pictures, so only some are tried; deaths of other runs are tried at every write.
  const { writes } = await countWrites(await sceneOf(request));
  for (let survived = 4; survived < writes; survived += Math.ceil(writes / 4)) {
    const scene = await sceneOf(request);
    await expect(scene.train({ on: dyingStorage(scene.storage, survived, true) })).rejects.toThrow('died');
    expect(await scene.train()).toBe('finished');
    expect(epochsOnly(await outcomeOf(scene)), `after ${survived} writes`).toEqual(expected);
  }
});

test('a run whose events are lost goes on from its checkpoint, ends with the same bits, and says so', async () => {
  const [whole, damaged] = [await sceneOf(), await sceneOf()];
  await whole.train();
  while ((await damaged.storage.list(damaged.store.checkpointsOf(damaged.runId))).length === 0) {
    await damaged.train({ signal: stopAtLook(2) });
  }
  const events = `runs/${damaged.runId}/events`;
  for (const name of await damaged.storage.list(events)) {
    await damaged.storage.put(`${events}/${name}`, Buffer.from(''));
  }
  expect(await damaged.train()).toBe('finished');
  const told = (await eventsOf(damaged)).find(({ type }) => type === 'log' || type === 'missing');
  expect(told).toMatchObject({ message: expect.stringContaining('missing') as string });
  expect((await outcomeOf(damaged)).checkpoint).toEqual((await outcomeOf(whole)).checkpoint);
});

describe('a run that takes any engine', () => {
  test('goes on with the one that it was begun on, and ends with that one’s bits', async () => {
    const [begun, asked, neither] = [
      await sceneOf(),
      await sceneOf({ engine: 'reference' }),
      await sceneOf(),
    ];
    const elsewhere = await begun.store.writeEvents(begun.runId, await begun.store.claim(begun.runId));
    await elsewhere.append(startedOn('reference'));
    for (const scene of [begun, asked, neither]) expect(await scene.train()).toBe('finished');
    const started = (await eventsOf(begun)).filter((event) => event.type === 'started');
    expect(started.at(-1)).toMatchObject({
      engine: { name: 'reference', reason: 'the job was begun on it' },
    });
    expect(await outcomeOf(begun)).toEqual(await outcomeOf(asked));
    // Otherwise this would have shown nothing.
    expect((await outcomeOf(neither)).checkpoint).not.toEqual((await outcomeOf(asked)).checkpoint);
  });
});

describe('a run whose process dies', () => {
  test.each(['final', 'every_checkpoint'] as const)(
    'at any of its writes is taken up again and ends as if it had not (%s)',
    async (publish) => {
      const whole = await sceneOf({ epochs: 2, publish });
      const { writes, appends } = await countWrites(whole);
      const expected = await outcomeOf(whole);
      expect(expected.status).toBe('succeeded');
      for (let survived = 0; survived < writes; survived++) {
        // Only an append can be torn.
        for (const torn of appends.has(survived) ? [false, true] : [false]) {
          const scene = await sceneOf({ epochs: 2, publish });
          await expect(scene.train({ on: dyingStorage(scene.storage, survived, torn) })).rejects.toThrow(
            'died',
          );
          expect(await scene.train()).toBe('finished');
          expect(await outcomeOf(scene), `after ${survived} writes`).toEqual(expected);
        }
      }
    },
  );

  test('at any of its writes ends as early, with the same best weights', async () => {
    const whole = await sceneOf(impatient);
    const { writes } = await countWrites(whole);
    const expected = await outcomeOf(whole);
    const stoppedOf = async (scene: Scene) =>
      (await eventsOf(scene)).flatMap((event) => (event.type === 'stopped' ? [event.stopped] : []));
    expect(await stoppedOf(whole)).toMatchObject([{ reason: 'patience' }]);
    for (let survived = 0; survived < writes; survived++) {
      const scene = await sceneOf(impatient);
      await expect(scene.train({ on: dyingStorage(scene.storage, survived, true) })).rejects.toThrow('died');
      expect(await scene.train()).toBe('finished');
      expect(await outcomeOf(scene), `after ${survived} writes`).toEqual(expected);
      expect(await stoppedOf(scene), `after ${survived} writes`).toEqual(await stoppedOf(whole));
    }
  });

  test('at any of its writes after it was stopped before an evaluation is taken up again all the same', async () => {
    const whole = await sceneOf({ epochs: 2 });
    await whole.train();
    const expected = epochsOnly(await outcomeOf(whole));
    const folder = await temporaryFolder();
    const stopped = await sceneWith(whole.spec, smallMnist, await createFileStorage(folder));
    for (let step = 1; step <= 5; step++) await stopped.train({ signal: stopAtLook(2) });
    const copyOfStopped = async (): Promise<Scene> => {
      const copy = await temporaryFolder();
      await cp(folder, copy, { recursive: true });
      return stopped.in(await createFileStorage(copy));
    };
    const { writes } = await countWrites(await copyOfStopped());
    for (let survived = 0; survived < writes; survived++) {
      const scene = await copyOfStopped();
      const dying = scene.train({ on: dyingStorage(scene.storage, survived, true) });
      await expect(dying).rejects.toThrow('died');
      expect(await scene.train()).toBe('finished');
      expect(epochsOnly(await outcomeOf(scene)), `after ${survived} writes`).toEqual(expected);
    }
  });

  test('goes on from the checkpoint before a damaged one, and says so', async () => {
    const [whole, damaged] = [await sceneOf(), await sceneOf()];
    const { writes } = await countWrites(whole);
    // Far enough to have two checkpoints.
    await expect(damaged.train({ on: dyingStorage(damaged.storage, writes - 14, false) })).rejects.toThrow(
      'died',
    );
    const prefix = damaged.store.checkpointsOf(damaged.runId);
    const steps = (await listCheckpoints(damaged.storage, prefix)).map(({ step }) => step);
    expect(steps).toEqual([10, 5]);
    await flipBit(damaged.storage, `${prefix}/step-00000010.000001/model.safetensors`, 20_000);

    expect(await damaged.train()).toBe('finished');
    const events = await eventsOf(damaged);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'log',
        message: expect.stringContaining('step 10 is damaged') as string,
      }),
    );
    expect(events).toContainEqual(expect.objectContaining({ type: 'started', resumed_from_step: 5 }));
    expect(await outcomeOf(damaged)).toEqual(await outcomeOf(whole));
  });

  test('says so when it goes on on another device that rounds in its own way', async () => {
    const scene = await sceneOf({ engine: 'reference' });
    await scene.train({ engines: [deviceNamed('GPU one')], signal: stopAtLook(3) });
    await scene.train({ engines: [deviceNamed('GPU one')], signal: stopAtLook(3) });
    const warnings = async () => (await eventsOf(scene)).filter(({ type }) => type === 'log');
    expect(await warnings()).toEqual([]);
    await scene.train({ engines: [deviceNamed('GPU two')] });
    expect(await warnings()).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining("'GPU one' and goes on on 'GPU two'") as string,
      }),
    ]);
  });
});

/** The reference engine as if on a device of this name. */
function deviceNamed(device: string): EngineEntry {
  const engine = createReferenceEngine();
  const trainer: Engine['trainer'] = async (...training) => {
    const plain = await engine.trainer(...training);
    return Object.defineProperties(plain, { device: { value: device }, bitsDependOnDevice: { value: true } });
  };
  return { name: 'reference', create: () => Promise.resolve({ ...engine, trainer }) };
}
