/**
 * Many models, many versions and large ones: when the service listens, what it costs when nobody asks, what lists take, and
 * whether it answers while a model is loaded. What is published are networks whose weights were never trained.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { quantile } from '../quantile.mjs';
import { startService } from '../service-process.mjs';
import { get, watchHealth } from '../watch-health.mjs';

export const options = {
  models: { type: 'string', default: '3000' },
  versions: { type: 'string', default: '2000' },
};

const small = [8];
/** 50 MB and 600 MB of float32. */
const medium = [16_000];
const large = [12_000, 11_700];

export async function measure({ models, versions, dist }, dataDir) {
  await inFolder(join(dataDir, 'many'), (folder) => manyModels(folder, dist, Number(models)));
  await inFolder(join(dataDir, 'versions'), (folder) => manyVersions(folder, dist, Number(versions)));
  await inFolder(join(dataDir, 'medium'), (folder) => mediumModels(folder, dist, 40));
  await inFolder(join(dataDir, 'large'), (folder) => largeModel(folder, dist));
}

async function inFolder(folder, use) {
  await mkdir(folder);
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function manyModels(folder, dist, count) {
  const publish = await publisher(folder, dist);
  const file = await modelFile(dist, small);
  for (let i = 0; i < count; i++) await publish(`model-${i}`, i, file);
  const startMs = performance.now();
  const service = await startService(folder, { dist });
  const listensMs = performance.now() - startMs;
  try {
    await untilReady(service.url);
    const readyMs = performance.now() - startMs;
    await untilLoaded(service.url);
    const before = service.cpuSeconds();
    await sleep(20_000);
    const cpu = (service.cpuSeconds() - before) / 20;
    await publish('model-7', count, file);
    const publishedMs = performance.now();
    while ((await answeredBy(service.url)) !== 'model-7@2') await sleep(20);
    table(`${count} models`, {
      'listens after': seconds(listensMs),
      'ready after': seconds(readyMs),
      'idle CPU': `${(100 * cpu).toFixed(1)} %`,
      resident: `${service.residentMb().toFixed(0)} MB`,
      'a new latest answers after': seconds(performance.now() - publishedMs),
      'GET /v1/models?limit=100': await times(`${service.url}/v1/models?limit=100`),
      'GET /v1/models, page in the middle': await times(`${service.url}/v1/models?after=model-2`),
    });
  } finally {
    await service.stop();
  }
}

async function manyVersions(folder, dist, count) {
  const publish = await publisher(folder, dist);
  const file = await modelFile(dist, small);
  const publishMs = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    await publish('many', i, file);
    publishMs.push(performance.now() - startMs);
  }
  const service = await startService(folder, { dist });
  const model = `${service.url}/v1/models/many`;
  try {
    await untilReady(service.url);
    table(`One model of ${count} versions`, {
      'the last publications': `${quantile(publishMs.slice(-20), 0.5).toFixed(1)} ms`,
      'GET /v1/models/{name}': await times(model),
      'its size': `${((await get(model)).length / 1000).toFixed(0)} kB`,
      '…/versions?limit=1': await times(`${model}/versions?limit=1`),
      '…/versions?limit=100': await times(`${model}/versions?limit=100`),
      '…/versions, the last page': await times(`${model}/versions?after=20`),
    });
  } finally {
    await service.stop();
  }
}

async function mediumModels(folder, dist, count) {
  const publish = await publisher(folder, dist);
  const file = await modelFile(dist, medium);
  for (let i = 0; i < count; i++) await publish(`model-${i}`, i, file);
  const startMs = performance.now();
  const service = await startService(folder, { dist });
  const listensMs = performance.now() - startMs;
  const health = watchHealth(service.url);
  try {
    await untilReady(service.url);
    const readyMs = performance.now() - startMs;
    await untilLoaded(service.url);
    table(`${count} models of ${megabytes(file)}`, {
      'listens after': seconds(listensMs),
      'ready after': seconds(readyMs),
      'loaded after': seconds(performance.now() - startMs),
      'slowest /health/live meanwhile': `${(await health.slowestMs()).toFixed(0)} ms`,
      resident: `${service.residentMb().toFixed(0)} MB`,
    });
  } finally {
    await service.stop();
  }
}

