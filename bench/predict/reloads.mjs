/** A hundred reloads under load: no request may fail, and each answer must be of the version that it names. */
import { isDeepStrictEqual } from 'node:util';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeModelFile } from '../../dist/model/files/model-file.js';
import { classHead } from '../../dist/model/heads/head.js';
import { initialState } from '../../dist/model/network/initialization.js';
import { createRegistry } from '../../dist/model/registry/registry.js';
import { createFileStorage } from '../../dist/storage/file-storage.js';
import { quantile } from '../quantile.mjs';
import { requests } from './requests.mjs';
import { startApi } from './services.mjs';

const versions = 10;
const clients = 32;
const reloads = 100;

export async function reloadsUnderLoad(dataDir) {
  await publishVersions(dataDir);
  const api = await startApi(dataDir);
  try {
    const expected = new Map();
    for (let version = 1; version <= versions; version++)
      expected.set(version, await ask(api.url, { version }));
    let done = false;
    const seen = { answers: 0, failed: 0, mixed: 0, versions: new Set(), times: [] };
    const asking = Array.from({ length: clients }, async () => {
      while (!done) {
        const start = performance.now();
        const answer = await ask(api.url).catch(() => null);
        seen.times.push(performance.now() - start);
        seen.answers++;
        if (answer?.predictions === undefined) seen.failed++;
        else if (!isDeepStrictEqual(answer, expected.get(answer.version))) seen.mixed++;
        else seen.versions.add(answer.version);
      }
    });
    for (let reload = 0; reload < reloads; reload++) {
      await setLatest(api.url, 1 + (reload % versions));
      await sleep(20);
    }
    done = true;
    await Promise.all(asking);
    console.log(`\n${reloads} reloads under load, ${clients} clients:`);
    console.log(
      `  ${seen.answers} answers of ${seen.versions.size} versions, failed: ${seen.failed}, mixed: ${seen.mixed}, ` +
        `p99 ${quantile(seen.times, 0.99).toFixed(2)} ms`,
    );
    if (seen.failed + seen.mixed > 0)
      throw new Error('A request failed, or was answered by more than one version');
  } finally {
    api.stop();
  }
}

/** Untrained, each of another seed. */
async function publishVersions(dataDir) {
  const registry = createRegistry(await createFileStorage(dataDir), { warn: console.warn });
  const network = { inputs: 784, hidden: [{ units: 256, activation: 'relu', dropout: 0 }], outputs: 10 };
  const description = {
    format_version: 2,
    network,
    head: classHead('cross_entropy', [...'0123456789']),
    scaling: { divide_by: 255, mean: 0.1307, std: 0.3081 },
  };
  const optimizer = { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 };
  for (let seed = 1; seed <= versions; seed++) {
    const file = encodeModelFile(description, initialState(network, optimizer, seed).parameters);
    await registry.publish({
      model: 'reloaded',
      runId: `job_${seed}`,
      step: 1,
      file,
      metrics: null,
      now: new Date(),
    });
  }
}

async function ask(url, choice = {}) {
  const { inputs } = JSON.parse(requests.JSON.payload);
  return send('POST', `${url}/predict`, { inputs, model: 'reloaded', ...choice });
}

function setLatest(url, version) {
  return send('PUT', `${url}/v1/models/reloaded/aliases/latest`, { version });
}

async function send(method, url, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}
