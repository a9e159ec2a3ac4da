/**
 * What every engine offers. The interface is coarse on purpose: an engine gets the whole program, the data and a start
 * state, and runs many steps a call, so that it can fuse, thread and pipeline as it likes. Engines see the same batches
 * and start from the same parameters; they differ by rounding alone.
 */
import type { TrainingState } from '../network/initialization.js';
import type { NetworkSpec, StateDict } from '../network/network.js';
import type { Loss } from '../network/losses.js';
import type { OptimizerSpec } from '../network/optimizers.js';
import type { AffineMap } from '../preprocessing/affine.js';

/** All that decides a network's outputs, beside its parameters. */
export interface PredictionProgram {
  network: NetworkSpec;
  /** Applied to every raw input. null: inputs come as the network takes them. */
  scaling: AffineMap | null;
}

/** All that decides the numbers of a training run, beside the data. */
export interface TrainingProgram extends PredictionProgram {
  loss: Loss;
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

/** The rows of one split, column by column. */
export interface Samples {
  count: number;
  /** Inputs of one sample. */
  width: number;
  /**
   * (count, width), row-major. Bytes are raw: the program's scaling is applied when a batch is gathered. Float32 numbers
   * are as the network takes them, and go with a program without scaling.
   */
  inputs: Uint8Array | Float32Array;
  /** For a class loss the class indices, (count). For a value loss the values, (count, network.outputs). */
  targets: ClassIndices | Float32Array;
  /** (count) How much each sample counts, finite and at least 0. null: all count the same. */
  weights: Float32Array | null;
}

export type ClassIndices = Uint8Array | Uint16Array | Uint32Array;

/** `validation` may hold no samples. */
export type TrainingData = Record<SplitName, Samples>;

export type SplitName = 'train' | 'validation' | 'test';

/** What one call saw of its samples; of a training step, before its update. */
export interface BatchReport {
  /**
   * (batches) The weighted sum, not the mean, of each batch's losses. Batch by batch, so that whoever adds them up gets the
   * same bits however the batches were divided into calls.
   */
  lossSums: Float64Array;
  /** (batches) The sum of each batch's weights: its number of samples where there are no weights. */
  weightSums: Float64Array;
  /** (samples) Their indices into the split, in the order in which they were seen. */
  rows: Uint32Array;
  /** (samples, network.outputs) The raw outputs, in the same order. */
  outputs: Float32Array;
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
  evaluate(split: SplitName, first: number, batches: number): Promise<BatchReport>;
  /** A copy that later steps do not touch. */
  snapshot(): Promise<TrainingState>;
  /** Lets go of everything, at once: a call under way is rejected or never settles. */
  dispose(): Promise<void>;
}

export interface Predictor {
  /** Of the memory that it holds for as long as it is not disposed of. */
  readonly sizeBytes: number;
  /** `inputs` raw (count, network.inputs) → raw outputs (count, network.outputs). What they mean is for the head to say. */
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

/** What is known of an engine before it is loaded: importing a list of entries constructs none of them. */
export interface EngineEntry {
  readonly name: string;
  /** Whether what it needs beside Trainyard is installed; left out: it needs nothing. Far cheaper than a probe. */
  isInstalled?(): boolean;
  /** Whether a probe may find a GPU; left out: never. As cheap. */
  mayHaveGpu?(): boolean;
  /** Loads its code. */
  create(): Promise<Engine>;
}