/** Published while the service runs, as a training process would, with small predictions going on. */
async function largeModel(folder, dist) {
  const publish = await publisher(folder, dist);
  await publish('small', 0, await modelFile(dist, small));
  const service = await startService(folder, { dist });
  try {
    await untilReady(service.url);
    const file = await modelFile(dist, large);
    const health = watchHealth(service.url);
    let peakMb = 0;
    const watching = setInterval(() => (peakMb = Math.max(peakMb, service.residentMb())), 50);
    await publish('large', 1, file);
    const startMs = performance.now();
    while ((await answeredBy(service.url)) !== 'large@1') await sleep(50);
    const answersMs = performance.now() - startMs;
    clearInterval(watching);
    table(`A model of ${megabytes(file)}`, {
      'answers after': seconds(answersMs),
      'slowest /health/live meanwhile': `${(await health.slowestMs()).toFixed(0)} ms`,
      'resident, at most': `${peakMb.toFixed(0)} MB`,
      'resident, then': `${service.residentMb().toFixed(0)} MB`,
    });
  } finally {
    await service.stop();
  }
}

function table(title, rows) {
  console.log(title);
  console.table(rows);
}

/** The module of that build. */
function built(dist, path) {
  return import(pathToFileURL(join(dist, path)));
}

async function publisher(folder, dist) {
  const { createFileStorage } = await built(dist, 'storage/file-storage.js');
  const { createRegistry } = await built(dist, 'model/registry/registry.js');
  const registry = createRegistry(await createFileStorage(folder), { warn: console.warn });
  const metrics = { test_accuracy: 0.9 };
  const startMs = Date.now();
  return (model, i, file) =>
    registry.publish({ model, runId: `job_${i}`, step: 1, file, metrics, now: new Date(startMs + i) });
}

async function modelFile(dist, units) {
  const { initialState } = await built(dist, 'model/network/initialization.js');
  const { encodeModelFile } = await built(dist, 'model/files/model-file.js');
  const { classHead } = await built(dist, 'model/heads/head.js');
  const hidden = units.map((each) => ({ units: each, activation: 'relu', dropout: 0 }));
  const network = { inputs: 784, hidden, outputs: 10 };
  const sgd = { type: 'sgd', learning_rate: 0.01, momentum: 0, nesterov: false, weight_decay: 0 };
  const head = classHead('cross_entropy', [...'0123456789']);
  const scaling = { divide_by: 255, mean: 0, std: 1 };
  const description = { format_version: 2, network, head, scaling };
  return encodeModelFile(description, initialState(network, sgd, 0).parameters);
}

async function untilReady(url) {
  while (!(await fetch(`${url}/health/ready`)).ok) await sleep(50);
}

/** A build without states listens when all models are loaded. */
async function untilLoaded(url) {
  for (;;) {
    const { models } = JSON.parse(await get(`${url}/health/ready`));
    if (models.every(({ state = 'ready' }) => state === 'ready')) return;
    await sleep(200);
  }
}

async function answeredBy(url) {
  const answer = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: [new Array(784).fill(0)] }),
  });
  const { model, version } = await answer.json();
  return `${model}@${version}`;
}

async function times(url) {
  const found = [];
  for (let round = 0; round < 30; round++) {
    const startMs = performance.now();
    await get(url);
    found.push(performance.now() - startMs);
    await sleep(20);
  }
  return `${quantile(found, 0.5).toFixed(1)} ms, 99 %: ${quantile(found, 0.99).toFixed(1)} ms`;
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function megabytes(file) {
  return `${(file.length / 1e6).toFixed(0)} MB`;
}
