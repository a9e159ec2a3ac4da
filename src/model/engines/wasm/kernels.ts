/**
 * The compiled kernels: instantiated for each memory and thread, and called with records. The exports themselves take numbers
 * by position; only this file knows in which order. What each kernel computes, kernels/ says.
 */
import { dropoutScale, dropoutThreshold } from '../../network/dropout.js';
import type { Loss } from '../../network/losses.js';
import type { Activation } from '../../network/network.js';
import type { OptimizerSpec } from '../../network/optimizers.js';
import type { AffineMap } from '../../preprocessing/affine.js';
import { streamWord } from '../../../lib/philox.js';
import { activationCodes, errorLossCodes, updateCode } from './kernel-codes.js';
import type { BatchMatrix, LayerAddress, PlannedLayer } from './layout.js';

/** From the first to before the end. */
export type Range = readonly [first: number, end: number];

/** Samples of a split to be gathered into a batch. */
interface GatherCall {
  /** (samples, width) The address of the split's inputs. */
  inputs: number;
  /** (rows), u32: which samples. */
  indices: number;
  out: BatchMatrix;
}

interface ActivationCall {
  activation: Activation;
  /** In place: the outputs of a layer, or their gradient. */
  values: BatchMatrix;
  /** (panels, rows, 8) What the gradient is computed from; 0 where it is not kept. */
  source: number;
  /** (panels, rows, 8) The factors of dropout; 0 where there is none. */
  factors: number;
  rows: number;
  panels: Range;
}

interface LossCall {
  loss: Loss;
  outputs: BatchMatrix;
  gradient: BatchMatrix;
  rows: Range;
  /** The samples of the rows, and their targets and weights, as kernels/losses.ts has them. */
  indices: number;
  targets: number;
  weights: number;
  weightSum: number;
  losses: number;
  /** Of cross_entropy; 0 in evaluations. */
  smoothing: number;
}

/** What a thread updates parameters by. */
export interface Updater {
  /** null: nothing is learnt, and the values are overwritten by the gradients. */
  optimizer: OptimizerSpec | null;
  /** The address of `updateSettings`. */
  settings: number;
  scratch: number;
}

interface UpdatedLayer extends PlannedLayer {
  slots: LayerAddress[];
  /** null: the parameters are not averaged. */
  averages: LayerAddress | null;
}

interface UpdateCall {
  updater: Updater;
  /** The layer and the gradient of its outputs, of which `rows` rows count. */
  layer: UpdatedLayer & { gradient: BatchMatrix };
  rows: number;
  panels: Range;
}

