/**
 * How fast predictions are, of one MNIST digit by a network that was just trained and of a row of a table by column name:
 * in process; over HTTP in each form, beside two routes that compute nothing and beside peers that serve the same weights;
 * while a job trains; while versions are swapped; and when more is asked than can be answered.
 *
 *   npm run bench:predict -- [--hidden 256] [--seconds 3] [--rounds 5] [--connections 1,32,256] [--job '{…}']
 *                            [--peer fastapi --python PATH] [--room 256]
 *                            [--parts in-process,named,http,costs,training,reloads,overload] [--against FOLDER]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRegistry } from '../dist/model/registry/registry.js';
import { createFileStorage } from '../dist/storage/file-storage.js';
import { costs } from './predict/costs.mjs';
import { inProcess } from './predict/in-process.mjs';
import { namedRows } from './predict/named-rows.mjs';
import { overHttp } from './predict/over-http.mjs';
import { overload } from './predict/overload.mjs';
import { refusals } from './predict/refusals.mjs';
import { reloadsUnderLoad } from './predict/reloads.mjs';
import { startApi, startFastApi } from './predict/services.mjs';
import { whileTraining } from './predict/while-training.mjs';
import { startService } from './service-process.mjs';

const { values: options } = parseArgs({
  options: {
    hidden: { type: 'string', default: '256' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '1,32,256' },
    job: { type: 'string', default: '{}' },
    peer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    room: { type: 'string', default: '256' },
    parts: { type: 'string', default: 'in-process,named,http,costs,training,reloads,overload' },
    against: { type: 'string' },
  },
});
const timing = {
  connectionCounts: options.connections.split(',').map(Number),
  rounds: Number(options.rounds),
  seconds: Number(options.seconds),
};
const parts = {
  'in-process': inProcess,
  // Its model would be the last one published, which the other parts ask.
  named: () => inNewFolder((folder) => namedRows(folder, timing)),
  http: besideOthers,
  costs: (dataDir) => costs(dataDir, { rounds: timing.rounds, against: options.against }),
  training: (dataDir) => whileTraining(dataDir, JSON.parse(options.job), timing),
  reloads: reloadsUnderLoad,
  refusals: () => refusals(timing),
  overload: (dataDir) => overload(dataDir, { ...timing, room: Number(options.room) }),
};

console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}; ` +
    `npm run bench:predict -- ${process.argv.slice(2).join(' ')}`,
);
await inNewFolder(async (dataDir) => {
  await trainModel(dataDir);
  for (const part of options.parts.split(',')) await parts[part](dataDir);
});

async function inNewFolder(act) {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
  try {
    await act(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function trainModel(dataDir) {
  const service = await startService(dataDir);
  const hidden = options.hidden.split(',').map((units) => ({ units: Number(units) }));
  const { id } = await service.train({ network: { hidden }, epochs: 1 });
  await service.ended(id);
  await service.stop();
}

async function besideOthers(dataDir) {
  const api = await startApi(dataDir);
  const peers = options.peer === 'fastapi' ? await startPeers(dataDir) : new Map();
  try {
    await overHttp(api, peers, timing);
  } finally {
    for (const service of [api, ...peers.values()]) service.stop();
  }
}

async function startPeers(dataDir) {
  const registry = createRegistry(await createFileStorage(dataDir), { warn: console.warn });
  const file = join(dataDir, (await registry.manifest('mnist-mlp', 1)).file.key);
  return new Map([
    ['FastAPI + PyTorch', await startFastApi(options.python, 'torch', file)],
    ['FastAPI + ONNX Runtime', await startFastApi(options.python, 'onnxruntime', file)],
  ]);
}
