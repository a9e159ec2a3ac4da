/**
 * A linear model on the same inputs, trained by the same engine: what a network must beat to be worth its layers. Its work is
 * bounded, whatever the data.
 */
import { TrainyardError } from '../../errors.js';
import type { Engine, Samples, TrainingResources } from '../engines/engine.js';
import { stepsPerEpoch } from '../network/batch-plan.js';
import { initialState } from '../network/initialization.js';
import { isClassLoss, type Loss } from '../network/losses.js';
import type { NetworkSpec, StateDict } from '../network/network.js';
import type { OptimizerSpec } from '../network/optimizers.js';
import type { AffineMap } from '../preprocessing/affine.js';
import { chosenSamples, spacedRows } from './predicted-rows.js';
import { turn as plainTurn, type Turn } from './turn.js';

export interface LinearTask {
  engine: Engine;
  /** Of the network that it is compared with; only its inputs and outputs count. */
  network: NetworkSpec;
  scaling: AffineMap | null;
  loss: Loss;
  /** Its weights count in the loss. */
  train: Samples;
  seed: number;
  resources: TrainingResources;
  turn?: Turn;
  /** From 0 to 1. */
  onProgress: (fraction: number) => Promise<void>;
}

export interface LinearModel {
  network: NetworkSpec;
  parameters: StateDict;
}

const batchSize = 64;
const mostRows = 20_000;
/** The inputs that are copied for it. */
const mostNumbers = 2e7;
const mostSteps = 2_000;
/** Passes over few rows that are enough, and steps that very few rows need all the same. */
const passes = 50;
const fewestSteps = 200;
/** Multiplications of all forward passes together: about a second; the reference engine is several times as slow. */
const mostWork = 5e8;
const mostWorkOfReference = 1e8;
const stepsAtOnce = 100;

const optimizer: OptimizerSpec = {
  type: 'adamw',
  learning_rate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0.01,
  schedule: { type: 'cosine', warmup: 0 },
};

/** null: the engine has no memory for it, or it diverged. */
export async function trainLinearModel(task: LinearTask): Promise<LinearModel | null> {
  const { engine, scaling, seed, resources, onProgress, turn = plainTurn } = task;
  const { inputs, outputs } = task.network;
  const network: NetworkSpec = { inputs, hidden: [], outputs };
  const most = Math.max(batchSize, Math.min(mostRows, Math.floor(mostNumbers / inputs)));
  const train = chosenSamples(task.train, spacedRows(task.train.count, most), outputs);
  const none = chosenSamples(task.train, new Uint32Array(), outputs);
  const enough = Math.max(fewestSteps, passes * stepsPerEpoch(train.count, batchSize));
  const work = engine.name === 'reference' ? mostWorkOfReference : mostWork;
  const affordable = Math.floor(work / (batchSize * inputs * outputs));
  const steps = Math.max(1, Math.min(mostSteps, enough, affordable));
  const loss = isClassLoss(task.loss) ? 'cross_entropy' : 'mse';
  try {
    const trainer = await engine.trainer(
      { network, scaling, loss, optimizer, batchSize, seed, steps },
      { train, validation: none, test: none },
      initialState(network, optimizer, seed),
      resources,
    );
    try {
      for (let done = 0; done < steps; done += stepsAtOnce) {
        await trainer.run(Math.min(stepsAtOnce, steps - done));
        await onProgress(done / steps);
        await turn();
      }
      const { parameters } = await trainer.snapshot();
      const isFinite = [...parameters.values()].every(({ data }) => data.every(Number.isFinite));
      return isFinite ? { network, parameters } : null;
    } finally {
      await trainer.dispose();
    }
  } catch (error) {
    if (error instanceof TrainyardError && error.code === 'NETWORK_TOO_LARGE') return null;
    throw error;
  }
}
