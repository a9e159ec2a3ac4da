/**
 * Training on a GPU: an epoch of MNIST for four networks by the engine `webgpu` and by PyTorch on the same GPU, what a dispatch
 * takes, and how long the reference job takes from its request to its end. Prints results as they come, and Markdown at the end.
 *
 *   npm run bench:gpu -- [--python PATH] [--json FILE] [--cases reference,batch-512,deep,wide] [--epochs 10]
 *                        [--kinds graphs,eager,compile] [--budget 200] [--samples N] [--jobs 3]
 *
 * Needs the package `webgpu` (npm install --no-save webgpu). Without `--python` it leaves PyTorch out. After `--budget` seconds it
 * begins nothing more and ends what PyTorch does. `--samples` takes fewer samples, for a trial without a GPU.
 */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDatasetStore } from '../dist/data/store.js';
import { engineContender } from './contenders.mjs';
import { measureDispatches } from './gpu/dispatches.mjs';
import { startPytorch } from './gpu/pytorch.mjs';
import { median } from './quantile.mjs';
import { startService } from './service-process.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    json: { type: 'string' },
    cases: { type: 'string', default: 'reference,batch-512,deep,wide' },
    epochs: { type: 'string', default: '10' },
    kinds: { type: 'string', default: 'graphs,eager,compile' },
    budget: { type: 'string', default: '200' },
    samples: { type: 'string' },
    jobs: { type: 'string', default: '3' },
  },
});
const cases = {
  reference: { hidden: [256], batchSize: 64 },
  'batch-512': { hidden: [256], batchSize: 512 },
  deep: { hidden: [512, 512, 512], batchSize: 64 },
  wide: { hidden: [2048], batchSize: 64 },
};
const names = options.cases.split(',');
const kinds = options.python === undefined ? [] : options.kinds.split(',');
const epochs = Number(options.epochs);
/** A GPU that was idle is slow at first. */
const warmUpMs = 1_500;
const begunMs = performance.now();
const deadlineMs = begunMs + 1_000 * Number(options.budget);

const results = {
  machine: `${cpus()[0].model}, ${cpus().length} processors, Node ${process.version}`,
  epochs: [],
};
record({});

const data = fewer(await createDatasetStore().load('mnist'), options.samples);
// It imports PyTorch meanwhile.
const pytorch = kinds.length > 0 ? startPytorch(options.python, data) : null;
record({ dispatches: await attempt('dispatches', measureDispatches) });
for (const name of names) await attempt(name, () => timeEngine(name));
if (Number(options.jobs) > 0) record({ job: await attempt('the reference job', timeJobs) });
if (pytorch !== null) await timePytorch(pytorch);
report();
process.exit(0);

async function timeEngine(name) {
  const { hidden, batchSize } = cases[name];
  const openedMs = performance.now();
  const contender = await engineContender('webgpu', data, hidden, batchSize, 1);
  const openMs = performance.now() - openedMs;
  const firstMs = 1_000 * (await contender.epoch());
  const warmUntilMs = Math.min(performance.now() + warmUpMs, deadlineMs);
  let warmUps = 1;
  for (; warmUps < 2 || performance.now() < warmUntilMs; warmUps++) {
    if (performance.now() > deadlineMs) break;
    await contender.epoch();
  }
  const ms = [];
  for (let epoch = 0; epoch < epochs && (epoch === 0 || performance.now() < deadlineMs); epoch++) {
    ms.push(1_000 * (await contender.epoch()));
  }
  const accuracy = await contender.accuracy();
  await contender.close();
  results.device = contender.name;
  recordEpochs({ case: name, kind: 'webgpu', ms, openMs, firstMs, accuracy, epochs: warmUps + ms.length });
}

