/** The samples in an engine's memory, which of them a step or an evaluation looks at, and how they come into a batch. */
import { batchAt, epochOrder } from '../../network/batch-plan.js';
import { isClassLoss } from '../../network/losses.js';
import { byteTable, type AffineMap } from '../../preprocessing/affine.js';
import { findBackground, type Background } from '../background.js';
import { weightSumOf } from '../batch-report.js';
import { evaluationBatchSize } from '../engine.js';
import type { Samples, SplitName, TrainingData, TrainingProgram } from '../engine.js';
import type { Kernels, Range } from './kernels.js';
import type { BatchMatrix, Layout } from './layout.js';

/** All splits in memory. */
export interface DataPlan {
  inputs: 'bytes' | 'float32';
  /** What most inputs are, where it pays to leave it out: of all splits until the training samples get other inputs. */
  background: Background | null;
  /** The forms of a batch that there is room for: both layouts, or lists. All, where the background may change. */
  keptInputs: { panels?: boolean; quads?: boolean; lists?: boolean };
  splits: Record<SplitName, SplitPlan>;
}

export interface SplitPlan {
  count: number;
  /** (count, width), u8 or f32. */
  inputs: number;
  /** Class indices (count), u32, or values (count, outputs), f32. */
  targets: number;
  /** (count), f32; 0 where there are none. */
  weights: number;
  /** (256) What each byte becomes, or with a background, by how much it then differs from it; 0 for float32 inputs. */
  table: number;
}

/** Samples are read in groups of up to 32 bytes, so the last group may reach this far beyond them. */
const overreadBytes = 32;

export function planData(
  layout: Layout,
  { network, loss, scaling }: TrainingProgram,
  data: TrainingData,
): DataPlan {
  const planSplit = ({ count, inputs, targets, weights }: Samples): SplitPlan => ({
    count,
    inputs: layout.bytes(inputs.byteLength + overreadBytes),
    targets: layout.bytes(4 * targets.length + (isClassLoss(loss) ? 0 : overreadBytes)),
    weights: weights === null ? 0 : layout.floats(count),
    table: scaling === null ? 0 : layout.floats(256),
  });
  // A single layer is divided among the threads by rows, which the sparse kernels are not.
  const mayBeSparse = network.hidden.length > 0;
  const background = mayBeSparse ? findBackground(data.train.inputs, scaling, leastShare) : null;
  const mayChange = mayBeSparse && scaling !== null;
  const dense = mayChange || background === null;
  return {
    inputs: scaling === null ? 'float32' : 'bytes',
    background,
    keptInputs: { panels: dense, quads: dense, lists: mayChange || background !== null },
    splits: {
      train: planSplit(data.train),
      validation: planSplit(data.validation),
      test: planSplit(data.test),
    },
  };
}

export function writeData(
  memory: WebAssembly.Memory,
  plan: DataPlan,
  scaling: AffineMap | null,
  data: TrainingData,
): void {
  const floats = new Float32Array(memory.buffer);
  for (const split of ['train', 'validation', 'test'] as const) {
    const { inputs, targets, weights } = data[split];
    const to = plan.splits[split];
    writeInputs(memory, to, inputs);
    writeTable(memory, to, scaling, plan.background);
    if (targets instanceof Float32Array) floats.set(targets, to.targets / 4);
    else new Uint32Array(memory.buffer).set(targets, to.targets / 4);
    if (weights !== null) floats.set(weights, to.weights / 4);
  }
}

/** Overwrites the inputs of the training samples, and returns the background that they now have. */
export function replaceInputs(
  memory: WebAssembly.Memory,
  { background, keptInputs, splits: { train } }: DataPlan,
  scaling: AffineMap | null,
  inputs: Samples['inputs'],
): Background | null {
  writeInputs(memory, train, inputs);
  const mayChange = keptInputs.panels === true && keptInputs.lists === true;
  if (!mayChange) return background;
  const found = findBackground(inputs, scaling, leastShare);
  writeTable(memory, train, scaling, found);
  return found;
}

function writeInputs(memory: WebAssembly.Memory, to: SplitPlan, inputs: Samples['inputs']): void {
  const bytes = new Uint8Array(inputs.buffer, inputs.byteOffset, inputs.byteLength);
  new Uint8Array(memory.buffer).set(bytes, to.inputs);
}

