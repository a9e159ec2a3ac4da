/** A data folder that the service wrote before there were documents of format 2: test/fixtures/format-1. */
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { checkStore, type Found } from '../../../src/check-data/check-store.js';
import { loadMnist } from '../../../src/data/builtin/mnist.js';
import { createDatasetStore } from '../../../src/data/store.js';
import { createRunStore } from '../../../src/jobs/runs/run-store.js';
import { trainRun } from '../../../src/jobs/training/train-run.js';
import { engines, selectEngine } from '../../../src/model/engines/select.js';
import { readCheckpoint, newestCheckpoint } from '../../../src/model/files/checkpoint.js';
import { decodeModelFile } from '../../../src/model/files/model-file.js';
import { countCorrect } from '../../../src/model/metrics/classification.js';
import { createAliases } from '../../../src/model/registry/aliases.js';
import { createRegistry } from '../../../src/model/registry/registry.js';
import { createFileStorage } from '../../../src/storage/file-storage.js';
import type { Storage } from '../../../src/storage/storage.js';
import { temporaryFolder } from '../../storage/temporary-storage.js';
import { sceneWithQueue } from '../scene.js';

const log = pino({ level: 'silent' });
const fixtures = join(import.meta.dirname, '../../fixtures');
const { scene } = sceneWithQueue();

/** Two that succeeded, and one paused in the middle of its second epoch. */
const ids = {
  crossEntropy: 'job_01M8ESCH0QW5E9SHFWB0JF6E3A',
  mse: 'job_01M8ESCH3NYX7X0AN9KRXYP1R9',
  paused: 'job_01M8ESCH64B273M8EP994HXCXT',
};
/** What the paused run was submitted with, under the key `fixture-key`. */
const pausedRequest = {
  model: 'digits-paused',
  network: { hidden: [{ units: 3 }] },
  epochs: 4,
  batch_size: 16,
  publish: 'best' as const,
  checkpoint: { every_steps: 100, keep: 1 },
};

async function copyOfFolder(): Promise<Storage> {
  const folder = await temporaryFolder();
  await cp(join(fixtures, 'format-1'), folder, { recursive: true });
  return createFileStorage(folder);
}

/** A scene with the runs of the folder, and with what was remembered of their requests. */
async function sceneOfFolder(): ReturnType<typeof scene> {
  const [from, to] = [await copyOfFolder(), await scene()];
  const copy = async (key: string): Promise<void> => {
    const content = await from.read(key);
    if (content !== null) await to.storage.put(key, content);
    else for (const name of await from.list(key)) await copy(`${key}/${name}`);
  };
  for (const prefix of ['runs', 'idempotency']) await copy(prefix);
  return to;
}

test('its runs are listed and shown as what they are today', async () => {
  const { jobs, store } = await sceneOfFolder();
  const { data } = await jobs.list({ limit: 10, filter: { dataset: 'mnist' } });
  expect(data.map(({ id, status }) => [id, status])).toEqual([
    [ids.paused, 'paused'],
    [ids.mse, 'succeeded'],
    [ids.crossEntropy, 'succeeded'],
  ]);
  const [paused, mse, crossEntropy] = data;
  for (const { spec, dataset } of data) {
    expect(spec).toMatchObject({ task: 'classification', split: { validation: 0 } });
    expect(dataset).toBe('mnist');
  }
  expect(crossEntropy).toMatchObject({ version: 1, metadata: { made: 'format 1' } });
  expect(crossEntropy.spec.loss).toBe('cross_entropy');
  expect(mse.spec).toMatchObject({ loss: 'one_hot_mse', publish: 'best', optimizer: { type: 'sgd' } });
  expect(mse.metrics).toMatchObject({ epoch: 1, train_accuracy: 0.18245, test_accuracy: 0.2476 });
  expect(paused).toMatchObject({ metrics: { epoch: 1, test_accuracy: 0.7355 }, version: null });
  expect((await jobs.metrics(ids.crossEntropy, { maxPoints: 100 })).epochs_done).toBe(2);
  expect((await jobs.checkpoints(ids.paused)).data).toMatchObject([{ step: 5700 }, { step: 3750 }]);
  expect(await store.readSpec(ids.mse)).toMatchObject({
    format_version: 2,
    dataset: { name: 'mnist', sha256: null },
  });
});