/** Kind by kind, so that what takes long comes last. */
async function timePytorch(peer) {
  results.pytorch = await peer.ready(deadlineMs).catch((error) => `failed: ${error.message}`);
  record({});
  for (const kind of kinds) {
    for (const name of names) {
      const answer = await peer
        .time({ kind, ...cases[name], epochs }, deadlineMs)
        .catch((error) => ({ error: error.message }));
      recordEpochs({ case: name, kind, ...answer });
    }
  }
  peer.end();
}

/** From the request to the end of a job, one after the other on one service. */
async function timeJobs() {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-gpu-'));
  const service = await startService(folder, { env: settingsOfGpu() });
  const seconds = [];
  try {
    for (let job = 0; job < Number(options.jobs) && performance.now() < deadlineMs; job++) {
      const startedMs = performance.now();
      const answer = await fetch(`${service.url}/v1/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ engine: 'webgpu' }),
      });
      const { id } = await answer.json();
      for (;;) {
        const shown = await (await fetch(`${service.url}/v1/jobs/${id}`)).json();
        if (shown.status === 'succeeded') break;
        if (shown.error) throw new Error(`The job ended as ${shown.status}: ${shown.error.message}`);
        if (performance.now() > deadlineMs) throw new Error(`The job is still ${shown.status}`);
        await sleep(10);
      }
      seconds.push((performance.now() - startedMs) / 1_000);
      console.log(`reference job: ${seconds.at(-1).toFixed(2)} s from the request to succeeded`);
    }
  } finally {
    await service.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return { seconds };
}

/** What the package, Vulkan and a driver look at. */
function settingsOfGpu() {
  const isOfGpu = ([name]) => /^(NODE_PATH|LD_LIBRARY_PATH|VK_|NVIDIA_|CUDA_|XDG_)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(isOfGpu));
}

async function attempt(what, work) {
  if (performance.now() > deadlineMs) return { error: 'no time was left' };
  try {
    return await work();
  } catch (error) {
    console.log(`${what} failed: ${error.stack ?? error}`);
    if (cases[what] !== undefined) recordEpochs({ case: what, kind: 'webgpu', error: String(error) });
    return { error: String(error) };
  }
}

function recordEpochs(entry) {
  results.epochs.push(entry);
  record({});
  const { case: name, kind, ms, error, ...others } = entry;
  const figures = ms === undefined ? `failed: ${error}` : `${median(ms).toFixed(2)} ms an epoch`;
  console.log(`${name}, ${kind}: ${figures} ${JSON.stringify(others)}`);
}

function record(more) {
  Object.assign(results, more);
  results.seconds = (performance.now() - begunMs) / 1_000;
  if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(results, null, 2));
}

function report() {
  console.log(`\n${results.machine}; ${results.device}; ${results.pytorch ?? 'without PyTorch'}\n`);
  const all = ['webgpu', ...kinds];
  console.log(`| ms an epoch, median | ${all.join(' | ')} | × graphs |`);
  console.log(`| --- | ${all.map(() => '---:').join(' | ')} | ---: |`);
  for (const name of names) {
    const of = (kind) => results.epochs.find((entry) => entry.case === name && entry.kind === kind)?.ms;
    const cells = all.map((kind) => (of(kind) === undefined ? '–' : median(of(kind)).toFixed(2)));
    const [own, graphs] = [of('webgpu'), of('graphs')];
    const ratio = own && graphs ? (median(own) / median(graphs)).toFixed(2) : '–';
    console.log(`| ${name} | ${cells.join(' | ')} | ${ratio} |`);
  }
  console.log(`\nDispatches: ${JSON.stringify(results.dispatches)}`);
  console.log(`Reference job, seconds: ${JSON.stringify(results.job)}`);
}

function fewer(dataset, samples) {
  if (samples === undefined) return dataset;
  const first = ({ width, inputs, targets, ...others }) => {
    const count = Math.min(others.count, Number(samples));
    return {
      ...others,
      width,
      count,
      inputs: inputs.slice(0, count * width),
      targets: targets.slice(0, count),
    };
  };
  return { ...dataset, train: first(dataset.train), test: first(dataset.test) };
}
