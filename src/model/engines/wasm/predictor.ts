/** Inference on the kernels: raw inputs to class probabilities, a slice of the request at a time. */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { checkParameters, tensorOf } from '../../initialization.js';
import { parameterCount, type NetworkSpec, type StateDict } from '../../network.js';
import { fillProbabilities } from '../../output-probabilities.js';
import { normalize } from '../../preprocessing.js';
import type { PredictionProgram, Predictor } from '../engine.js';
import { activationCodes, instantiate, type CompiledKernels } from './kernels.js';
import { createLayout, roundUp } from './layout.js';
import { giveBackMemory, takeMemory } from './memory-pool.js';
import { panelShapes, planLayer, writeLayer } from './panels.js';
import { inputsOfPiece } from './plan.js';

/** Of inputs that are not 0; with more, the dense kernels are faster. */
const mostSparse = 0.4;

export function createWasmPredictor(
  { module, heapBase }: CompiledKernels,
  { network, loss, preprocessing }: PredictionProgram,
  parameters: StateDict,
): Predictor {
  checkParameters(network, parameters);
  const { divide_by, mean, std } = preprocessing;
  const width = network.inputs;
  const sliceRows = rowsOfSlice(network);
  const layout = createLayout(heapBase);
  const layers = panelShapes(network).map((shape) => ({
    shape,
    values: planLayer(layout, shape),
    /** (panels, sliceRows, 8), and the same in quads. */
    outputs: layout.floats(8 * shape.panels * sliceRows),
    outputQuads: layout.floats(8 * shape.panels * sliceRows),
  }));
  const [first] = layers;
  const last = layers[layers.length - 1];
  /** (sliceRows, inputs), as they came. */
  const raw = layout.floats(sliceRows * width);
  const inputColumns = roundUp(width, 8);
  const inputQuads = layout.floats(sliceRows * inputColumns);
  /** What differs from 0, and the first layer's outputs where nothing does; see kernels/differences.ts. */
  const lists = Math.ceil(width / inputsOfPiece) * sliceRows;
  const entries = layout.bytes(8 * inputsOfPiece * lists);
  const counts = layout.bytes(4 * lists);
  const outputsOfZeros = layout.floats(8 * first.shape.panels);
  const scratch = layout.floats(16);

  const memory = takeMemory(layout.sizeBytes());
  const kernels = instantiate(module, memory);
  const floats = new Float32Array(memory.buffer);
  for (const { shape, values } of layers) {
    const tensor = (name: string) => tensorOf(parameters, `${shape.name}.${name}`).data;
    writeLayer(floats, shape, values, tensor('weight'), tensor('bias'));
  }
  floats.set(outputsOf(parameters, first.shape, normalize(preprocessing, 0)), outputsOfZeros / 4);
  let disposed = false;

  /**
   * The first layer for `count` rows, from `raw` to panels of `rowsStride` rows. False, and nothing done, where some rows
   * are sparse and others are not: how a sample is worked out must not depend on those beside it.
   */
  function firstLayer(count: number, rowsStride: number): boolean {
    const { panelRows, panels } = first.shape;
    const { weights, bias } = first.values;
    const most = Math.floor(mostSparse * width);
    // prettier-ignore
    const sparseRows = kernels.listRawDifferences(raw, width, count, divide_by, std, entries, counts, rowsStride, most);
    if (sparseRows === count) {
      // prettier-ignore
      kernels.sparseDense(entries, counts, width, count, 0, weights, panelRows, outputsOfZeros, 0, panels, first.outputs, rowsStride, scratch);
    } else if (sparseRows > 0) {
      return false;
    } else if (count === 1) {
      kernels.normalizeRow(raw, width, divide_by, mean, std);
      kernels.denseRow(raw, width, weights, panelRows, bias, panels, first.outputs);
    } else {
      kernels.normalizeQuads(raw, count, width, divide_by, mean, std, inputQuads, inputColumns);
      const quads = Math.ceil(count / 4);
      // prettier-ignore
      kernels.dense(inputQuads, inputColumns, width, 0, quads, weights, panelRows, bias, 0, panels, first.outputs, rowsStride);
    }
    return true;
  }

  /** What follows it: the last layer's outputs, in panels of `rowsStride` rows; a panel of one row is a plain array. */
  function otherLayers(count: number, rowsStride: number): void {
    const rows = count === 1 ? 1 : roundUp(count, 4);
    layers.forEach(({ shape, values, outputs, outputQuads }, l) => {
      const { inputs, panelRows, panels, activation } = shape;
      const { weights, bias } = values;
      if (l > 0) {
        const below = layers[l - 1];
        if (count === 1) kernels.denseRow(below.outputs, inputs, weights, panelRows, bias, panels, outputs);
        else {
          // prettier-ignore
          kernels.dense(below.outputQuads, 8 * below.shape.panels, inputs, 0, rows / 4, weights, panelRows, bias, 0, panels, outputs, rowsStride);
        }
      }
      kernels.activate(activationCodes[activation], outputs, 0, 0, rowsStride, rows, 0, panels);
      if (count > 1) kernels.toQuads(outputs, rowsStride, rows / 4, 0, panels, outputQuads, 8 * panels);
    });
  }

  /** `inputs` (count, network.inputs) raw → `probabilities` (count, network.outputs); at most `sliceRows` of them. */
  function predictSlice(inputs: Float32Array, count: number, probabilities: Float32Array): void {
    const rowsStride = count === 1 ? 1 : sliceRows;
    floats.set(inputs, raw / 4);
    if (!firstLayer(count, rowsStride)) {
      for (let row = 0; row < count; row++) predictSlice(...sliceOf(inputs, probabilities, row, 1));
      return;
    }
    otherLayers(count, rowsStride);
    const outputs = new Float32Array(network.outputs);
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < outputs.length; i++) {
        outputs[i] = floats[last.outputs / 4 + ((i >> 3) * rowsStride + row) * 8 + (i & 7)];
      }
      const start = row * outputs.length;
      fillProbabilities(loss, probabilities.subarray(start, start + outputs.length), outputs);
    }
  }

  function sliceOf(
    inputs: Float32Array,
    probabilities: Float32Array,
    first: number,
    count: number,
  ): [Float32Array, number, Float32Array] {
    const end = first + count;
    return [
      inputs.subarray(first * width, end * width),
      count,
      probabilities.subarray(first * network.outputs, end * network.outputs),
    ];
  }

  return {
    async predict(inputs, count) {
      if (inputs.length !== count * width) {
        throw new RangeError(`${count} samples are ${count * width} numbers, not ${inputs.length}`);
      }
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

/** (outputs) Of a first layer all of whose inputs are `value`, in float64. */
function outputsOf(
  parameters: StateDict,
  { name, inputs, outputs }: { name: string; inputs: number; outputs: number },
  value: number,
): Float32Array {
  const weights = tensorOf(parameters, `${name}.weight`).data;
  const bias = tensorOf(parameters, `${name}.bias`).data;
  return Float32Array.from({ length: outputs }, (_, output) => {
    let sum = 0;
    for (let input = 0; input < inputs; input++) sum += weights[output * inputs + input];
    return bias[output] + value * sum;
  });
}
