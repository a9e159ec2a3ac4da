/**
 * How long an epoch of MNIST takes in each engine, and in PyTorch if asked: the contenders take turns, one epoch each,
 * so that what else the machine does strikes all of them; the first round is a warm-up and does not count.
 *
 *   npm run bench:train -- [--engines wasm,reference] [--hidden 256] [--batch 64] [--epochs 5] [--threads N]
 *                          [--peer pytorch --python PATH] [--peer-threads N]
 */
import { spawn } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createDatasetStore } from '../dist/data/dataset-store.js';
import { evaluationBatchSize } from '../dist/model/engines/engine.js';
import { selectEngine } from '../dist/model/engines/select.js';
import { initialState } from '../dist/model/initialization.js';

const { values: options } = parseArgs({
  options: {
    engines: { type: 'string', default: 'wasm,reference' },
    hidden: { type: 'string', default: '256' },
    batch: { type: 'string', default: '64' },
    epochs: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    peer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    'peer-threads': { type: 'string', default: String(availableParallelism()) },
  },
});
if (options.peer !== undefined && options.peer !== 'pytorch') throw new Error('The only peer is pytorch.');

const { train, test, info } = await createDatasetStore().load('mnist');
const batchSize = Number(options.batch);
const epochs = Number(options.epochs);
const hidden = options.hidden.split(',').map((units) => ({
  units: Number(units),
  activation: 'relu',
  dropout: 0,
}));
const network = { inputs: train.width, hidden, outputs: 10 };
const optimizer = {
  type: 'adam',
  learning_rate: 0.001,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0,
};
const stepsPerEpoch = Math.ceil(train.count / batchSize);
/** An epoch of the reference takes most of a minute: it runs this part of one, and is reported as if it went on so. */
const referencePart = 1 / 20;

const contenders = [];
for (const name of options.engines.split(',')) contenders.push(await engineContender(name));
if (options.peer) contenders.push(await pytorchContender());

for (let round = 0; round <= epochs; round++) {
  for (const contender of contenders) {
    const seconds = await contender.epoch();
    if (round > 0) contender.seconds.push(seconds);
  }
}
await report();
for (const contender of contenders) await contender.close();

async function engineContender(name) {
  const { engine } = await selectEngine(name);
  const trainer = await engine.trainer(
    {
      network,
      loss: 'cross_entropy',
      optimizer,
      batchSize,
      seed: 0,
      preprocessing: info.preprocessing,
    },
    { train, test },
    initialState(network, optimizer, 0),
    { threads: Number(options.threads), memoryLimitBytes: totalmem() },
  );
  const part = name === 'reference' ? referencePart : 1;
  const steps = Math.round(stepsPerEpoch * part);
  return {
    name: part === 1 ? name : `${name} (${steps} steps)`,
    device: trainer.device,
    seconds: [],
    async epoch() {
      const start = performance.now();
      await trainer.run(steps);
      return ((performance.now() - start) / 1000) * (stepsPerEpoch / steps);
    },
    async accuracy() {
      if (part < 1) return NaN;
      const { samples, correct } = await trainer.evaluate(
        'test',
        0,
        Math.ceil(test.count / evaluationBatchSize),
      );
      return correct / samples;
    },
    close: () => trainer.dispose(),
  };
}

/** bench/pytorch_mnist.py does one thing for each line it reads and answers with one line. */
async function pytorchContender() {
  const script = fileURLToPath(new URL('pytorch_mnist.py', import.meta.url));
  const settings = {
    batchSize,
    hidden: hidden.map(({ units }) => units),
    threads: Number(options['peer-threads']),
  };
  const python = spawn(options.python, [script, JSON.stringify({ ...settings, ...info.preprocessing })], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`${options.python} ended; it needs torch (see bench/pytorch_mnist.py)`);
    return value;
  };
  for (const { inputs, labels } of [train, test]) {
    python.stdin.write(`${labels.length}\n`);
    python.stdin.write(inputs);
    python.stdin.write(labels);
  }
  const device = await answer();
  const ask = (line) => {
    python.stdin.write(`${line}\n`);
    return answer().then(Number);
  };
  return {
    name: 'pytorch',
    device,
    seconds: [],
    epoch: () => ask('epoch'),
    accuracy: () => ask('accuracy'),
    close: () => python.stdin.end(),
  };
}

async function report() {
  const widths = [network.inputs, ...hidden.map(({ units }) => units), network.outputs];
  const products = widths.slice(1).map((outputs, l) => outputs * widths[l]);
  // Forward, weights' gradient and, but for the first layer, inputs' gradient: a multiplication and an addition each.
  const flopPerSample = products.reduce((sum, product, l) => sum + 2 * product * (l === 0 ? 2 : 3), 0);
  console.log(
    `MNIST ${widths.join('-')}, batch ${batchSize}, Adam; ${cpus()[0].model}, Node ${process.version}`,
  );
  const fastest = Math.min(...contenders.map(({ seconds }) => median(seconds)));
  for (const { name, device, seconds, accuracy } of contenders) {
    const middle = median(seconds);
    const right = await accuracy();
    console.log(
      [
        `${name} [${device}]:`,
        `epoch ${middle.toFixed(3)} s (median of ${seconds.length}; least ${Math.min(...seconds).toFixed(3)} s),`,
        `${Math.round(train.count / middle)} samples/s,`,
        `${((train.count * flopPerSample) / middle / 1e9).toFixed(1)} GFLOP/s,`,
        `${(middle / fastest).toFixed(2)} × the fastest`,
        Number.isNaN(right) ? '' : `; test accuracy ${(100 * right).toFixed(2)} % after ${epochs + 1} epochs`,
      ].join(' '),
    );
  }
  const [wasm, pytorch] = ['wasm', 'pytorch'].map((name) => contenders.find((one) => one.name === name));
  if (wasm && pytorch) {
    console.log(`wasm / pytorch: ${(median(wasm.seconds) / median(pytorch.seconds)).toFixed(2)}`);
  }
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
