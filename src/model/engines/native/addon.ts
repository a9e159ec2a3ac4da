/**
 * The addon: C++ that scripts/build-native.mjs compiles where there is a compiler, and what can be called of it. It checks
 * nothing of what it is passed; the trainer and the predictor do. addon/node-addon.cc has the other side.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { SplitName } from '../engine.js';

/** What the addon holds for its caller, until it is freed or forgotten. */
export type TrainerHandle = object & { readonly ofTrainer: unique symbol };
export type PredictorHandle = object & { readonly ofPredictor: unique symbol };

/** A layer as addon/program.h has it. */
export interface NativeLayer {
  outputs: number;
  /** The index in `activations`. */
  activation: number;
  dropoutThreshold: number;
  dropoutScale: number;
  dropoutStream: number;
}

/** A raw input becomes input · scale + shift. */
interface NativeInputs {
  inputs: number;
  layers: NativeLayer[];
  scale: number;
  shift: number;
}

/** As addon/program.h has it. */
export interface NativeProgram extends NativeInputs {
  /** The index in `losses`. */
  loss: number;
  optimizer: number;
  slots: number;
  averages: boolean;
  /** 0: no clipping. */
  clipNorm: number;
  labelSmoothing: number;
  seedLow: number;
  seedHigh: number;
  bytes: boolean;
  mayBeSparse: boolean;
  rows: number;
  splits: { count: number; hasWeights: boolean }[];
}

/** What the addon works on in one call, and fills; as addon/trainer.h has it. */
export interface NativeBatches {
  split: number;
  learns: boolean;
  firstStep: number;
  /** (batches) */
  sizes: Uint32Array;
  /** (samples) */
  samples: Uint32Array;
  /** (batches) */
  weightSums: Float64Array;
  /** (batches, numbers of `StepSettings`) */
  settings: Float32Array;
  /** (samples) */
  losses: Float64Array;
  /** (samples, outputs) */
  outputs: Float32Array;
  /** Lives as long as the call. */
  trainer: TrainerHandle;
}

/** The numbers of splits in the addon. */
export const splitCodes: Readonly<Record<SplitName, number>> = { train: 0, validation: 1, test: 2 };

export interface Addon {
  /** Those that this processor has, the fastest first. */
  instructionSets(): string[];
  trainerBytes(program: NativeProgram, threads: number): number;
  /** null where this machine does not have the memory. */
  createTrainer(program: NativeProgram, threads: number, instructionSet: string): TrainerHandle | null;
  setInputs(
    trainer: TrainerHandle,
    split: number,
    inputs: Uint8Array | Float32Array,
    background: { raw: number; value: number } | null,
  ): void;
  setTargets(
    trainer: TrainerHandle,
    split: number,
    classes: Uint32Array | null,
    values: Float32Array | null,
    weights: Float32Array | null,
  ): void;
  /** `kept`: 0 are the values, then come the slots, and last the averages. */
  writeTrainerLayer(
    trainer: TrainerHandle,
    layer: number,
    kept: number,
    weights: Float32Array,
    bias: Float32Array,
  ): void;
  /** Fills the arrays. */
  readTrainerLayer(
    trainer: TrainerHandle,
    layer: number,
    kept: number,
    weights: Float32Array,
    bias: Float32Array,
  ): void;
  /** Resolves to whether all batches were worked on. */
  run(trainer: TrainerHandle, batches: NativeBatches): Promise<boolean>;
  /** Ends the run under way after the batch at hand. */
  stop(trainer: TrainerHandle): void;
  /** Nothing is under way. */
  freeTrainer(trainer: TrainerHandle): void;

  /** null where this machine does not have the memory. `threads` is the same in all calls. */
  createPredictor(program: NativeInputs, threads: number, instructionSet: string): PredictorHandle | null;
  /** Of the outputs from `first` on, as many as bias has numbers. */
  writePredictorLayer(
    predictor: PredictorHandle,
    layer: number,
    weights: Float32Array,
    bias: Float32Array,
    first: number,
  ): void;
  predictorBytes(predictor: PredictorHandle): number;
  /** raw (count, inputs) → out (count, outputs), of at most `rowsOfSlice` rows. */
  predictNow(predictor: PredictorHandle, raw: Float32Array, count: number, out: Float32Array): void;
  /** Of any number of rows. `kept` are both arrays. */
  predictOnThreads(
    predictor: PredictorHandle,
    raw: Float32Array,
    count: number,
    out: Float32Array,
    kept: Float32Array[],
  ): Promise<boolean>;
  /** Calls under way end as if it were not. */
  freePredictor(predictor: PredictorHandle): void;
}

/** The addon and the instruction set to use. */
export interface LoadedAddon {
  addon: Addon;
  set: string;
}

/** Rows that the addon predicts at a time. */
export const rowsOfSlice = 64;

// From src/ in tests and from dist/ in service: both are equally deep below the root.
const folder = new URL('../../../../dist/model/engines/native/', import.meta.url);
const file = fileURLToPath(new URL('addon.node', folder));

export function isAddonBuilt(): boolean {
  return existsSync(file);
}

/** null where the addon is built. */
export function whyAddonIsNotBuilt(): string | null {
  if (isAddonBuilt()) return null;
  try {
    const { reason } = JSON.parse(readFileSync(new URL('build.json', folder), 'utf8')) as { reason: string };
    return reason;
  } catch {
    return 'nothing has tried to compile it';
  }
}

/**
 * `path`: of another one than the service's.
 *
 * @throws Error where it was not built, or cannot be loaded here
 */
export function loadAddon(path = file): Addon {
  return createRequire(import.meta.url)(path) as Addon;
}
