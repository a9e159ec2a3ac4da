/** What a run does between its last epoch and its end: it evaluates, decides and publishes, and can be stopped or killed there. */
import type { Storage } from '../../../src/storage/storage.js';
import { describe, expect, test } from 'vitest';
import type { JobRequest } from '../../../src/jobs/runs/job-request.js';
import { loadData } from '../../../src/jobs/training/load-data.js';
import type { Observation } from '../../../src/jobs/training/messages.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import { churn, specOn } from '../small-table.js';
import {
  dyingStorage,
  epochsOnly,
  eventsOf,
  log,
  outcomeOf,
  sceneOf,
  sceneOn,
  watchWrites,
  type Scene,
} from './run-scene.js';

const customers = churn();
const small: JobRequest = {
  network: { hidden: [{ units: 4 }] },
  optimizer: { learning_rate: 0.02 },
  batch_size: 32,
  epochs: 3,
  engine: 'reference',
  publish: 'best',
  calibrated: true,
  threshold: 'auto',
  columns: { weight: { role: 'weight' } },
};

const sceneOfTable = async (request: JobRequest = {}): Promise<Scene> =>
  sceneOn(await specOn(customers, { ...small, ...request }), customers.datasets);

async function published({ storage, spec }: Scene) {
  const registry = createRegistry(storage, log);
  const manifest = (await registry.versions(spec.model)).at(0);
  if (manifest === undefined) return null;
  return { manifest, evaluation: await registry.evaluation(manifest) };
}

/** Asks to stop when it is looked at for that many times since training ended, in this attempt or an earlier one. */
function stopInEvaluation({ spec }: Scene, looks: number, hasTrained: boolean) {
  const trained = { isOver: hasTrained };
  let seen = 0;
  const observe = (observation: Observation): void => {
    if (observation.kind === 'checkpoint' && observation.step === spec.steps) trained.isOver = true;
  };
  const signal = {
    get aborted() {
      return trained.isOver && ++seen >= looks;
    },
  };
  return { observe, signal };
}

describe('the figures of a run whose rows have weights', () => {
  test('count each row by its weight, and those of its epochs do too', async () => {
    const scene = await sceneOfTable({ class_weight: 'balanced', calibrated: false, threshold: 0.5 });
    await scene.train();
    const found = await published(scene);
    const { rowWeights, data } = await loadData(customers.datasets, scene.spec);
    const { test: onTest, validation, training } = found?.evaluation ?? {};
    const sumOf = (weights: Float32Array | null) => weights?.reduce((sum, weight) => sum + weight, 0);
    expect(onTest?.weights?.sum).toBe(sumOf(rowWeights.test));
    expect(validation?.weights?.sum).toBe(sumOf(rowWeights.validation));
    expect(onTest?.weights?.effective_rows).toBeLessThan(onTest?.rows ?? 0);
    expect(training).toBeUndefined();
    // Weights of classes would make the classes of the training rows count the same.
    const frequencies =
      onTest?.classes?.map(({ support }) => support / (sumOf(rowWeights.test) ?? NaN)) ?? [];
    expect(onTest?.baselines.constant.accuracy).toBeCloseTo(Math.max(...frequencies), 6);
    expect(Math.abs((frequencies[0] ?? 0.5) - 0.5)).toBeGreaterThan(0.05);
    const { test_accuracy } = found?.manifest.metrics as { test_accuracy: number };
    expect(onTest?.figures.accuracy).toBeCloseTo(test_accuracy, 6);
    // Otherwise this would have shown nothing.
    expect((onTest?.figures.accuracy ?? NaN) * data.test.count).not.toBeCloseTo(
      Math.round((onTest?.figures.accuracy ?? NaN) * data.test.count),
      3,
    );
  });

  test('count each row once where only classes have weights', async () => {
    const [plain, balanced] = await Promise.all(
      (['none', 'balanced'] as const).map(async (class_weight) => {
        const columns = { weight: { role: 'ignore' as const } };
        const scene = await sceneOfTable({ columns, class_weight, calibrated: false, threshold: 0.5 });
        await scene.train();
        return published(scene);
      }),
    );
    const { test: onTest } = balanced?.evaluation ?? {};
    expect(onTest?.weights).toBeUndefined();
    expect(onTest?.classes?.map(({ support }) => support)).toEqual(
      plain?.evaluation?.test?.classes?.map(({ support }) => support),
    );
    expect(onTest?.baselines).toEqual(plain?.evaluation?.test?.baselines);
  });
});

