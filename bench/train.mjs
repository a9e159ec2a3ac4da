/**
 * How long an epoch of MNIST takes in each engine, and in PyTorch if asked, for several networks. The contenders take
 * turns, one epoch each, so that what else the machine does strikes all of them; the first round is a warm-up and does not
 * count. Prints Markdown.
 *
 *   npm run bench:train -- [--cases reference,batch-512,deep,wide,dense,tables] [--epochs 5] [--threads N]
 *                          [--engines native,wasm,tensorflow,reference] [--peer pytorch --python PATH]
 *
 * With --costs it prints instead what schedules, weights, smoothing, clipping and averages cost: ratios to plain steps of the
 * first of the cases in the first of the engines, in --rounds turns.
 * With --seeds N it trains the reference network for five epochs with N seeds and prints the accuracies instead.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createDatasetStore } from '../dist/data/store.js';
import { fillUniform } from '../dist/lib/philox.js';
import { engineContender, pytorchContender } from './contenders.mjs';
import { reportCosts } from './train-costs.mjs';

const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: 'reference,batch-512,deep,wide,dense,tables' },
    epochs: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    engines: { type: 'string', default: 'native,wasm,reference' },
    peer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    seeds: { type: 'string' },
    costs: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '200' },
  },
});
if (options.peer !== undefined && options.peer !== 'pytorch') throw new Error('The only peer is pytorch.');
const epochs = Number(options.epochs);
const threads = Number(options.threads);
const engines = options.engines.split(',');

/**
 * `dense` is the reference network on samples that have no background: pixels of 0 are noise instead. `tables` has random
 * float32 inputs, as tables become.
 */
const cases = {
  reference: { hidden: [256], batchSize: 64 },
  'batch-512': { hidden: [256], batchSize: 512 },
  deep: { hidden: [512, 512, 512], batchSize: 64 },
  wide: { hidden: [2048], batchSize: 64 },
  dense: { hidden: [256], batchSize: 64, noise: true },
  tables: { hidden: [256, 256, 256], batchSize: 256, table: { rows: 20_000, columns: 100 } },
};

const mnist = await createDatasetStore().load('mnist');
console.log(`${cpus()[0].model}, ${cpus().length} processors, Node ${process.version}, ${today()}\n`);
for (const count of new Set([1, threads])) reportPeak(count);
if (options.costs) {
  const [name] = options.cases.split(',');
  const rounds = Number(options.rounds);
  for (const count of new Set([1, threads]))
    await reportCosts(engines[0], mnist, cases[name], { threads: count, rounds });
} else if (options.seeds === undefined) {
  for (const name of options.cases.split(',')) await time(name, cases[name]);
} else {
  await compareAccuracies(Number(options.seeds));
}

