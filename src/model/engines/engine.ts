/**
 * What every engine offers. The interface is coarse on purpose: an engine gets the whole program, the data and a start
 * state, and runs many steps in one call, so that it can fuse, thread and pipeline as it likes. All engines see the same
 * batches and start from the same parameters; they differ only by rounding.
 */
import type { TrainingState } from '../network/initialization.js';
import type { NetworkSpec, StateDict } from '../network/network.js';
import type { Loss } from '../network/losses.js';
import type { OptimizerSpec } from '../network/optimizers.js';
import type { AffineMap } from '../preprocessing/affine.js';

/** All that decides a network's outputs, apart from its parameters. */
export interface PredictionProgram {
  network: NetworkSpec;
  /** Applied to every raw input. null: inputs are already as the network takes them. */
  scaling: AffineMap | null;
}

/** All that decides the numbers of a training run, apart from the data. */
export interface TrainingProgram extends PredictionProgram {
  loss: Loss;
  optimizer: OptimizerSpec;
  batchSize: number;
  seed: number;
  /** See `sampleLoss`; 0 if left out. */
  labelSmoothing?: number;
  /** Of the whole run: what the optimiser's schedule extends over. Needed where there is a schedule. */
  steps?: number;
}

/** What a trainer may use. It does not change a bit of what is learnt. */
export interface TrainingResources {
  /** The most that it may use; an engine takes fewer where more would not help. */
  threads: number;
  /** A trainer that needs more is refused with NETWORK_TOO_LARGE. */
  memoryLimitBytes: number;
}

/** The rows of one split, column by column. */
export interface Samples {
  count: number;
  /** How many inputs a sample has. */
  width: number;
  /**
   * (count, width), row-major. Bytes are raw; the program scales them. Float32 numbers are as the network takes them, for
   * a program without scaling.
   */
  inputs: Uint8Array | Float32Array;
  /** Class indices (count) for a class loss; values (count, network.outputs) for a value loss. */
  targets: ClassIndices | Float32Array;
  /** (count) How much each sample counts: finite and at least 0. null: all count the same. */
  weights: Float32Array | null;
}

export type ClassIndices = Uint8Array | Uint16Array | Uint32Array;

/** `validation` and `test` may hold no samples. */
export type TrainingData = Record<SplitName, Samples>;

export type SplitName = 'train' | 'validation' | 'test';

/** What one call saw of its samples; in training, before each step's update. */
export interface BatchReport {
  /**
   * (batches) The weighted sum, not the mean, of each batch's losses. One number for each batch, so that their sum has the
   * same bits however the batches are divided into calls.
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

/** Takes one call at a time. */
export interface Trainer {
  /** What it runs on. */
  readonly device: string;
  /** Whether another device gives other bits; left out: none does. */
  readonly bitsDependOnDevice?: boolean;
  /** Runs the next `steps` steps of the batch plan, also beyond the end of an epoch. */
  run(steps: number): Promise<BatchReport>;
  /** Evaluates `batches` batches of `evaluationBatchSize` samples of the split, in their order, from the one numbered `first`. */
  evaluate(split: SplitName, first: number, batches: number): Promise<BatchReport>;
  /**
   * The training samples get other inputs, of the same type and size, (count, width): pictures that are changed a little for
   * each epoch. The array is copied.
   */
  replaceInputs(inputs: Uint8Array | Float32Array): Promise<void>;
  /** A copy that later steps do not touch. */
  snapshot(): Promise<TrainingState>;
  /** Frees everything, at once: a call under way is rejected or never settles. */
  dispose(): Promise<void>;
}

export interface Predictor {
  /** The memory that it holds until it is disposed of. */
  readonly sizeBytes: number;
  /** Raw inputs (count, network.inputs) → raw outputs (count, network.outputs), which the model's head interprets. */
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

/** What is known of an engine before it is loaded: importing a list of entries loads none of them. */
export interface EngineEntry {
  readonly name: string;
  /** Whether what it needs beside the service is there; left out: it needs nothing. Far cheaper than a probe. */
  isInstalled?(): boolean;
  /** Why it is not installed, in words that end a sentence; null: it is. */
  whyNotInstalled?(): string | null;
  /** Whether a probe may find a GPU; left out: it cannot. As cheap. */
  mayHaveGpu?(): boolean;
  /** Whether this process has opened a device that its next trainer finds open; left out: there is none to open. */
  holdsDevice?(): boolean;
  /** Loads the engine's code. */
  create(): Promise<Engine>;
}
