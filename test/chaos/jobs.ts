/** What the suite trains: networks that take no time and courses long enough to be interrupted often. */
import type { JobRequest } from '../../src/jobs/runs/documents.js';
import { draw } from './moments.js';

const stepsBetweenCheckpoints = 1_000;

/** Of 3750 steps an epoch, and about five seconds in all. */
const usual: JobRequest = {
  network: { hidden: [{ units: 64, dropout: 0.2 }, { units: 32 }] },
  batch_size: 16,
  epochs: 6,
  checkpoint: { every_steps: stepsBetweenCheckpoints, keep: 2 },
  engine: 'wasm',
};

export const jobs = {
  final: { ...usual, seed: seedOf('final') },
  best: {
    ...usual,
    seed: seedOf('best'),
    publish: 'best',
    optimizer: { type: 'rmsprop', learning_rate: 0.01 },
  },
  each: {
    ...usual,
    seed: seedOf('each'),
    publish: 'every_checkpoint',
    optimizer: { type: 'sgd', momentum: 0.9 },
  },
  /** Over in two seconds, for the end of a queue and for whoever is in a hurry. */
  short: { ...usual, seed: seedOf('short'), epochs: 4 },
  /** Still under way when a worker that stands still is given up. */
  long: { ...usual, seed: seedOf('long'), epochs: 40 },
} satisfies Record<string, JobRequest>;

export type JobName = keyof typeof jobs;

function seedOf(name: string): number {
  return Math.floor(draw(`seed of ${name}`, 0) * 2 ** 32);
}
