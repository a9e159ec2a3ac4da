/** Who takes part in bench/train.mjs: the engines, in this process, and PyTorch, in one of its own. */
import { spawn } from 'node:child_process';
import { totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { splitSamples } from '../dist/data/splits.js';
import { optimizerDefaults } from '../dist/jobs/intake/resolve-optimizer.js';
import { evaluationBatchSize } from '../dist/model/engines/engine.js';
import { engines, selectEngine } from '../dist/model/engines/select.js';
import { countCorrect } from '../dist/model/metrics/classification.js';
import { initialState } from '../dist/model/network/initialization.js';

const optimizer = optimizerDefaults.adam;

/** An epoch of the reference takes most of a minute: it runs this part of one, and is reported as if it went on so. */
const referencePart = 1 / 40;

export async function engineContender(name, data, hidden, batchSize, threads, seed = 0) {
  const { train, test } = data;
  const trainer = await openTrainer(name, data, { hidden, batchSize, seed }, threads);
  const stepsPerEpoch = Math.ceil(train.count / batchSize);
  const steps = name === 'reference' ? Math.round(stepsPerEpoch * referencePart) : stepsPerEpoch;
  return {
    name: `${name}, ${trainer.device}`,
    threads,
    isPeer: false,
    async epoch() {
      const start = performance.now();
      await trainer.run(steps);
      return ((performance.now() - start) / 1000) * (stepsPerEpoch / steps);
    },
    async accuracy() {
      const report = await trainer.evaluate('test', 0, Math.ceil(test.count / evaluationBatchSize));
      return countCorrect(report, test.targets) / test.count;
    },
    close: () => trainer.dispose(),
  };
}

/** `settings`: hidden widths, batch size and seed, and what else a program may have: another optimiser, smoothing. */
export async function openTrainer(name, { info, train, test }, { hidden, ...settings }, threads) {
  const { engine } = await selectEngine(name, engines);
  const network = {
    inputs: info.inputs,
    hidden: hidden.map((units) => ({ units, activation: 'relu', dropout: 0 })),
    outputs: info.targets.labels.length,
  };
  const program = { network, loss: 'cross_entropy', optimizer, scaling: info.scaling, ...settings };
  const { train: rows, validation } = splitSamples(train, { seed: program.seed, fraction: 0 });
  return engine.trainer(
    program,
    { train: rows, validation, test },
    initialState(network, program.optimizer, program.seed),
    { threads, memoryLimitBytes: totalmem() / 2 },
  );
}

/** bench/pytorch_mnist.py does one thing for each line it reads and answers with one line. */
export async function pytorchContender(python, { info, train, test }, hidden, batchSize, threads, seed = 0) {
  const script = fileURLToPath(new URL('pytorch_mnist.py', import.meta.url));
  const isBytes = info.scaling !== null;
  const settings = { batchSize, hidden, threads, seed, width: info.inputs, isBytes, ...info.scaling };
  const child = spawn(python, [script, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`${python} ended; it needs torch (see bench/pytorch_mnist.py)`);
    return value;
  };
  for (const { count, inputs, targets } of [train, test]) {
    child.stdin.write(`${count}\n`);
    child.stdin.write(new Uint8Array(inputs.buffer, inputs.byteOffset, inputs.byteLength));
    child.stdin.write(targets);
  }
  const name = await answer();
  const ask = (line) => {
    child.stdin.write(`${line}\n`);
    return answer().then(Number);
  };
  return {
    name,
    threads,
    isPeer: true,
    epoch: () => ask('epoch'),
    accuracy: () => ask('accuracy'),
    cpuSeconds: () => ask('cpu'),
    close: () => child.stdin.end(),
  };
}
