/** The jobs of the suite: small networks with enough steps to be interrupted often. */
import type { JobRequest } from '../../src/jobs/runs/job-request.js';
import { customersName } from './customers.js';
import { draw } from './moments.js';

const stepsBetweenCheckpoints = 1_000;

/** An epoch has 3750 steps, and the job takes about five seconds. */
const usual: JobRequest = {
  network: { hidden: [{ units: 64, dropout: 0.2 }, { units: 32 }] },
  batch_size: 16,
  epochs: 6,
  checkpoint: { every_steps: stepsBetweenCheckpoints, keep: 2 },
  engine: 'wasm',
};

export const jobs = {
  final: { ...usual, seed: seedOf('final') },
  /** Its pictures are changed for each epoch, and its parameters are averaged. */
  best: {
    ...usual,
    seed: seedOf('best'),
    publish: 'best',
    augment: 'digits',
    optimizer: { type: 'rmsprop', learning_rate: 0.01, ema: 0.99 },
  },
  each: {
    ...usual,
    seed: seedOf('each'),
    publish: 'every_checkpoint',
    optimizer: { type: 'sgd', momentum: 0.9 },
  },
  /** Two networks on a table, which are calibrated and must pass a gate; an epoch has 196 steps. */
  table: {
    dataset: customersName,
    target: 'churned',
    class_weight: 'balanced',
    network: { hidden: [{ units: 64, dropout: 0.2 }, { units: 32 }] },
    batch_size: 8,
    epochs: 30,
    patience: null,
    ensemble: 2,
    calibrated: true,
    threshold: 'auto',
    publish_if: { metric: 'roc_auc', at_least: 0.5 },
    checkpoint: { every_steps: stepsBetweenCheckpoints, keep: 2 },
    engine: 'wasm',
    seed: seedOf('table'),
  },
  /** Takes two seconds, for the end of a queue and for the short suite. */
  short: { ...usual, seed: seedOf('short'), epochs: 4 },
  /** Still runs when the lock of a suspended worker expires. */
  long: { ...usual, seed: seedOf('long'), epochs: 40 },
} satisfies Record<string, JobRequest>;

export type JobName = keyof typeof jobs;

function seedOf(name: string): number {
  return Math.floor(draw(`seed of ${name}`, 0) * 2 ** 32);
}
