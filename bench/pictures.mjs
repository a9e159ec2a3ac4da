/**
 * The recipe for pictures: accuracy and seconds by seed, what its changed pictures cost, and how many of 20 printed digits it
 * reads with each kind of damage, in fonts that were looked at while the fitting was built and in others.
 *
 * With --peer, PyTorch's script (bench/pytorch_mnist.py, five epochs of the classic network) takes turns with it, seed by seed.
 *
 *   npm run bench:pictures -- [--seeds N] [--epochs N] [--engine NAME] [--threads N] [--stroke AMOUNT] [--peer pytorch --python PATH]
 *
 * Draws with ImageMagick (`convert`) and the fonts DejaVu, Liberation, FreeFont, Noto and URW base 35.
 */
import { performance } from 'node:perf_hooks';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pytorchContender } from './contenders.mjs';
import { loadMnist } from '../dist/data/builtin/mnist.js';
import { splitSamples } from '../dist/data/splits.js';
import { readImage } from '../dist/images/read-image.js';
import { resolveSpec } from '../dist/jobs/intake/resolve-spec.js';
import { digitsAugmentation } from '../dist/model/augmentation/amounts.js';
import { AugmentedInputs } from '../dist/model/augmentation/augmented-inputs.js';
import { changeSamples } from '../dist/model/augmentation/change-samples.js';
import { engines, selectEngine } from '../dist/model/engines/select.js';
import { initialState } from '../dist/model/network/initialization.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    epochs: { type: 'string' },
    engine: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    stroke: { type: 'string' },
    peer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
  },
});
const threads = Number(values.threads);
/** Each set has 20 digits, each digit in two of its fonts; those of the second set are turned, and smaller. */
const sets = [
  {
    name: 'known',
    fonts: ['DejaVu-Sans', 'Liberation-Serif', 'FreeSans', 'DejaVu-Serif'],
    size: 130,
    angle: 0,
  },
  {
    name: 'others',
    fonts: ['Noto-Sans-Regular', 'NewCenturySchlbk-Roman', 'AvantGarde-Book', 'Liberation-Mono'],
    size: 110,
    angle: 6,
  },
];
const kinds = ['clean', 'noise', 'dust', 'ruled', 'shadow', 'speck', 'thinpen'];
const rules = [20, 60, 100, 140, 180].map((y) => `line 0,${y} 200,${y}`).join(' ');

/** OpenMP's threads wait busily for each other: small pictures are drawn faster by one. */
const oneThread = { ...process.env, OMP_NUM_THREADS: '1' };

/** The arguments of `convert` that damage the clean picture of digit number `index`. */
function damageOf(kind, index) {
  const place = 180 - (index % 3) * 70;
  return {
    clean: [],
    noise: ['-seed', index, '-attenuate', 0.6, '+noise', 'Gaussian'],
    dust: ['-seed', index, '-attenuate', 0.15, '+noise', 'Impulse'],
    ruled: ['-stroke', '#a8c0d8', '-draw', rules],
    shadow: [
      ...['(', '-size', '200x200', 'gradient:white-gray50', '-rotate', (index % 4) * 90, ')'],
      ...['-compose', 'multiply', '-composite'],
    ],
    speck: ['-fill', 'black', '-draw', `circle ${place},12 ${place + 3},12`],
    thinpen: [
      ...['-threshold', '50%', '-negate', '-morphology', 'Thinning:-1', 'Skeleton', '-morphology', 'Dilate'],
      ...['Square:1x1', '-negate', '-blur', '0x0.5', '-level', '10%,90%'],
    ],
  }[kind];
}

function drawDigits(folder, { name, fonts, size, angle }) {
  const drawn = [];
  fonts.forEach((font, line) => {
    for (let digit = 0; digit < 10; digit++) {
      const index = line * 10 + digit + 1;
      if ((index + Math.floor(index / 10)) % 2 === 0) continue;
      const page = ['-size', '200x200', 'xc:white', '-gravity', 'center', '-font', font, '-pointsize', size];
      for (const kind of kinds) {
        const file = join(folder, `${kind}.png`);
        const at = `${angle}x${angle}+0+0`;
        // Annotating leaves its slant behind, which lines and specks must not have.
        const upright = ['-affine', '1,0,0,1,0,0'];
        const args = [...page, '-annotate', at, digit, ...upright, ...damageOf(kind, index), file];
        execFileSync('convert', args.map(String), { env: oneThread });
        const input = readImage({ bytes: readFileSync(file), input: { fit: 'digit', side: 28 } });
        drawn.push({ set: name, kind, digit, input });
      }
    }
  });
  return drawn;
}

