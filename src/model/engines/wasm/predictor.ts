/** Inference on the kernels: raw inputs to raw outputs, a slice of the request at a time. */
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { parameterCount, type NetworkSpec, type StateDict } from '../../network/network.js';
import { applyAffine, type AffineMap } from '../../preprocessing/affine.js';
import { nextTurn } from '../../../lib/next-turn.js';
import { createSlicedWork } from '../../../lib/sliced-work.js';
import { checkInputs } from '../check-data.js';
import type { PredictionProgram, Predictor } from '../engine.js';
import { Kernels, type CompiledKernels } from './kernels.js';
import { createLayout, panelShapes, planBatchMatrix, planLayer, readRows, roundUp } from './layout.js';
import { writeWeights, type BatchMatrix, type Layout, type PanelShape, type PlannedLayer } from './layout.js';

/** Where a predictor gets its memory from. */
export interface Memories {
  /** A memory of at least so many bytes, all zero. */
  take(neededBytes: number): WebAssembly.Memory;
  /** Called once, when the memory is no longer used. */
  giveBack(memory: WebAssembly.Memory): void;
}

export async function createWasmPredictor(
  { module, heapBase }: CompiledKernels,
  memories: Memories,
  { network, scaling }: PredictionProgram,
  parameters: StateDict,
): Promise<Predictor> {
  checkParameters(network, parameters);
  const map = scaling ?? { divide_by: 1, mean: 0, std: 1 };
  const layout = createLayout(heapBase);
  const plan = planPredictor(layout, network);
  const memory = memories.take(layout.sizeBytes());
  const floats = new Float32Array(memory.buffer);
  await writeParameters(floats, plan.layers, parameters);
  const [{ shape }] = plan.layers;
  floats.set(await outputsOfZeros(parameters, shape, map), plan.outputsOfZeros / 4);
  // The predictor must not hold the parameters: they are as large as its memory.
  const dispose = (): void => memories.giveBack(memory);
  return new WasmPredictor({ kernels: new Kernels(module, memory), memory, dispose }, plan, map);
}

interface LayerPlan extends PlannedLayer {
  /** Of a slice; of the last layer in panels only. */
  outputs: BatchMatrix;
  /** Of a single row: panels of one row are a plain array. */
  rowOutputs: BatchMatrix;
}

interface PredictorPlan {
  network: NetworkSpec;
  sliceRows: number;
  layers: LayerPlan[];
  /** (sliceRows, inputs), as they came. */
  raw: number;
  /** The inputs of a slice as the network takes them, in quads, or where they are not 0, in lists; and of a single row. */
  x: BatchMatrix;
  rowX: BatchMatrix;
  /** (outputs) The first layer's sums where all inputs are 0. */
  outputsOfZeros: number;
  scratch: number;
}

/** Multiplications that take about 2 ms; then others of the event loop have their turn. */
const multiplicationsOfSlice = 20_000_000;

function planPredictor(layout: Layout, network: NetworkSpec): PredictorPlan {
  const rows = Math.floor(multiplicationsOfSlice / parameterCount(network));
  // Memory does not grow with the request, and others wait no longer than for this many samples.
  const sliceRows = Math.max(4, Math.min(64, rows - (rows % 4)));
  const shapes = panelShapes(network);
  const layers = shapes.map((shape, l): LayerPlan => {
    const kept = { panels: true, quads: l < shapes.length - 1 };
    const outputs = planBatchMatrix(layout, shape.outputs, sliceRows, kept);
    const rowOutputs = { ...outputs, rowsStride: 1, quads: 0 };
    return { shape, values: planLayer(layout, shape), outputs, rowOutputs };
  });
  const x = planBatchMatrix(layout, network.inputs, sliceRows, { quads: true, lists: true });
  return {
    network,
    sliceRows,
    layers,
    raw: layout.floats(sliceRows * network.inputs),
    x,
    rowX: { ...x, rowsStride: 1 },
    outputsOfZeros: layout.floats(8 * shapes[0].panels),
    scratch: layout.floats(16),
  };
}

/** In slices: no request waits until a large network is loaded. */
async function writeParameters(
  floats: Float32Array,
  layers: readonly PlannedLayer[],
  parameters: StateDict,
): Promise<void> {
  const inSlices = createSlicedWork();
  for (const layer of layers) {
    const { shape, values } = layer;
    const weights = tensorOf(parameters, `${shape.name}.weight`).data;
    await inSlices(shape.outputs, weightBytes(shape), (first, end) => {
      writeWeights(floats, layer, weights, [first, end]);
    });
    floats.set(tensorOf(parameters, `${shape.name}.bias`).data, values.bias / 4);
  }
}

/** (outputs) The first layer's sums where all raw inputs are 0, in float64. */
async function outputsOfZeros(
  parameters: StateDict,
  shape: PanelShape,
  map: AffineMap,
): Promise<Float32Array> {
  const { name, inputs, outputs } = shape;
  const weights = tensorOf(parameters, `${name}.weight`).data;
  const bias = tensorOf(parameters, `${name}.bias`).data;
  const value = applyAffine(map, 0);
  const found = new Float32Array(outputs);
  await createSlicedWork()(outputs, weightBytes(shape), (first, end) => {
    for (let output = first; output < end; output++) {
      let sum = 0;
      for (let input = 0; input < inputs; input++) sum += weights[output * inputs + input];
      found[output] = bias[output] + value * sum;
    }
  });
  return found;
}

