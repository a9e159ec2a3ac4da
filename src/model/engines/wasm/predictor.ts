/** Inference on the kernels: raw inputs to class probabilities, a slice of the request at a time. */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { checkParameters, tensorOf } from '../../initialization.js';
import { denseLayers, type NetworkSpec, type StateDict } from '../../network.js';
import type { Preprocessing } from '../../preprocessing.js';
import type { Predictor } from '../engine.js';
import { instantiate, type CompiledKernels } from './kernels.js';
import { createLayout, roundUp, strideOf } from './layout.js';
import { panelShapes, planLayer, writeLayer } from './panels.js';

/**
 * Samples are worked on in slices, so that memory does not grow with the request and others wait no longer than for one:
 * for so many multiplications, a millisecond or a few of them, but of a small network no more samples than this.
 */
const sliceMultiplications = 15e6;
const mostSliceRows = 64;

export function createWasmPredictor(
  { module, heapBase }: CompiledKernels,
  network: NetworkSpec,
  parameters: StateDict,
  { divide_by, mean, std }: Preprocessing,
): Predictor {
  checkParameters(network, parameters);
  const sliceRows = sliceRowsFor(network);
  const layout = createLayout(heapBase);
  const layers = panelShapes(network).map((shape) => ({
    shape,
    values: planLayer(layout, shape),
    /** (sliceRows, stride) */
    outputs: layout.floats(sliceRows * shape.stride),
  }));
  const xStride = strideOf(network.inputs);
  /** (sliceRows, xStride) */
  const x = layout.floats(sliceRows * xStride);
  /** (sliceRows, outputs) */
  const probabilities = layout.floats(sliceRows * network.outputs);
  const memory = layout.createMemory();
  const kernels = instantiate(module, memory);
  const floats = new Float32Array(memory.buffer);
  for (const { shape, values } of layers) {
    const tensor = (name: string) => tensorOf(parameters, `${shape.name}.${name}`).data;
    writeLayer(floats, shape, values, tensor('weight'), tensor('bias'));
  }

  /** `inputs` (count, network.inputs) raw → `output` (count, network.outputs); at most `sliceRows` of them. */
  function predictSlice(inputs: Float32Array, count: number, output: Float32Array): void {
    for (let row = 0; row < count; row++) {
      const sample = inputs.subarray(row * network.inputs, (row + 1) * network.inputs);
      floats.set(sample, x / 4 + row * xStride);
    }
    kernels.normalize(x, xStride, count, network.inputs, divide_by, mean, std);
    let [from, fromStride] = [x, xStride];
    for (const { shape, values, outputs } of layers) {
      const { panelRows, panels, stride, activation } = shape;
      const { weights, bias } = values;
      const relu = activation === 'relu';
      if (count === 1) {
        kernels.denseRow(from, shape.inputs, weights, panelRows, bias, panels, outputs, relu);
      } else {
        // prettier-ignore
        kernels.dense(from, fromStride, roundUp(count, 4), shape.inputs, weights, panelRows, bias, panels, outputs, stride, relu);
      }
      [from, fromStride] = [outputs, stride];
    }
    kernels.softmax(from, fromStride, count, network.outputs, probabilities);
    output.set(floats.subarray(probabilities / 4, probabilities / 4 + count * network.outputs));
  }

  return {
    async predict(inputs, count) {
      if (inputs.length !== count * network.inputs) {
        throw new RangeError(`${count} samples are ${count * network.inputs} numbers, not ${inputs.length}`);
      }
      const output = new Float32Array(count * network.outputs);
      for (let first = 0; first < count; first += sliceRows) {
        if (first > 0) await letOthersRun();
        const rows = Math.min(sliceRows, count - first);
        const end = first + rows;
        predictSlice(
          inputs.subarray(first * network.inputs, end * network.inputs),
          rows,
          output.subarray(first * network.outputs, end * network.outputs),
        );
      }
      return output;
    },
    dispose() {
      // The memory goes with the last reference to this predictor.
    },
  };
}

/** A multiple of 4, as the kernels take them: for a wide network, four at once take hardly longer than one. */
function sliceRowsFor(network: NetworkSpec): number {
  const perSample = denseLayers(network).reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  const rows = Math.floor(sliceMultiplications / perSample / 4) * 4;
  return Math.min(mostSliceRows, Math.max(4, rows));
}
