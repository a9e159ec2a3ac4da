/**
 * What a checkpoint costs: the trainer's snapshot, its files written and flushed, the older ones removed. Beside it the
 * share of the time that it takes by the default policy, which waits ten seconds, or longer for long checkpoints.
 *
 *   npm run bench:checkpoint -- [--cases small,reference,wide,huge] [--times 15] [--folder PATH]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { splitSamples } from '../dist/data/splits.js';
import { createDatasetStore } from '../dist/data/store.js';
import { optimizerDefaults } from '../dist/jobs/intake/resolve-optimizer.js';
import { createCheckpointClock } from '../dist/jobs/training/pace.js';
import { pruneCheckpoints, writeCheckpoint } from '../dist/model/files/checkpoint.js';
import { engines, selectEngine } from '../dist/model/engines/select.js';
import { classHead } from '../dist/model/heads/head.js';
import { initialState } from '../dist/model/network/initialization.js';
import { createFileStorage } from '../dist/storage/file-storage.js';
import { median, quantile } from './quantile.mjs';

const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: 'small,reference,wide,huge' },
    times: { type: 'string', default: '15' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const networks = { small: [32], reference: [256], wide: [2048], huge: [4096, 4096] };

console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}; ` +
    `npm run bench:checkpoint -- ${process.argv.slice(2).join(' ')}`,
);
const folder = await mkdtemp(join(options.folder, 'trainyard-bench-'));
try {
  const rows = {};
  for (const name of options.cases.split(',')) rows[name] = await measure(networks[name]);
  console.table(rows);
} finally {
  await rm(folder, { recursive: true });
}

async function measure(hiddenUnits) {
  const { info, train, test } = await createDatasetStore().load('mnist');
  const { scaling, targets } = info;
  const hidden = hiddenUnits.map((units) => ({ units, activation: 'relu', dropout: 0 }));
  const network = { inputs: info.inputs, hidden, outputs: targets.labels.length };
  const optimizer = optimizerDefaults.adam;
  const { engine } = await selectEngine('auto', engines);
  const trainer = await engine.trainer(
    { network, loss: 'cross_entropy', optimizer, batchSize: 64, seed: 0, scaling },
    { ...splitSamples(train, { seed: 0, fraction: 0 }), test },
    initialState(network, optimizer, 0),
    { threads: availableParallelism(), memoryLimitBytes: 2 ** 32 },
  );
  const storage = await createFileStorage(folder);
  const head = classHead('cross_entropy', targets.labels);
  const description = { format_version: 2, network, head, scaling };
  const position = { samples: 0, weight_sum: 0, loss_sum: 0, metric_sum: 0 };
  const times = [];
  let sizeBytes = 0;
  for (let i = 0; i < Number(options.times); i++) {
    await trainer.run(1);
    const startMs = performance.now();
    const state = await trainer.snapshot();
    await writeCheckpoint(storage, 'c', {
      description,
      state,
      position,
      metrics: [],
      term: 1,
      now: new Date(),
    });
    await pruneCheckpoints(storage, 'c', { keep: 2, term: 1 });
    times.push(performance.now() - startMs);
    sizeBytes = [...state.parameters.values(), ...state.optimizer.values()].reduce(
      (sum, { data }) => sum + data.byteLength,
      0,
    );
  }
  await trainer.dispose();
  await storage.remove('c');
  const typicalMs = median(times);
  return {
    MB: round(sizeBytes / 1e6),
    'median ms': round(typicalMs),
    'p90 ms': round(quantile(times, 0.9)),
    'share of the time, %': round((100 * typicalMs) / (typicalMs + waitMs(typicalMs))),
  };
}

/** How long the default policy waits after a checkpoint that took that long. */
function waitMs(tookMs) {
  let nowMs = 0;
  const clock = createCheckpointClock(
    { every_steps: null, every_seconds: null, keep: 2 },
    { step: 0 },
    () => nowMs,
  );
  clock.wrote(1, tookMs);
  while (!clock.isDue(2)) nowMs += 10;
  return nowMs;
}

function round(value) {
  return Math.round(value * 100) / 100;
}