/** Of one output. */
function weightBytes({ inputs }: PanelShape): number {
  return Float32Array.BYTES_PER_ELEMENT * inputs;
}

/** With a larger share of inputs that are not 0, the dense kernels are faster. */
const mostSparse = 0.4;

class WasmPredictor implements Predictor {
  readonly sizeBytes: number;
  readonly #kernels: Kernels;
  readonly #giveBackMemory: () => void;
  readonly #floats: Float32Array;
  readonly #plan: PredictorPlan;
  readonly #scaling: AffineMap;
  #disposed = false;

  constructor(
    { kernels, memory, dispose }: { kernels: Kernels; memory: WebAssembly.Memory; dispose: () => void },
    plan: PredictorPlan,
    scaling: AffineMap,
  ) {
    this.sizeBytes = memory.buffer.byteLength;
    this.#kernels = kernels;
    this.#giveBackMemory = dispose;
    this.#floats = new Float32Array(memory.buffer);
    this.#plan = plan;
    this.#scaling = scaling;
  }

  async predict(inputs: Float32Array, count: number): Promise<Float32Array> {
    const { network, sliceRows } = this.#plan;
    checkInputs(network, inputs, count);
    const outputs = new Float32Array(count * network.outputs);
    for (let first = 0; first < count; first += sliceRows) {
      if (first > 0) await nextTurn();
      this.#predictRows(inputs, outputs, first, Math.min(sliceRows, count - first));
    }
    return outputs;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#giveBackMemory();
  }

  /**
   * Raw inputs (all, network.inputs) → outputs (all, network.outputs), for `count` rows from `first`, at most `sliceRows`.
   * Where some of the rows are sparse and others are not, one by one: how a sample is computed must not depend on the
   * others.
   */
  #predictRows(inputs: Float32Array, outputs: Float32Array, first: number, count: number): void {
    const { network, layers, raw } = this.#plan;
    const end = first + count;
    this.#floats.set(inputs.subarray(first * network.inputs, end * network.inputs), raw / 4);
    const sparseRows = this.#listInputs(count);
    if (sparseRows > 0 && sparseRows < count) {
      for (let row = first; row < end; row++) this.#predictRows(inputs, outputs, row, 1);
      return;
    }
    const isSparse = sparseRows === count;
    if (count === 1) this.#predictRow(isSparse);
    else this.#predictSlice(isSparse, count);
    const last = layers[layers.length - 1];
    readRows(
      this.#floats,
      count === 1 ? last.rowOutputs : last.outputs,
      count,
      outputs.subarray(first * network.outputs, end * network.outputs),
    );
  }

  /** Returns how many of the rows are sparse. */
  #listInputs(rows: number): number {
    const { network, raw, x, rowX } = this.#plan;
    const most = Math.floor(mostSparse * network.inputs);
    const out = rows === 1 ? rowX : x;
    return this.#kernels.listRawDifferences({ raw, scaling: this.#scaling, rows, most, out });
  }

  /** The first layer's sums from the lists. */
  #sparseSums(out: BatchMatrix, rows: number): void {
    const { layers, outputsOfZeros: bias, scratch } = this.#plan;
    const x = rows === 1 ? this.#plan.rowX : this.#plan.x;
    const [layer] = layers;
    const panels = [0, layer.shape.panels] as const;
    this.#kernels.sparseDense({ x, background: 0, layer, bias, out, rows, panels, scratch });
  }

  #predictRow(isSparse: boolean): void {
    const { layers, raw } = this.#plan;
    let x = raw;
    layers.forEach((layer, l) => {
      const { shape, rowOutputs: out } = layer;
      if (l === 0 && isSparse) {
        this.#sparseSums(out, 1);
      } else {
        if (l === 0) this.#kernels.scaleRow({ raw, width: shape.inputs, scaling: this.#scaling });
        this.#kernels.denseRow({ x, layer, out: out.panels });
      }
      this.#activate(layer, out, 1);
      x = out.panels;
    });
  }

  #predictSlice(isSparse: boolean, count: number): void {
    const { layers, raw, x: inputs } = this.#plan;
    const quads = [0, Math.ceil(count / 4)] as const;
    let x = inputs;
    layers.forEach((layer, l) => {
      const { shape, outputs: out } = layer;
      const panels = [0, shape.panels] as const;
      if (l === 0 && isSparse) {
        this.#sparseSums(out, count);
      } else {
        if (l === 0) this.#kernels.scaleQuads({ raw, scaling: this.#scaling, rows: count, out: x });
        this.#kernels.dense({ x, layer, out, quads, panels });
      }
      this.#activate(layer, out, roundUp(count, 4));
      if (out.quads !== 0) this.#kernels.toQuads({ matrix: out, quads, panels });
      x = out;
    });
  }

  #activate({ shape }: LayerPlan, values: BatchMatrix, rows: number): void {
    const { activation, panels } = shape;
    this.#kernels.activate({ activation, values, source: 0, factors: 0, rows, panels: [0, panels] });
  }
}
