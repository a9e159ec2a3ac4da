/**
 * What schedules, weights, smoothing, clipping and averages cost: steps of the reference network with each of them, as
 * ratios to plain steps. The variants take turns, a few steps each and in another order every round, and each is compared
 * with the plain steps of its own round, so that what else the machine does strikes all of them. Time of the processors
 * counts besides, which is the more reliable of the two on a busy machine; threads that wait for each other take it too.
 */
import { performance } from 'node:perf_hooks';
import { optimizerDefaults } from '../dist/jobs/intake/resolve-optimizer.js';
import { openTrainer } from './contenders.mjs';

const { adam, adamw } = optimizerDefaults;
const cosine = { type: 'cosine', warmup: 0.03 };
const oneCycle = { type: 'one_cycle', warmup: 0.3 };

/** What is added to Adam on the reference network. */
const variants = {
  plain: {},
  'plain again': {},
  AdamW: { optimizer: adamw },
  cosine: { optimizer: { ...adam, schedule: cosine } },
  one_cycle: { optimizer: { ...adam, schedule: oneCycle } },
  'AdamW, cosine': { optimizer: { ...adamw, schedule: cosine } },
  weights: { weighted: true },
  smoothing: { labelSmoothing: 0.1 },
  ema: { optimizer: { ...adam, ema: 0.999 } },
  clipping: { optimizer: { ...adam, clip_norm: 1 } },
  'all of them': {
    optimizer: { ...adamw, schedule: cosine, clip_norm: 1, ema: 0.999 },
    labelSmoothing: 0.1,
    weighted: true,
  },
};

const stepsOfTurn = 20;

export async function reportCosts(engine, data, { hidden, batchSize }, { threads, rounds }) {
  const contenders = [];
  for (const [name, { weighted = false, ...change }] of Object.entries(variants)) {
    const settings = { hidden, batchSize, seed: 0, steps: (rounds + 1) * stepsOfTurn, ...change };
    const trainer = await openTrainer(engine, weighted ? withWeights(data) : data, settings, threads);
    contenders.push({ name, trainer, seconds: [], cpuSeconds: [] });
  }
  for (let round = 0; round <= rounds; round++) {
    const shift = round % contenders.length;
    for (const { trainer, seconds, cpuSeconds } of [
      ...contenders.slice(shift),
      ...contenders.slice(0, shift),
    ]) {
      const [start, startCpu] = [performance.now(), process.cpuUsage()];
      await trainer.run(stepsOfTurn);
      // The first round is a warm-up.
      if (round === 0) continue;
      seconds.push((performance.now() - start) / 1000);
      const { user, system } = process.cpuUsage(startCpu);
      cpuSeconds.push((user + system) / 1e6);
    }
  }
  const [plain] = contenders;
  console.log(
    `## Costs, ${engine}: ${hidden.join('-')} hidden units, batch ${batchSize}, threads ${threads}\n`,
  );
  console.log(
    `| | µs/step, least | × plain, median of ${rounds} | × plain, fast tenth | CPU time × plain | fast tenth |`,
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  const ratios = (ours, others) => [
    quantile(
      ours.map((taken, round) => taken / others[round]),
      0.5,
    ).toFixed(3),
    (quantile(ours, 0.1) / quantile(others, 0.1)).toFixed(3),
  ];
  for (const { name, seconds, cpuSeconds } of contenders) {
    const cells = [
      name,
      ((1e6 * Math.min(...seconds)) / stepsOfTurn).toFixed(0),
      ...ratios(seconds, plain.seconds),
      ...ratios(cpuSeconds, plain.cpuSeconds),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log();
  for (const { trainer } of contenders) await trainer.dispose();
}

/** Of the classes, one for each sample. */
function withWeights({ info, train, test }) {
  const weights = Float32Array.from(train.targets, (index) => 0.5 + index / 9);
  return { info, train: { ...train, weights }, test };
}

function quantile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
}
