/**
 * The lowest validation loss of a real training, as a function of its settings. Settings are taken to the nearest of a grid, so that
 * what was trained once is known; every search sees the same function.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { bytesOfFile, openReader } from '../../dist/data/formats/open-reader.js';
import { openTable } from '../../dist/data/tables/stored-table.js';
import { takeInTable } from '../../dist/data/tables/take-in-table.js';
import { resolveSpec } from '../../dist/jobs/intake/resolve-spec.js';
import { resolveTable } from '../../dist/jobs/intake/resolve-table.js';
import { logStart } from '../../dist/jobs/runs/run-log.js';
import { createRunStore } from '../../dist/jobs/runs/run-store.js';
import { trainRun } from '../../dist/jobs/training/train-run.js';
import { engines } from '../../dist/model/engines/select.js';
import { createRegistry } from '../../dist/model/registry/registry.js';
import { createFileStorage } from '../../dist/storage/file-storage.js';

const memoryLimitBytes = 2 ** 30;
const log = pino({ level: 'silent' });

const settingsSpace = {
  rate: { min: 1e-4, max: 1, scale: 'log' },
  units: { min: 8, max: 64, scale: 'log', integer: true },
  layers: { min: 1, max: 3, integer: true },
  optimizer: { values: ['adam', 'sgd'] },
};

/** Halves of a decade for the rate, and powers of two for the units. */
function onGrid({ rate, units, layers, optimizer }) {
  return {
    rate: 10 ** (Math.round(2 * Math.log10(rate)) / 2),
    units: 2 ** Math.round(Math.log2(units)),
    layers,
    optimizer,
  };
}

function jobOf({ rate, units, layers, optimizer }, { target, epochs, seed }) {
  return {
    target,
    seed,
    epochs,
    preset: 'plain',
    split: { validation: 0.2, test: 0.1 },
    network: { hidden: Array.from({ length: layers }, () => ({ units })) },
    optimizer: { type: optimizer, learning_rate: rate },
    batch_size: 32,
  };
}

/** `file`: a CSV; `target`: the column to learn. */
export async function tableObjective(file, target, { epochs = 8, seed = 1 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
  const storage = await createFileStorage(folder);
  const schema = await takeInTable(await openReader(await bytesOfFile(file)), {
    storage,
    prefix: 'table',
  });
  const content = await openTable(storage, 'table', schema);
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  const info = { kind: 'table', name: basename(file, '.csv'), version: 1, sha256, schema, target: [target] };
  const datasets = { info: async () => info, openTable: async () => content };
  const values = new Map();

  async function train(settings) {
    const job = jobOf(settings, { target, epochs, seed });
    const resolved = await resolveTable(job, info, content, seed);
    const work = { kind: 'table', info, ...resolved };
    const spec = resolveSpec(job, work, { trainingMemoryLimitBytes: memoryLimitBytes }, new Date(), {
      source: null,
    });
    const store = createRunStore(storage);
    const runId = await store.create(spec);
    await trainRun({
      runId,
      term: await store.claim(runId),
      storage,
      store,
      registry: createRegistry(storage, log),
      datasets,
      engines,
      log,
      observe: () => undefined,
      signal: { aborted: false },
      threads: 1,
      memoryLimitBytes,
      now: () => new Date(),
      nowMs: () => performance.now(),
    });
    const { events } = await store.readEvents(runId, logStart);
    const losses = events.flatMap((event) =>
      event.type === 'metrics' ? [event.metrics.validation_loss] : [],
    );
    // A training that diverged is as bad as the worst.
    return losses.length === epochs ? Math.min(...losses) : 10;
  }

  return {
    space: settingsSpace,
    trainings: () => values.size,
    async valueOf(parameters) {
      const settings = onGrid(parameters);
      const key = JSON.stringify(settings);
      if (!values.has(key)) values.set(key, await train(settings));
      return values.get(key);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