/** What the processor's vectors reach at most, where they are x86's and a compiler is at hand: other GFLOP/s compare with it. */
function reportPeak(count) {
  const folder = mkdtempSync(join(tmpdir(), 'peak-'));
  try {
    const program = join(folder, 'peak');
    const source = fileURLToPath(new URL('peak.cc', import.meta.url));
    execFileSync(process.env.CXX ?? 'c++', ['-O3', '-std=c++20', '-pthread', '-o', program, source], {
      stdio: 'ignore',
    });
    console.log(execFileSync(program, [String(count)], { encoding: 'utf8' }));
  } catch {
    console.log('The peak of the processor was not measured.\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function time(name, { hidden, batchSize, noise = false, table }) {
  const data = table ? randomTable(table) : noise ? withoutBackground(mnist) : mnist;
  const counts = [...new Set([1, threads])];
  const contenders = [];
  for (const name of ['native', 'wasm']) {
    if (!engines.includes(name)) continue;
    for (const count of counts) contenders.push(await engineContender(name, data, hidden, batchSize, count));
  }
  // Each by itself on as many threads as it likes.
  for (const name of ['tensorflow', 'reference']) {
    if (engines.includes(name))
      contenders.push(await engineContender(name, data, hidden, batchSize, threads));
  }
  if (options.peer) {
    for (const count of counts) {
      contenders.push(await pytorchContender(options.python, data, hidden, batchSize, count));
    }
  }
  const seconds = contenders.map(() => []);
  for (let round = 0; round <= epochs; round++) {
    for (const [i, contender] of contenders.entries()) {
      const taken = await contender.epoch();
      if (round > 0) seconds[i].push(taken);
    }
  }
  report(name, data, hidden, batchSize, contenders, seconds);
  for (const contender of contenders) await contender.close();
}

function report(name, data, hidden, batchSize, contenders, seconds) {
  const widths = [data.train.width, ...hidden, data.info.targets.labels.length];
  const products = widths.slice(1).map((outputs, l) => outputs * widths[l]);
  // Forward, weights' gradient and, but for the first layer, inputs' gradient: a multiplication and an addition each.
  const flopOfSample = products.reduce((sum, product, l) => sum + 2 * product * (l === 0 ? 2 : 3), 0);
  const { count } = data.train;
  const medianOf = (contender) => median(seconds[contenders.indexOf(contender)]);
  const ratio = (contender) => {
    const peer = contenders.find((other) => other.isPeer && other.threads === contender.threads);
    return contender.isPeer || peer === undefined ? '' : (medianOf(contender) / medianOf(peer)).toFixed(2);
  };
  console.log(`## ${name}: ${widths.join('-')}, batch ${batchSize}, Adam\n`);
  console.log('| | epoch, median of ' + epochs + ' | least | samples/s | GFLOP/s | × PyTorch’s epoch |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const [i, contender] of contenders.entries()) {
    const middle = medianOf(contender);
    const cells = [
      contender.name,
      `${middle.toFixed(3)} s`,
      `${Math.min(...seconds[i]).toFixed(3)} s`,
      Math.round(count / middle).toLocaleString('en'),
      ((count * flopOfSample) / middle / 1e9).toFixed(1),
      ratio(contender),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log();
}

async function compareAccuracies(count) {
  const rows = { wasm: [], ...(options.peer && { PyTorch: [] }) };
  for (let seed = 0; seed < count; seed++) {
    const { hidden, batchSize } = cases.reference;
    const contenders = { wasm: await engineContender('wasm', mnist, hidden, batchSize, threads, seed) };
    if (options.peer) {
      contenders.PyTorch = await pytorchContender(options.python, mnist, hidden, batchSize, threads, seed);
    }
    for (const [name, contender] of Object.entries(contenders)) {
      for (let epoch = 0; epoch < 5; epoch++) await contender.epoch();
      rows[name].push(await contender.accuracy());
      await contender.close();
    }
  }
  console.log('Test accuracy of the reference network after 5 epochs, by seed\n');
  for (const [name, accuracies] of Object.entries(rows)) {
    const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / count;
    console.log(`${name}: ${accuracies.map(percent).join(', ')}; mean ${percent(mean)}`);
  }
}

/** Float32 inputs from −1 to 1, and ten classes that they decide. */
function randomTable({ rows, columns }) {
  const samples = (count, seed) => {
    const inputs = new Float32Array(count * columns);
    fillUniform({ seed, purpose: 'shuffle', part: 0, step: 0 }, 0, inputs);
    inputs.forEach((input, i) => (inputs[i] = 2 * input - 1));
    const targets = Uint8Array.from({ length: count }, (_, row) => 10 * ((inputs[row * columns] + 1) / 2));
    return { count, width: columns, inputs, targets, weights: null };
  };
  const labels = Array.from({ length: 10 }, (_, label) => String(label));
  const info = { inputs: columns, targets: { labels }, scaling: null };
  return { info, train: samples(rows, 1), test: samples(1_000, 2) };
}

/** No byte is frequent then, so that nothing can be left out. */
function withoutBackground({ info, train, test }) {
  const noisy = (samples) => ({
    ...samples,
    inputs: samples.inputs.map((byte, i) => (byte === 0 ? (Math.imul(i, 0x9e3779b9) >>> 24) & 63 : byte)),
  });
  return { info, train: noisy(train), test: noisy(test) };
}

function percent(fraction) {
  return `${(100 * fraction).toFixed(2)} %`;
}

function today() {
  return new Date().toISOString().slice(0, 10);
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