function writeTable(
  memory: WebAssembly.Memory,
  to: SplitPlan,
  scaling: AffineMap | null,
  background: Background | null,
): void {
  if (scaling === null) return;
  new Float32Array(memory.buffer).set(tableOf(scaling, background), to.table / 4);
}

/** With fewer inputs alike, the dense kernels are about as fast. Measured with noise on a background. */
const leastShare = 0.5;

/** (256) Computed in float64 and rounded once. */
function tableOf(scaling: AffineMap, background: Background | null): Float32Array {
  if (background === null) return byteTable(scaling);
  const { divide_by, std } = scaling;
  return Float32Array.from({ length: 256 }, (_, byte) => (byte - background.raw) / divide_by / std);
}

/** `size` samples from `first` on, in `order` or in their own. */
export interface Batch {
  split: SplitPlan;
  background: Background | null;
  order: Uint32Array | null;
  first: number;
  size: number;
}

/** (size) The batch's samples, as rows of the split. */
export function rowsOf({ order, first, size }: Batch): Uint32Array {
  return order?.slice(first, first + size) ?? Uint32Array.from({ length: size }, (_, i) => first + i);
}

/** One thread's view of the samples. */
export class Batches {
  readonly #kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #program: Pick<TrainingProgram, 'batchSize' | 'seed'>;
  readonly #data: DataPlan;
  /** The samples of the rows that this thread has gathered last, (rows), u32. */
  readonly #indices: Uint32Array;
  /** Of the training samples. */
  trainBackground: Background | null;
  #order: { epoch: number; samples: Uint32Array } = { epoch: -1, samples: new Uint32Array() };

  constructor(
    kernels: Kernels,
    memory: WebAssembly.Memory,
    plan: { program: Pick<TrainingProgram, 'batchSize' | 'seed'>; data: DataPlan; rowsStride: number },
    indices: number,
  ) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#program = plan.program;
    this.#data = plan.data;
    this.trainBackground = plan.data.background;
    this.#indices = new Uint32Array(memory.buffer, indices, plan.rowsStride);
  }

  ofStep(step: number): Batch {
    const { batchSize, seed } = this.#program;
    const split = this.#data.splits.train;
    const { epoch, first, size } = batchAt(step, split.count, batchSize);
    if (this.#order.epoch !== epoch) this.#order = { epoch, samples: epochOrder(seed, epoch, split.count) };
    return { split, background: this.trainBackground, order: this.#order.samples, first, size };
  }

  ofEvaluation(name: SplitName, batch: number): Batch {
    const split = this.#data.splits[name];
    const background = name === 'train' ? this.trainBackground : this.#data.background;
    const first = batch * evaluationBatchSize;
    const size = Math.min(evaluationBatchSize, split.count - first);
    return { split, background, order: null, first, size };
  }

  weightSumOf(batch: Batch): number {
    const { count, weights } = batch.split;
    if (weights === 0) return batch.size;
    return weightSumOf({ weights: new Float32Array(this.#memory.buffer, weights, count) }, rowsOf(batch));
  }

  /** Gathers the inputs of these quads of rows, and leaves their samples at the thread's indices. */
  gather({ split, background, order, first, size }: Batch, out: BatchMatrix, quads: Range): void {
    const rows: Range = [4 * quads[0], 4 * quads[1]];
    for (let row = rows[0]; row < rows[1]; row++) {
      // Rows that fill up the last quad repeat the last sample; nothing is learnt from them.
      const sample = first + Math.min(row, size - 1);
      this.#indices[row] = order ? order[sample] : sample;
    }
    const { inputs, table } = split;
    const indices = this.#indices.byteOffset;
    if (this.#data.inputs === 'bytes') {
      if (background === null) {
        this.#kernels.gatherBytes({ inputs, indices, out, quads, table });
      } else {
        const { raw } = background;
        this.#kernels.listByteDifferences({ inputs, indices, out, rows, table, background: raw });
      }
    } else if (background === null) {
      this.#kernels.gatherFloats({ inputs, indices, out, quads });
    } else {
      this.#kernels.listFloats({ inputs, indices, out, rows });
    }
  }
}
