/**
 * How fast predictions are, of one MNIST digit (784 numbers) by a network that was just trained: in process, over HTTP
 * beside two routes that compute nothing, and over HTTP while a job trains. What is compared takes turns, so that what
 * else the machine does strikes all of it.
 *
 *   npm run bench:predict -- [--hidden 256] [--seconds 3] [--rounds 5] [--connections 1,10,50] [--job '{…}']
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exampleDigit } from '../dist/api/schemas/example-digit.js';
import { selectEngine } from '../dist/model/engines/select.js';
import { createModelServer } from '../dist/model/model-server.js';
import { createRegistry } from '../dist/model/registry.js';
import { createFileStorage } from '../dist/storage/file-storage.js';
import { load } from './http-load.mjs';
import { median, quantile } from './quantile.mjs';
import { startService } from './service-process.mjs';

const { values: options } = parseArgs({
  options: {
    hidden: { type: 'string', default: '256' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '1,10,50' },
    job: { type: 'string', default: '{}' },
  },
});
const hidden = options.hidden.split(',').map((units) => ({ units: Number(units) }));
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
const connectionCounts = options.connections.split(',').map(Number);
const body = JSON.stringify({ inputs: [exampleDigit] });

console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}; ` +
    `npm run bench:predict -- ${process.argv.slice(2).join(' ')}`,
);
const dataDir = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
try {
  await trainModel();
  await inProcess();
  await besideEchoes();
  await whileTraining();
} finally {
  await rm(dataDir, { recursive: true });
}

async function trainModel() {
  const service = await startService(dataDir);
  const { id } = await service.train({ network: { hidden }, epochs: 1 });
  await service.ended(id);
  await service.stop();
}

async function inProcess() {
  const log = { info: () => undefined, warn: console.warn };
  const registry = createRegistry(await createFileStorage(dataDir), log);
  const { engine, device } = await selectEngine('auto');
  const { description, parameters } = await registry.load('mnist-mlp', 1);
  const predictor = await engine.predictor(description, parameters);
  console.log(`\nIn process, ${engine.name} [${device}], 784-${options.hidden}-10:`);

  const digit = Float32Array.from(exampleDigit);
  const one = await times(20_000, () => predictor.predict(digit, 1));
  console.log(`  one sample: ${inMicroseconds(one)}`);
  const withoutZeros = digit.map((pixel) => pixel + 1);
  const dense = await times(20_000, () => predictor.predict(withoutZeros, 1));
  console.log(`  one sample without a 0 among its numbers: ${inMicroseconds(dense)}`);
  for (const count of [16, 64, 256, 1024]) {
    const digits = Float32Array.from({ length: count * digit.length }, (_, i) => digit[i % digit.length]);
    const batch = await times(Math.max(50, 20_000 / count), () => predictor.predict(digits, count));
    const each = (median(batch) * 1000) / count;
    console.log(`  ${count} samples: ${inMicroseconds(batch)}; ${each.toFixed(1)} µs a sample`);
  }
  predictor.dispose();

  const server = createModelServer({ registry, engine, log });
  await server.start();
  const inputs = [[...exampleDigit]];
  const served = await times(20_000, () => server.predict({ inputs }));
  console.log(`  one sample, checked, batched and named: ${inMicroseconds(served)}`);
  await server.stop();
}

/** (calls) in milliseconds, after a warm-up of as many. */
async function times(calls, call) {
  const all = [];
  for (let i = 0; i < 2 * calls; i++) {
    const start = performance.now();
    await call();
    all.push(performance.now() - start);
  }
  return all.slice(calls);
}

async function besideEchoes() {
  const script = fileURLToPath(new URL('echo-service.mjs', import.meta.url));
  const child = fork(script, [dataDir, body], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [url] = await once(child, 'message');
  const routes = ['/predict', '/echo', '/echo-small'];
  for (const route of routes) await load(url + route, body, { connections: 10, seconds: 2 });

  for (const connections of connectionCounts) {
    const results = await inTurn(routes, (route) => load(url + route, body, { connections, seconds }));
    const [predict, echo, small] = routes.map((route) => results.get(route));
    const perSecond = (all) => `${Math.round(median(all.map((one) => one.perSecond)))}/s`;
    const ratio = (other) => median(predict.map((one, round) => one.perSecond / other[round].perSecond));
    console.log(
      `\nOver HTTP, ${counted(connections, 'connection')}, medians of ${counted(rounds, 'round')}:`,
    );
    console.log(`  /predict ${perSecond(predict)}, ${inPercentiles(predict)}`);
    console.log(`  echo ${perSecond(echo)}; /predict reaches ${ratio(echo).toFixed(2)} of it`);
    console.log(
      `  echo, answer of the same size ${perSecond(small)}; /predict reaches ${ratio(small).toFixed(2)} of it`,
    );
  }
  child.send('rss');
  const [rss] = await once(child, 'message');
  console.log(`\nAPI with one model, after all that: ${Math.round(rss / 2 ** 20)} MB resident`);
  child.disconnect();
}

/** One job trains all the while, and is halted where it is to be still. */
async function whileTraining() {
  const service = await startService(dataDir);
  const { pid } = await service.train({ epochs: 10_000, ...JSON.parse(options.job) });
  const route = `${service.url}/predict`;
  try {
    await load(route, body, { connections: 1, seconds: 2 });
    const signals = { idle: 'SIGSTOP', training: 'SIGCONT' };
    for (const connections of connectionCounts) {
      const results = await inTurn(Object.keys(signals), (state) => {
        process.kill(pid, signals[state]);
        return load(route, body, { connections, seconds });
      });
      const [idle, training] = [results.get('idle'), results.get('training')];
      const ratio = (key) => median(training.map((one, round) => one[key] / idle[round][key])).toFixed(2);
      console.log(
        `\nThe whole service, ${counted(connections, 'connection')}, medians of ${counted(rounds, 'round')}:`,
      );
      console.log(`  idle ${inPercentiles(idle)}`);
      console.log(
        `  while a job trains ${inPercentiles(training)}; p50 ${ratio('p50')} ×, p99 ${ratio('p99')} × idle`,
      );
    }
  } finally {
    // A halted process would hear of nothing.
    process.kill(pid, 'SIGCONT');
    await service.stop();
  }
}

/** By contender what `run` gave in each round. */
async function inTurn(contenders, run) {
  const results = new Map(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) results.get(contender).push(await run(contender));
  }
  return results;
}

function inMicroseconds(ms) {
  const [p50, p99] = [0.5, 0.99].map((part) => (quantile(ms, part) * 1000).toFixed(1));
  return `median ${p50} µs, p99 ${p99} µs`;
}

function inPercentiles(results) {
  const [p50, p99] = ['p50', 'p99'].map((key) => median(results.map((one) => one[key])).toFixed(2));
  return `p50 ${p50} ms, p99 ${p99} ms`;
}

function counted(count, thing) {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
