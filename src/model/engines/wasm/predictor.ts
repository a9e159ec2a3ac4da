/** Inference on the kernels: raw inputs to raw outputs, a slice of the request at a time. */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { parameterCount, type NetworkSpec, type StateDict } from '../../network/network.js';
import { applyAffine, type AffineMap } from '../../preprocessing/affine.js';
import { createSlicedWork } from '../../../lib/sliced-work.js';
import { checkInputs } from '../check-data.js';
import type { PredictionProgram, Predictor } from '../engine.js';
import { planBatchMatrix } from './batch-matrix.js';
import { activationCodes, instantiate, type CompiledKernels } from './kernels.js';
import { createLayout, roundUp } from './layout.js';
import { giveBackMemory, takeMemory } from './memory-pool.js';
import { panelShapes, planLayer, writeOutputs, type LayerAddress, type PanelShape } from './panels.js';

/** Of inputs that are not 0; with more, the dense kernels are faster. */
const mostSparse = 0.4;

export async function createWasmPredictor(
  { module, heapBase }: CompiledKernels,
  { network, scaling }: PredictionProgram,
  parameters: StateDict,
): Promise<Predictor> {
  checkParameters(network, parameters);
  const map = scaling ?? { divide_by: 1, mean: 0, std: 1 };
  const { divide_by, mean, std } = map;
  const width = network.inputs;
  const sliceRows = rowsOfSlice(network);
  const layout = createLayout(heapBase);
  const shapes = panelShapes(network);
  const layers = shapes.map((shape, l) => ({
    shape,
    values: planLayer(layout, shape),
    /** Of the last layer nobody reads the quads. */
    outputs: planBatchMatrix(layout, shape.outputs, sliceRows, {
      panels: true,
      quads: l < shapes.length - 1,
    }),
  }));
  const [first] = layers;
  const last = layers[layers.length - 1];
  /** (sliceRows, inputs), as they came. */
  const raw = layout.floats(sliceRows * width);
  /** The inputs as the network takes them, or where they differ from 0. */
  const x = planBatchMatrix(layout, width, sliceRows, { quads: true, lists: true });
  /** The first layer's outputs where no input does. */
  const outputsOfZeros = layout.floats(8 * first.shape.panels);
  const scratch = layout.floats(16);

  const memory = takeMemory(layout.sizeBytes());
  const kernels = instantiate(module, memory);
  const floats = new Float32Array(memory.buffer);
  // Not written here: no closure of this function may hold the parameters, which are as large as what becomes of them.
  await writeParameters(floats, layers, parameters);
  floats.set(await outputsOfFirst(parameters, first.shape, map), outputsOfZeros / 4);
  let disposed = false;

  /**
   * The first layer for `count` rows, from `raw` to panels of `rowsStride` rows. False, and nothing done, where some rows
   * are sparse and others are not: how a sample is worked out must not depend on those beside it.
   */
  function firstLayer(count: number, rowsStride: number): boolean {
    const { panelRows, panels } = first.shape;
    const { weights, bias } = first.values;
    const most = Math.floor(mostSparse * width);
    const { panels: outputs } = first.outputs;
    // prettier-ignore
    const sparseRows = kernels.listRawDifferences(raw, width, count, divide_by, std, x.entries, x.counts, rowsStride, most);
    if (sparseRows === count) {
      // prettier-ignore
      kernels.sparseDense(x.entries, x.counts, width, count, 0, weights, panelRows, outputsOfZeros, 0, panels, outputs, rowsStride, scratch);
    } else if (sparseRows > 0) {
      return false;
    } else if (count === 1) {
      kernels.normalizeRow(raw, width, divide_by, mean, std);
      kernels.denseRow(raw, width, weights, panelRows, bias, panels, outputs);
    } else {
      kernels.normalizeQuads(raw, count, width, divide_by, mean, std, x.quads, x.columns);
      const quads = Math.ceil(count / 4);
      // prettier-ignore
      kernels.dense(x.quads, x.columns, width, 0, quads, weights, panelRows, bias, 0, panels, outputs, rowsStride);
    }
    activate(first, count, rowsStride);
    return true;
  }

  /** What follows it. */
  function otherLayers(count: number, rowsStride: number): void {
    layers.slice(1).forEach((layer, below) => {
      const { inputs, panelRows, panels } = layer.shape;
      const { weights, bias } = layer.values;
      const { panels: outputs } = layer.outputs;
      const from = layers[below].outputs;
      if (count === 1) kernels.denseRow(from.panels, inputs, weights, panelRows, bias, panels, outputs);
      else {
        const quads = Math.ceil(count / 4);
        // prettier-ignore
        kernels.dense(from.quads, from.columns, inputs, 0, quads, weights, panelRows, bias, 0, panels, outputs, rowsStride);
      }
      activate(layer, count, rowsStride);
    });
  }

  /** A layer's outputs, in panels of `rowsStride` rows, as the next one reads them; a panel of one row is a plain array. */
  function activate({ shape, outputs }: (typeof layers)[number], count: number, rowsStride: number): void {
    const rows = count === 1 ? 1 : roundUp(count, 4);
    const { panels, quads, columns } = outputs;
    kernels.activate(activationCodes[shape.activation], panels, 0, 0, rowsStride, rows, 0, shape.panels);
    if (count > 1 && quads !== 0) {
      kernels.toQuads(panels, rowsStride, rows / 4, 0, shape.panels, quads, columns);
    }
  }

  /** `inputs` (count, network.inputs) raw → `outputs` (count, network.outputs); at most `sliceRows` of them. */
  function predictSlice(inputs: Float32Array, count: number, outputs: Float32Array): void {
    const rowsStride = count === 1 ? 1 : sliceRows;
    floats.set(inputs, raw / 4);
    if (!firstLayer(count, rowsStride)) {
      for (let row = 0; row < count; row++) predictSlice(...sliceOf(inputs, outputs, row, 1));
      return;
    }
    otherLayers(count, rowsStride);
    const width = network.outputs;
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < width; i++) {
        outputs[row * width + i] =
          floats[last.outputs.panels / 4 + ((i >> 3) * rowsStride + row) * 8 + (i & 7)];
      }
    }
  }

  function sliceOf(
    inputs: Float32Array,
    outputs: Float32Array,
    first: number,
    count: number,
  ): [Float32Array, number, Float32Array] {
    const end = first + count;
    return [
      inputs.subarray(first * width, end * width),
      count,
      outputs.subarray(first * network.outputs, end * network.outputs),
    ];
  }

  return {
    sizeBytes: memory.buffer.byteLength,
    async predict(inputs, count) {
      checkInputs(network, inputs, count);
      const output = new Float32Array(count * network.outputs);
      for (let first = 0; first < count; first += sliceRows) {
        if (first > 0) await letOthersRun();
        predictSlice(...sliceOf(inputs, output, first, Math.min(sliceRows, count - first)));
      }
      return output;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      giveBackMemory(memory);
    },
  };
}

