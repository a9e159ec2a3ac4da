/** The engine's predictor and the model server, without HTTP. */
import { performance } from 'node:perf_hooks';
import { createAliases } from '../../dist/model/registry/aliases.js';
import { predictionEngines, selectEngine } from '../../dist/model/engines/select.js';
import { createModelServer } from '../../dist/model/serving/model-server.js';
import { createRegistry } from '../../dist/model/registry/registry.js';
import { createFileStorage } from '../../dist/storage/file-storage.js';
import { median, quantile } from '../quantile.mjs';
import { digit } from './requests.mjs';

export async function inProcess(dataDir) {
  const log = { info: () => undefined, warn: console.warn };
  const storage = await createFileStorage(dataDir);
  const registry = createRegistry(storage, log);
  const { engine, device } = await selectEngine('auto', predictionEngines);
  const { description, parameters } = await registry.load('mnist-mlp', 1);
  const predictor = await engine.predictor(description, parameters);
  const widths = [description.network.inputs, ...description.network.hidden.map(({ units }) => units), 10];
  console.log(`\nIn process, ${engine.name} [${device}], ${widths.join('-')}:`);

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

  const aliases = createAliases({ storage, registry });
  const server = createModelServer({ registry, aliases, engine, log });
  await server.start();
  const served = await times(20_000, () =>
    server.use({}, (model) => model.predict({ inputs: digit, count: 1 })),
  );
  console.log(`  one sample, through the model server: ${inMicroseconds(served)}`);
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

function inMicroseconds(ms) {
  const [p50, p99] = [0.5, 0.99].map((part) => (quantile(ms, part) * 1000).toFixed(1));
  return `median ${p50} µs, p99 ${p99} µs`;
}
