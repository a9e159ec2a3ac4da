/**
 * What every engine offers. The interface is coarse on purpose: an engine gets the whole program, the data and a start
 * state, and runs many steps a call, so that it can fuse, thread and pipeline as it likes. Engines see the same batches
 * and start from the same parameters; they differ by rounding alone.
 */
import type { TrainingState } from '../network/initialization.js';
import type { NetworkSpec, StateDict } from '../network/network.js';
import type { Loss } from '../network/losses.js';
import type { OptimizerSpec } from '../network/optimizers.js';
import type { Preprocessing } from '../preprocessing/affine.js';

/** All that decides what a network answers, beside its parameters. */
export interface PredictionProgram {
  network: NetworkSpec;
  /** It says what the outputs mean: see output-probabilities.ts. */
  loss: Loss;
  preprocessing: Preprocessing;
}

/** All that decides the numbers of a training run, beside the data. */
export interface TrainingProgram extends PredictionProgram {
  optimizer: OptimizerSpec;
  batchSize: number;
  seed: number;
}

/** What a trainer may use. It never changes a bit of what is learnt. */
export interface TrainingResources {
  /** At most so many; an engine takes fewer where more would not help. */
  threads: number;
  /** A trainer that would need more is refused with NETWORK_TOO_LARGE. */
  memoryLimitBytes: number;
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

/** What one call saw of its samples, batch by batch; of a training step, before its update. */
export interface BatchReport {
  samples: number;
  /**
   * (batches) The sum, not the mean, of each batch's losses. Batch by batch, so that who adds them up gets the same bits
   * however the batches were divided into calls.
   */
  lossSums: Float64Array;
  /** Samples whose largest output was the right class. */
  correct: number;
}

/** Samples in a batch of an evaluation. */
export const evaluationBatchSize = 64;

/** One call at a time. */
export interface Trainer {
  /** What it runs on. */
  readonly device: string;
  /** Runs the next `steps` steps of the batch plan, over epoch ends if need be. */
  run(steps: number): Promise<BatchReport>;
  /** Looks at `batches` batches of `evaluationBatchSize` of the split, from the one numbered `first`, in their order. */
  evaluate(split: 'train' | 'test', first: number, batches: number): Promise<BatchReport>;
  /** A copy that later steps do not touch. */
  snapshot(): Promise<TrainingState>;
  /** Lets go of everything, at once: a call under way is rejected or never settles. */
  dispose(): Promise<void>;
}

export interface Predictor {
  /** Of the memory that it holds for as long as it is not disposed of. */
  readonly sizeBytes: number;
  /** `inputs` raw (count, network.inputs) → class probabilities (count, network.outputs), each row summing to 1. */
  predict(inputs: Float32Array, count: number): Promise<Float32Array>;
  dispose(): void;
}

export type Probe =
  | {
      available: true;
      device: string;
      /** Whether the device is a GPU; false if left out. */
      hasGpu?: boolean;
    }
  | { available: false; reason: string };

export interface Engine {
  readonly name: string;
  /** Whether what it needs beside Trainyard is installed; left out: it needs nothing. Far cheaper than a probe. */
  isInstalled?(): boolean;
  /** Whether a probe may find a GPU; left out: never. As cheap. */
  mayHaveGpu?(): boolean;
  /** Whether this engine can run here, and on what. */
  probe(): Promise<Probe>;
  /** @throws TrainyardError DATASET_CORRUPT, CHECKPOINT_CORRUPT, NETWORK_TOO_LARGE */
  trainer(
    program: TrainingProgram,
    data: TrainingData,
    state: TrainingState,
    resources: TrainingResources,
  ): Promise<Trainer>;
  /** @throws TrainyardError CHECKPOINT_CORRUPT, NETWORK_TOO_LARGE */
  predictor(program: PredictionProgram, parameters: StateDict): Promise<Predictor>;
}