describe('a run that is asked to stop while it evaluates', () => {
  test('is handed back at its next look, is not decided, and ends with the same bits', async () => {
    const whole = await sceneOfTable();
    await whole.train();
    const expected = await published(whole);
    expect(expected?.evaluation?.importance).toBeDefined();
    const stopped = await sceneOfTable();
    let stops = 0;
    // In the outputs, the linear model, the temperature and the importance of columns alike.
    for (let looks = 1; ; looks += 5) {
      const end = await stopped.train(stopInEvaluation(stopped, looks, stops > 0));
      if (end === 'finished') break;
      expect(end).toBe('handed_back');
      stops++;
      expect(await stopped.store.readEnding(stopped.runId)).toBeNull();
      expect(await stopped.store.readResult(stopped.runId)).toBeNull();
      expect(await published(stopped)).toBeNull();
    }
    expect(stops).toBeGreaterThan(10);
    expect(epochsOnly(await outcomeOf(stopped))).toEqual(epochsOnly(await outcomeOf(whole)));
    expect((await published(stopped))?.evaluation).toEqual(expected?.evaluation);
    const once = (await eventsOf(stopped)).filter(({ type }) => type === 'evaluated' || type === 'published');
    expect(once.map(({ type }) => type)).toEqual(['evaluated', 'published']);
  });

  test('between its epochs goes on with them', async () => {
    const request: JobRequest = { publish: 'every_checkpoint', epochs: 2 };
    const [whole, stopped] = [await sceneOf(request), await sceneOf(request)];
    await whole.train();
    let isEvaluating = false;
    const observe = ({ kind }: Observation): void => void (isEvaluating = kind === 'checkpoint');
    const signal = {
      get aborted() {
        return isEvaluating;
      },
    };
    expect(await stopped.train({ observe, signal })).toBe('handed_back');
    expect((await outcomeOf(stopped)).versions).toEqual([]);
    expect(await stopped.train()).toBe('finished');
    expect(epochsOnly(await outcomeOf(stopped))).toEqual(epochsOnly(await outcomeOf(whole)));
  });

  test('is cancelled, and publishes nothing', async () => {
    const scene = await sceneOfTable();
    const { storage, store, runId } = scene;
    const decided: Promise<unknown>[] = [];
    const observe = ({ kind }: Observation): void => {
      if (kind === 'evaluation') decided.push(store.decideEnding(runId, 'cancelled'));
    };
    // The run decides at the same moment; the request comes first.
    const on: Storage = {
      ...storage,
      async create(key, content) {
        await Promise.all(decided);
        return storage.create(key, content);
      },
    };
    expect(await scene.train({ observe, on })).toBe('taken_over');
    expect(await Promise.all(decided)).toEqual(['cancelled']);
    expect(await published(scene)).toBeNull();
  });
});

test('the time of an evaluation is not that of the publication', async () => {
  const scene = await sceneOfTable();
  const seen: Observation[] = [];
  await scene.train({ observe: (observation) => seen.push(observation) });
  const last = seen.filter(({ kind }) => kind === 'evaluation' || kind === 'publication');
  expect(last.map(({ kind }) => kind)).toEqual(['evaluation', 'publication']);
  const [evaluation, publication] = last.map((each) => ('tookMs' in each ? each.tookMs : NaN));
  // The clock is read once when a publication begins and once when it ends, and often in between while a run evaluates.
  expect(publication).toBe(1);
  expect(evaluation).toBeGreaterThan(10);
});

test('a run that dies at any write after its last epoch ends with the same evaluation, head and gate', async () => {
  const request: JobRequest = {
    epochs: 30,
    patience: 1,
    optimizer: { learning_rate: 0.3 },
    publish_if: { metric: 'accuracy', at_least: 1 },
  };
  const whole = await sceneOfTable(request);
  let isTrained = false;
  const late = { first: NaN, writes: 0 };
  const counted = watchWrites(whole, () => {
    if (isTrained && Number.isNaN(late.first)) late.first = late.writes;
    late.writes++;
  });
  await whole.train({
    on: counted,
    observe: ({ kind }) => {
      isTrained ||= kind === 'evaluation';
    },
  });
  const expected = { outcome: await outcomeOf(whole), version: await published(whole) };
  expect(expected.outcome.status).toBe('succeeded');
  expect(expected.version?.manifest.held?.reasons).toHaveLength(1);
  expect((await eventsOf(whole)).find(({ type }) => type === 'stopped')).toMatchObject({
    stopped: { reason: 'patience' },
  });
  // From the write of the epoch that ended training on.
  for (let survived = late.first - 5; survived < late.writes; survived++) {
    const scene = await sceneOfTable(request);
    await expect(scene.train({ on: dyingStorage(scene.storage, survived, true) })).rejects.toThrow('died');
    expect(await scene.train(), `after ${survived} writes`).toBe('finished');
    expect(await outcomeOf(scene), `after ${survived} writes`).toEqual(expected.outcome);
    const version = await published(scene);
    expect(version?.evaluation).toEqual(expected.version?.evaluation);
    expect(version?.manifest.head).toEqual(expected.version?.manifest.head);
    expect(version?.manifest.held).toEqual(expected.version?.manifest.held);
    expect(await createRegistry(scene.storage, log).latest(scene.spec.model)).toBeNull();
  }
});