export class Kernels {
  readonly #exports: Exports;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.#exports = instantiate(module, memory);
  }

  /** Returns when all threads have called it. */
  meet(barrier: number, threads: number): void {
    this.#exports.meet(barrier, threads);
  }

  /** Bytes, by the table of what each becomes, to panels and quads. */
  gatherBytes({ inputs, indices, out, quads, table }: GatherCall & { quads: Range; table: number }): void {
    this.#exports.gatherBytes(
      inputs,
      out.width,
      indices,
      quads[0],
      quads[1],
      table,
      out.panels,
      out.quads,
      out.columns,
      out.rowsStride,
    );
  }

  /** Float32 numbers to panels and quads. */
  gatherFloats({ inputs, indices, out, quads }: GatherCall & { quads: Range }): void {
    this.#exports.gatherFloats(
      inputs,
      out.width,
      indices,
      quads[0],
      quads[1],
      out.panels,
      out.quads,
      out.columns,
      out.rowsStride,
    );
  }

  /** Bytes other than the background, by the table of what each differs by, to lists. */
  listByteDifferences(call: GatherCall & { rows: Range; table: number; background: number }): void {
    const { inputs, indices, out, rows, table, background } = call;
    this.#exports.listByteDifferences(
      inputs,
      out.width,
      indices,
      rows[0],
      rows[1],
      background,
      table,
      out.entries,
      out.counts,
      out.rowsStride,
    );
  }

  /** Float32 numbers other than 0 to lists. */
  listFloats({ inputs, indices, out, rows }: GatherCall & { rows: Range }): void {
    this.#exports.listFloats(
      inputs,
      out.width,
      indices,
      rows[0],
      rows[1],
      out.entries,
      out.counts,
      out.rowsStride,
    );
  }

  /** What is not 0 of a matrix, from its panels to its lists. */
  listNonzeros({ matrix, rows }: { matrix: BatchMatrix; rows: Range }): void {
    this.#exports.listNonzeros(
      matrix.panels,
      matrix.rowsStride,
      matrix.width,
      rows[0],
      rows[1],
      matrix.entries,
      matrix.counts,
    );
  }

  /** From the matrix's panels to its quads. */
  toQuads({ matrix, quads, panels }: { matrix: BatchMatrix; quads: Range; panels: Range }): void {
    const firstRow = 4 * quads[0];
    this.#exports.toQuads(
      matrix.panels + 32 * firstRow,
      matrix.rowsStride,
      quads[1] - quads[0],
      panels[0],
      panels[1],
      matrix.quads + 4 * firstRow * matrix.columns,
      matrix.columns,
    );
  }

  /**
   * Raw float32 samples (rows, width) to lists of how much their scaled values differ from that of 0. Returns how many rows
   * have at most `most` inputs that are not 0.
   */
  listRawDifferences(call: {
    raw: number;
    scaling: AffineMap;
    rows: number;
    most: number;
    out: BatchMatrix;
  }): number {
    const { raw, scaling, rows, most, out } = call;
    return this.#exports.listRawDifferences(
      raw,
      out.width,
      rows,
      scaling.divide_by,
      scaling.std,
      out.entries,
      out.counts,
      out.rowsStride,
      most,
    );
  }

  /** Raw float32 samples (rows, width) to quads. */
  scaleQuads(call: { raw: number; scaling: AffineMap; rows: number; out: BatchMatrix }): void {
    const { raw, scaling, rows, out } = call;
    const { divide_by, mean, std } = scaling;
    this.#exports.scaleQuads(raw, rows, out.width, divide_by, mean, std, out.quads, out.columns);
  }

  /** One raw float32 sample (width), in place. */
  scaleRow({ raw, width, scaling }: { raw: number; width: number; scaling: AffineMap }): void {
    this.#exports.scaleRow(raw, width, scaling.divide_by, scaling.mean, scaling.std);
  }

  /** out (panels) = x (quads) · weights + bias */
  dense(call: { x: BatchMatrix; layer: PlannedLayer; out: BatchMatrix; quads: Range; panels: Range }): void {
    const { x, layer, out, quads, panels } = call;
    this.#exports.dense(
      x.quads,
      x.columns,
      x.width,
      quads[0],
      quads[1],
      layer.values.weights,
      layer.shape.panelRows,
      layer.values.bias,
      panels[0],
      panels[1],
      out.panels,
      out.rowsStride,
    );
  }

  /** The same for one row: x (inputs) and out (panels · 8) are plain arrays. */
  denseRow({ x, layer, out }: { x: number; layer: PlannedLayer; out: number }): void {
    const { shape, values } = layer;
    this.#exports.denseRow(x, shape.inputs, values.weights, shape.panelRows, values.bias, shape.panels, out);
  }

  /** `dense` where x is read as lists of what differs from the background. `bias` is the layer's unless it is given. */
  sparseDense(call: {
    x: BatchMatrix;
    background: number;
    layer: PlannedLayer;
    bias?: number;
    out: BatchMatrix;
    rows: number;
    panels: Range;
    scratch: number;
  }): void {
    const { x, background, layer, bias = layer.values.bias, out, rows, panels, scratch } = call;
    this.#exports.sparseDense(
      x.entries,
      x.counts,
      x.width,
      rows,
      background,
      layer.values.weights,
      layer.shape.panelRows,
      bias,
      panels[0],
      panels[1],
      out.panels,
      out.rowsStride,
      scratch,
    );
  }

  /** out (panels) = gradient · weightsᵀ. The gradient is read as lists or as quads; `panels` are those of `out`. */
  inputGradient(call: {
    gradient: BatchMatrix;
    isSparse: boolean;
    layer: PlannedLayer;
    out: BatchMatrix;
    quads: number;
    panels: Range;
    scratch: number;
    zeros: number;
  }): void {
    const { gradient, isSparse, layer, out, quads, panels, scratch, zeros } = call;
    if (isSparse) {
      this.#exports.sparseInputGradient(
        gradient.entries,
        gradient.counts,
        gradient.columns,
        gradient.width,
        4 * quads,
        layer.values.weights,
        layer.shape.panelRows,
        panels[0],
        panels[1],
        zeros,
        out.panels,
        out.rowsStride,
        scratch,
      );
    } else {
      this.#exports.inputGradient(
        gradient.quads,
        gradient.columns,
        gradient.width,
        quads,
        layer.values.weights,
        layer.shape.panelRows,
        panels[0],
        panels[1],
        scratch,
        zeros,
        out.panels,
        out.rowsStride,
      );
    }
  }

  activate(call: ActivationCall): void {
    const { activation, values, source, factors, rows, panels } = call;
    this.#exports.activate(
      activationCodes[activation],
      values.panels,
      source,
      factors,
      values.rowsStride,
      rows,
      panels[0],
      panels[1],
    );
  }

  activationGradient(call: ActivationCall): void {
    const { activation, values, source, factors, rows, panels } = call;
    this.#exports.activationGradient(
      activationCodes[activation],
      values.panels,
      source,
      factors,
      values.rowsStride,
      rows,
      panels[0],
      panels[1],
    );
  }

  /** The factors (panels, rows, 8) of a layer's units in a step, as network/dropout.ts has them. */
  dropoutFactors(call: {
    seed: number;
    step: number;
    layer: number;
    rate: number;
    units: number;
    quads: number;
    panels: Range;
    factors: number;
    rowsStride: number;
  }): void {
    const { seed, step, layer, rate, units, quads, panels, factors, rowsStride } = call;
    this.#exports.dropoutFactors(
      seed % 2 ** 32,
      Math.floor(seed / 2 ** 32),
      step,
      streamWord({ purpose: 'dropout', part: layer }),
      dropoutThreshold(rate) * 2 ** 8,
      dropoutScale(rate),
      units,
      quads,
      panels[0],
      panels[1],
      factors,
      rowsStride,
    );
  }

  /** The weighted loss of each row, and the gradient of the batch's loss. */
  loss(call: LossCall): void {
    const { loss, outputs, gradient, rows, indices, targets, weights, weightSum, losses, smoothing } = call;
    const numbers = [
      outputs.panels,
      outputs.rowsStride,
      rows[0],
      rows[1],
      outputs.width,
      targets,
      indices,
      weights,
      weightSum,
      losses,
      gradient.panels,
    ] as const;
    if (loss === 'cross_entropy') this.#exports.crossEntropy(...numbers, smoothing);
    else this.#exports.errorLoss(errorLossCodes[loss], ...numbers);
  }

  /** The weights of these inputs and panels by x (panels) and the gradient. */
  updateWeights(call: UpdateCall & { x: BatchMatrix; inputs: Range; zeros: number }): void {
    const { updater, layer, x, rows, inputs, panels, zeros } = call;
    const { optimizer, settings, scratch } = updater;
    const { shape, values, slots, averages, gradient } = layer;
    this.#exports.updateWeights(
      updateCode(optimizer),
      settings,
      x.panels,
      gradient.panels,
      gradient.rowsStride,
      rows,
      values.weights,
      slots.at(0)?.weights ?? 0,
      slots.at(1)?.weights ?? 0,
      averages?.weights ?? 0,
      shape.panelRows,
      inputs[0],
      inputs[1],
      panels[0],
      panels[1],
      scratch,
      zeros,
    );
  }

  /** The same for all inputs, where x is read as lists of what differs from the background. */
  updateSparseWeights(call: UpdateCall & { x: BatchMatrix; background: number }): void {
    const { updater, layer, x, background, rows, panels } = call;
    const { optimizer, settings, scratch } = updater;
    const { shape, values, slots, averages, gradient } = layer;
    this.#exports.updateSparseWeights(
      updateCode(optimizer),
      settings,
      x.entries,
      x.counts,
      x.width,
      background,
      gradient.panels,
      gradient.rowsStride,
      rows,
      values.weights,
      slots.at(0)?.weights ?? 0,
      slots.at(1)?.weights ?? 0,
      averages?.weights ?? 0,
      shape.panelRows,
      panels[0],
      panels[1],
      scratch,
    );
  }

  updateBias({ updater, layer, rows, panels }: UpdateCall): void {
    const { optimizer, settings, scratch } = updater;
    const { values, slots, averages, gradient } = layer;
    this.#exports.updateBias(
      updateCode(optimizer),
      settings,
      gradient.panels,
      gradient.rowsStride,
      rows,
      values.bias,
      slots.at(0)?.bias ?? 0,
      slots.at(1)?.bias ?? 0,
      averages?.bias ?? 0,
      panels[0],
      panels[1],
      scratch,
    );
  }

  /** Of gradients in the layout of the layer's parameters: the sum of the squares of each panel, to `sums` (panels), f64. */
  sumSquares({ layer, sums, panels }: { layer: PlannedLayer; sums: number; panels: Range }): void {
    const { shape, values } = layer;
    this.#exports.sumSquares(
      values.weights,
      shape.panelRows,
      shape.inputs,
      values.bias,
      shape.outputs,
      panels[0],
      panels[1],
      sums,
    );
  }

  /** The parameters of these panels by `factor` times their gradients. */
  updateStored(call: {
    updater: Updater;
    layer: UpdatedLayer;
    gradients: LayerAddress;
    factor: number;
    panels: Range;
  }): void {
    const { updater, layer, gradients, factor, panels } = call;
    const { values, slots, averages, shape } = layer;
    for (const part of ['weights', 'bias'] as const) {
      const panelBytes = 32 * (part === 'weights' ? shape.panelRows : 1);
      const at = panelBytes * panels[0];
      this.#exports.updateStored(
        updateCode(updater.optimizer),
        updater.settings,
        gradients[part] + at,
        factor,
        values[part] + at,
        slots.length > 0 ? slots[0][part] + at : 0,
        slots.length > 1 ? slots[1][part] + at : 0,
        averages === null ? 0 : averages[part] + at,
        panelBytes * (panels[1] - panels[0]),
      );
    }
  }
}

type KernelName = Exclude<keyof Kernels, 'loss'> | 'crossEntropy' | 'errorLoss' | 'sparseInputGradient';
type Exports = Record<KernelName | 'heapBase', (...numbers: number[]) => number>;

function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
}

export interface CompiledKernels {
  module: WebAssembly.Module;
  /** From where a memory is free to use. */
  heapBase: number;
}

/** @param memory of at least a page, of the kind that the module takes; nothing is written to it */
export async function compile(bytes: Uint8Array, memory: WebAssembly.Memory): Promise<CompiledKernels> {
  const module = await WebAssembly.compile(bytes);
  return { module, heapBase: instantiate(module, memory).heapBase() };
}
