/**
 * Reloads a model of about a megabyte a thousand times on the default engine, answering from each version, and prints
 * what the process holds after the first hundred and in the end, in bytes. A process of its own: its memory is no other
 * test's, and it can ask for the garbage to be collected (node --expose-gc).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { predictionEngines, selectEngine } from '../../../dist/model/engines/select.js';
import { classHead } from '../../../dist/model/heads/head.js';
import { initialState } from '../../../dist/model/network/initialization.js';
import { encodeModelFile } from '../../../dist/model/files/model-file.js';
import { createAliases } from '../../../dist/model/registry/aliases.js';
import { createModelServer } from '../../../dist/model/serving/model-server.js';
import { createRegistry } from '../../../dist/model/registry/registry.js';
import { createFileStorage } from '../../../dist/storage/file-storage.js';

const log = { info: () => undefined, warn: (...line) => console.error(...line) };
const network = { inputs: 784, hidden: [{ units: 256, activation: 'relu', dropout: 0 }], outputs: 10 };
const scaling = { divide_by: 255, mean: 0, std: 1 };
const labels = Array.from({ length: network.outputs }, (_, digit) => String(digit));
const description = { format_version: 2, network, head: classHead('cross_entropy', labels), scaling };
const optimizer = { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 };
const inputs = new Float32Array(network.inputs).fill(1);

const folder = await mkdtemp(join(tmpdir(), 'trainyard-reloads-'));
try {
  console.log(JSON.stringify(await reloadMany(await createFileStorage(folder))));
} finally {
  await rm(folder, { recursive: true });
}

async function reloadMany(storage) {
  const registry = createRegistry(storage, log);
  const file = encodeModelFile(description, initialState(network, optimizer, 0).parameters);
  await registry.publish({ model: 'digits', runId: 'job_1', step: 1, file, metrics: null, now: new Date(0) });

  let newest = 0;
  /** The one version of the real registry under an ever newer number, as it reads a thousand of them in no short time. */
  const growing = {
    ...registry,
    publishedModel: () =>
      Promise.resolve({ versions: [newest], unloaded: false, hasAliases: false, held: new Map() }),
    manifest: async (name, version) => ({ ...(await registry.manifest(name, 1)), version }),
  };
  const { engine } = await selectEngine('auto', predictionEngines);
  const aliases = createAliases({ storage, registry });
  const server = createModelServer({ registry: growing, aliases, engine, log });
  const reload = async (times) => {
    for (let count = 0; count < times; count++) {
      newest++;
      await server.refresh();
      const version = await server.use({}, async ({ manifest, predict }) => {
        await predict({ inputs, count: 1 });
        return manifest.version;
      });
      if (version !== newest) throw new Error(`Version ${version} answered, not ${newest}`);
    }
    return heldBytes();
  };
  const early = await reload(100);
  const late = await reload(900);
  await server.stop();
  return { early, late };
}

async function heldBytes() {
  // Twice, as what a finaliser lets go of is garbage of the next collection.
  for (let round = 0; round < 2; round++) {
    globalThis.gc();
    await nextTurn();
  }
  const { rss, external } = process.memoryUsage();
  return { rss, external };
}