/** Multiplications of about 2 ms, after which others of the event loop have their turn. */
const multiplicationsOfSlice = 20_000_000;

/**
 * Samples worked on at a time, a multiple of 4: memory does not grow with the request, and others wait no longer than for
 * this many.
 */
function rowsOfSlice(network: NetworkSpec): number {
  const rows = Math.floor(multiplicationsOfSlice / parameterCount(network));
  return Math.max(4, Math.min(64, rows - (rows % 4)));
}

/** In slices: a large network keeps no request waiting while it is loaded. */
async function writeParameters(
  floats: Float32Array,
  layers: readonly { shape: PanelShape; values: LayerAddress }[],
  parameters: StateDict,
): Promise<void> {
  const inSlices = createSlicedWork();
  for (const { shape, values } of layers) {
    const weights = tensorOf(parameters, `${shape.name}.weight`).data;
    await inSlices(shape.outputs, rowBytes(shape), (first, end) =>
      writeOutputs(floats, shape, values, weights, first, end),
    );
    floats.set(tensorOf(parameters, `${shape.name}.bias`).data, values.bias / 4);
  }
}

/** (outputs) Of the first layer where all inputs are 0 before they are normalised, in float64. */
async function outputsOfFirst(
  parameters: StateDict,
  shape: PanelShape,
  map: AffineMap,
): Promise<Float32Array> {
  const { name, inputs, outputs } = shape;
  const weights = tensorOf(parameters, `${name}.weight`).data;
  const bias = tensorOf(parameters, `${name}.bias`).data;
  const value = applyAffine(map, 0);
  const found = new Float32Array(outputs);
  await createSlicedWork()(outputs, rowBytes(shape), (first, end) => {
    for (let output = first; output < end; output++) {
      let sum = 0;
      for (let input = 0; input < inputs; input++) sum += weights[output * inputs + input];
      found[output] = bias[output] + value * sum;
    }
  });
  return found;
}

/** Of one output's weights. */
function rowBytes({ inputs }: PanelShape): number {
  return Float32Array.BYTES_PER_ELEMENT * inputs;
}
