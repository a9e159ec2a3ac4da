/**
 * What every engine offers. The interface is coarse on purpose: an engine gets the whole program, the data and a start
 * state, and runs many steps a call, so that it can fuse, thread and pipeline as it likes. Engines see the same batches
 * and start from the same parameters; they differ by rounding alone.
 */
import type { NetworkSpec, StateDict } from '../network.js';
import type { AdamSpec } from '../optimizer.js';
import type { Preprocessing } from '../preprocessing.js';

/** All that decides the numbers of a training run, beside the data. */
export interface TrainingProgram {
  network: NetworkSpec;
  loss: 'cross_entropy';
  optimizer: AdamSpec;
  batchSize: number;
  seed: number;
  preprocessing: Preprocessing;
}

/** Raw samples with their class. Bytes stay bytes; preprocessing is applied when a batch is gathered. */
export interface LabelledSamples {
  count: number;
  width: number;
  /** (count, width), row-major, raw. */
  inputs: Uint8Array;
  /** (count), class index. */
  labels: Uint8Array;
}

export interface TrainingData {
  train: LabelledSamples;
  test: LabelledSamples;
}

/** Everything that the next step depends on, beside program and data. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  parameters: StateDict;
  /** For Adam, by PyTorch's names: `fc1.weight.exp_avg`, `fc1.weight.exp_avg_sq`, … each shaped as its parameter. */
  optimizer: StateDict;
}

/** What one `run` call saw of its samples, each before its step's update. */
export interface StepReport {
  samples: number;
  /**
   * (steps) The sum, not the mean, of each step's losses. Step by step, so that who adds them up gets the same bits
   * however the steps were divided into calls.
   */
  lossSums: Float64Array;
  /** Samples whose largest logit was the right class. */
  correct: number;
}

export interface Evaluation {
  samples: number;
  /** Mean loss. */
  loss: number;
  /** Fraction, 0 to 1. */
  accuracy: number;
}

export interface Trainer {
  /** Runs the next `steps` steps of the batch plan, over epoch ends if need be. */
  run(steps: number): Promise<StepReport>;
  evaluate(split: 'train' | 'test'): Promise<Evaluation>;
  /** A copy that later steps do not touch. */
  snapshot(): Promise<TrainingState>;
  dispose(): void;
}

export interface Predictor {
  /** `inputs` raw (count, network.inputs) → class probabilities (count, network.outputs), each row summing to 1. */
  predict(inputs: Float32Array, count: number): Promise<Float32Array>;
  dispose(): void;
}

export type Probe = { available: true; device: string } | { available: false; reason: string };

export interface Engine {
  readonly name: string;
  /** Whether this engine can run here, and on what. */
  probe(): Promise<Probe>;
  trainer(program: TrainingProgram, data: TrainingData, state: TrainingState): Promise<Trainer>;
  predictor(network: NetworkSpec, parameters: StateDict, preprocessing: Preprocessing): Promise<Predictor>;
}
