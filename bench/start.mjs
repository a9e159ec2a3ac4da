/**
 * What a start takes: the time until the service listens, its CPU time and its resident memory, on a new folder and on one that
 * has a model, and for the API and a worker on Redis. Times are given as multiples of a bare start of Node.js in the same run.
 *
 *   npm run bench:start -- [--rounds 5] [--redis redis://127.0.0.1:6379] [--dist PATH]
 *
 * `--dist` takes another build, to compare with. Without `--redis` the last two rows are left out.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { builtHere, startService } from './service-process.mjs';

/** Schemas are compiled and models loaded soon after the service listens. */
const settledAfterMs = 5_000;
const job = { epochs: 1, network: { hidden: [{ units: 256 }] } };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    redis: { type: 'string' },
    dist: { type: 'string', default: builtHere },
  },
});
const rounds = Number(values.rounds);
const dist = resolve(values.dist);

console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}; medians of ${rounds} starts; a bare start of Node takes ${bareStartMs().toFixed(0)} ms`,
);
const withModel = await folderWithModel();
const onRedis = { QUEUE_URL: values.redis };
const rows = {
  'new folder': () => measure(),
  'folder with a model': () => measure({ folder: withModel }),
  ...(values.redis && {
    'API on Redis, with a model': () => measure({ folder: withModel, env: { ...onRedis, ROLE: 'api' } }),
    'worker on Redis': () => measure({ env: { ...onRedis, ROLE: 'worker' } }),
  }),
};
const table = Object.fromEntries(Object.keys(rows).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, measureOnce] of Object.entries(rows)) table[name].push(await measureOnce());
}
console.table(
  Object.fromEntries(
    Object.entries(table).map(([name, results]) => {
      const of = (field) => median(results.map((result) => result[field]));
      return [
        name,
        {
          'listens, s': of('seconds').toFixed(2),
          '/ bare': of('ratio').toFixed(1),
          'CPU, s': of('cpuSeconds').toFixed(2),
          'resident, MB': of('residentMb').toFixed(0),
        },
      ];
    }),
  ),
);
await rm(withModel, { recursive: true });

async function measure({ folder, env } = {}) {
  const dataDir = folder ?? (await mkdtemp(join(tmpdir(), 'trainyard-start-')));
  const bareMs = bareStartMs();
  const startedMs = performance.now();
  const service = await startService(dataDir, { dist, env });
  const seconds = (performance.now() - startedMs) / 1000;
  const cpuSeconds = service.cpuSeconds();
  await sleep(settledAfterMs);
  const residentMb = service.residentMb();
  await service.stop();
  if (folder === undefined) await rm(dataDir, { recursive: true });
  return { seconds, ratio: (seconds * 1000) / bareMs, cpuSeconds, residentMb };
}

async function folderWithModel() {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-start-'));
  const service = await startService(folder, { dist });
  const { id } = await service.train(job);
  await service.ended(id);
  await service.stop();
  return folder;
}

function bareStartMs() {
  const startedMs = performance.now();
  execFileSync(process.execPath, ['-e', '0']);
  return performance.now() - startedMs;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
