/** Inference: raw inputs to raw outputs. */
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { denseLayers, parameterCount } from '../../network/network.js';
import type { StateDict } from '../../network/network.js';
import { applyAffine } from '../../preprocessing/affine.js';
import { checkInputs } from '../check-data.js';
import type { PredictionProgram, Predictor } from '../engine.js';
import { createActivations, firstRows, forward, logitsOf } from './forward-backward.js';
import { rowsOf } from './matrix.js';
import type { FloatsConstructor } from './matrix.js';

/** Samples worked on at a time, so that memory does not grow with the request. */
const sliceRows = 64;

export function createReferencePredictor(
  { network, scaling }: PredictionProgram,
  parameters: StateDict,
  Numbers: FloatsConstructor,
): Predictor {
  checkParameters(network, parameters);
  const layers = denseLayers(network).map((layer) => ({
    ...layer,
    weights: rowsOf(tensorOf(parameters, `${layer.name}.weight`).data, layer.inputs),
    bias: tensorOf(parameters, `${layer.name}.bias`).data,
  }));
  const sliceActivations = createActivations(layers, sliceRows, Numbers);

  function predict(inputs: Float32Array, count: number): Float32Array {
    checkInputs(network, inputs, count);
    const raw = rowsOf(inputs, network.inputs);
    const output = new Float32Array(count * network.outputs);
    const rows = rowsOf(output, network.outputs);
    for (let first = 0; first < count; first += sliceRows) {
      const activations = firstRows(sliceActivations, Math.min(sliceRows, count - first));
      activations.values[0].forEach((row, b) => {
        for (let i = 0; i < row.length; i++) {
          const value = raw[first + b][i];
          row[i] = scaling === null ? value : applyAffine(scaling, value);
        }
      });
      forward(layers, activations, null);
      logitsOf(activations).forEach((outputs, b) => rows[first + b].set(outputs));
    }
    return output;
  }

  return {
    sizeBytes: Float32Array.BYTES_PER_ELEMENT * parameterCount(network),
    predict: async (inputs, count) => Promise.resolve(predict(inputs, count)),
    dispose() {
      // Nothing is held outside the heap.
    },
  };
}