/** Processor seconds of the changed pictures of an epoch, in this thread. */
function costOfChanges(mnist) {
  const out = new Uint8Array(mnist.train.inputs.length);
  const plan = { amounts: digitsAugmentation, seed: 0, width: 28, height: 28, channels: 1 };
  const costs = [0, 1, 2, 3, 4, 5, 6].map((epoch) => {
    const before = process.cpuUsage();
    changeSamples(plan, mnist.train.inputs, epoch, out);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  });
  return costs.sort((a, b) => a - b)[3];
}

function likeliest(outputs) {
  return outputs.indexOf(Math.max(...outputs));
}

/** PyTorch's script with the same seed: what it took beside the recipe, of the clock and of the processors, and its accuracy. */
async function besidePytorch(seed, mnist, { seconds, cpuSeconds }) {
  const peer = await pytorchContender(values.python, mnist, [256], 64, threads, seed);
  const before = await peer.cpuSeconds();
  let taken = 0;
  for (let epoch = 0; epoch < 5; epoch++) taken += await peer.epoch();
  const cpu = (await peer.cpuSeconds()) - before;
  const accuracy = await peer.accuracy();
  peer.close();
  const ratios = `${(seconds / taken).toFixed(2)} of its seconds, ${(cpuSeconds / cpu).toFixed(2)} of its CPU`;
  console.log(
    `${seed}\tPyTorch ${(100 * accuracy).toFixed(2)} %, ${taken.toFixed(1)} s, CPU ${cpu.toFixed(1)} s: the recipe took ${ratios}`,
  );
}

async function train(seed, mnist) {
  const request = {
    preset: 'auto',
    seed,
    ...(values.epochs && { epochs: Number(values.epochs) }),
    ...(values.stroke && { augment: { ...digitsAugmentation, stroke: Number(values.stroke) } }),
  };
  const spec = resolveSpec(request, mnist.info, { trainingMemoryLimitBytes: Infinity }, new Date(0));
  const { network, optimizer, loss, batch_size: batchSize, epochs, steps, augment } = spec;
  const program = { network, loss, optimizer, batchSize, seed, steps, scaling: mnist.info.scaling };
  const data = { ...splitSamples(mnist.train, { seed, fraction: 0 }), test: mnist.test };
  const { engine } = await selectEngine(values.engine, engines);
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const start = initialState(network, optimizer, seed);
  const trainer = await engine.trainer(program, data, start, { threads, memoryLimitBytes: 2 ** 31 });
  const plan = { amounts: augment, seed, width: 28, height: 28, channels: 1 };
  const augmented = new AugmentedInputs(plan, mnist.train.inputs, epochs, 0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    await augmented.beforeEpoch(epoch, (inputs) => trainer.replaceInputs(inputs));
    await trainer.run(steps / epochs);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  const { rows, outputs } = await trainer.evaluate('test', 0, Math.ceil(mnist.test.count / 64));
  const right = rows.filter(
    (row, i) => likeliest(outputs.subarray(i * 10, i * 10 + 10)) === mnist.test.targets[row],
  );
  const { parameters } = await trainer.snapshot();
  await Promise.all([trainer.dispose(), augmented.dispose()]);
  const predictor = await engine.predictor(program, parameters);
  return { accuracy: right.length / rows.length, seconds, cpuSeconds: (user + system) / 1e6, predictor };
}

const folder = mkdtempSync(join(tmpdir(), 'trainyard-pictures-'));
try {
  const drawn = sets.flatMap((set) => drawDigits(folder, set));
  const mnist = await loadMnist();
  console.log(`changed pictures of an epoch: ${costOfChanges(mnist).toFixed(3)} s of a processor`);
  console.log(['seed', 'accuracy', 'seconds', 'CPU', 'set', ...kinds].join('\t'));
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    const trained = await train(seed, mnist);
    const { accuracy, seconds, cpuSeconds, predictor } = trained;
    const figures = [`${(100 * accuracy).toFixed(2)} %`, seconds.toFixed(1), cpuSeconds.toFixed(1)];
    for (const { name } of sets) {
      const read = Object.fromEntries(kinds.map((kind) => [kind, 0]));
      for (const { set, kind, digit, input } of drawn) {
        if (set === name && likeliest(await predictor.predict(input, 1)) === digit) read[kind]++;
      }
      console.log([seed, ...figures, name, ...kinds.map((kind) => read[kind])].join('\t'));
    }
    if (values.peer) await besidePytorch(seed, mnist, trained);
  }
} finally {
  rmSync(folder, { recursive: true });
}