test('the checkpoint of its paused run says how far the epoch is', async () => {
  const storage = await copyOfFolder();
  const prefix = createRunStore(storage).checkpointsOf(ids.paused);
  const newest = await newestCheckpoint(storage, prefix, (step) => expect.unreachable(`${step} is damaged`));
  expect(newest?.position).toEqual({
    samples: 31_200,
    weight_sum: 31_200,
    loss_sum: 25_560.287486502544,
    metric_sum: 22_897,
  });
  expect(newest?.description).toMatchObject({ format_version: 2, head: { kind: 'classes' } });
});

test('its versions predict as well as they did when they were published', async () => {
  const storage = await copyOfFolder();
  const registry = createRegistry(storage, log);
  const { test: split } = await loadMnist();
  const { engine } = await selectEngine('wasm', engines);
  const versions = await registry.versions('digits');
  expect(versions.map(({ version, run_id }) => [version, run_id])).toEqual([
    [1, ids.crossEntropy],
    [2, ids.mse],
  ]);
  for (const { version, metrics } of versions) {
    const { description, parameters } = await registry.load('digits', version);
    expect(description.head).toMatchObject({
      probabilities: version === 1 ? 'softmax' : 'nearest_distribution',
    });
    const predictor = await engine.predictor(description, parameters);
    const outputs = await predictor.predict(Float32Array.from(split.inputs), split.count);
    predictor.dispose();
    const rows = Uint32Array.from({ length: split.count }, (_, row) => row);
    const accuracy = countCorrect({ rows, outputs }, split.targets) / split.count;
    expect(accuracy).toBeCloseTo((metrics as { test_accuracy: number }).test_accuracy, 3);
  }
  const { set } = await createAliases({ storage, registry }).list('digits');
  expect(set).toMatchObject([{ alias: 'stable', version: 1 }]);
});

test('all of it is sound', async () => {
  const found: Found[] = [];
  const { damaged, counts } = await checkStore(await copyOfFolder(), {
    repair: false,
    now: new Date(),
    onDamage: (damage) => found.push(damage),
    onProgress: () => undefined,
    lookAgainAfterMs: 0,
  });
  expect(found).toEqual([]);
  expect(damaged).toBe(0);
  expect(counts).toMatchObject({ jobs: 3, checkpoints: 4, models: 1, versions: 2, aliases: 1 });
});

describe('a request that comes again with an idempotency key of then', () => {
  const again = { idempotencyKey: 'fixture-key' };

  test('is answered with the job of then', async () => {
    const { producer } = await sceneOfFolder();
    const { job, replayed } = await producer.submit(pausedRequest, again);
    expect({ id: job.id, replayed }).toEqual({ id: ids.paused, replayed: true });
  });

  test('is known by the run where the document of the key is lost', async () => {
    const { producer, storage } = await sceneOfFolder();
    for (const name of await storage.list('idempotency')) {
      await storage.put(`idempotency/${name}`, Buffer.from('{'));
    }
    const { job, replayed } = await producer.submit(pausedRequest, again);
    expect({ id: job.id, replayed }).toEqual({ id: ids.paused, replayed: true });
    const other = { ...pausedRequest, epochs: 5 };
    await expect(producer.submit(other, again)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });
});

test('its paused run is resumed and ends with the bits that the service of then ended with', async () => {
  const storage = await copyOfFolder();
  const store = createRunStore(storage);
  const registry = createRegistry(storage, log);
  const end = await trainRun({
    runId: ids.paused,
    term: await store.claim(ids.paused),
    storage,
    store,
    registry,
    datasets: createDatasetStore(),
    engines,
    log,
    observe: () => undefined,
    signal: new AbortController().signal,
    threads: 2,
    memoryLimitBytes: 2 ** 30,
    now: () => new Date(),
    nowMs: () => performance.now(),
  });
  expect(end).toEqual({ kind: 'finished' });
  const result = await store.readResult(ids.paused);
  expect(result).toMatchObject({ format_version: 2, status: 'succeeded', error: null });
  expect(result?.summary).toMatchObject({ engine: { name: 'wasm' }, resumed_from_step: 5_700, version: 1 });

  const then = decodeModelFile(await readFile(join(fixtures, 'format-1-resumed.safetensors')));
  const last = await readCheckpoint(storage, store.checkpointsOf(ids.paused), 15_000);
  expect(last?.state.parameters).toEqual(then.parameters);
  // It had no validation split: as before, the test split says which epoch is the best.
  const [published] = await registry.versions('digits-paused');
  expect(published.step).toBe(15_000);
  expect(await registry.read(published)).toEqual(then);
});
