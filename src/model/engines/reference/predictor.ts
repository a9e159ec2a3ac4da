/** Inference: raw inputs to class probabilities. */
import { checkParameters, tensorOf } from '../../initialization.js';
import { denseLayers } from '../../network.js';
import type { NetworkSpec, StateDict } from '../../network.js';
import { normalize } from '../../preprocessing.js';
import type { Preprocessing } from '../../preprocessing.js';
import type { Predictor } from '../engine.js';
import { softmax } from './cross-entropy.js';
import { createActivations, firstRows, forward, logitsOf } from './forward-backward.js';
import { rowsOf } from './matrix.js';
import type { FloatsConstructor } from './matrix.js';

/** Samples worked on at a time, so that memory does not grow with the request. */
const sliceRows = 64;

export function createReferencePredictor(
  network: NetworkSpec,
  parameters: StateDict,
  preprocessing: Preprocessing,
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
    if (inputs.length !== count * network.inputs) {
      throw new RangeError(`${count} samples are ${count * network.inputs} numbers, not ${inputs.length}`);
    }
    const raw = rowsOf(inputs, network.inputs);
    const output = new Float32Array(count * network.outputs);
    const probabilities = rowsOf(output, network.outputs);
    for (let first = 0; first < count; first += sliceRows) {
      const activations = firstRows(sliceActivations, Math.min(sliceRows, count - first));
      activations[0].forEach((row, b) => {
        for (let i = 0; i < row.length; i++) row[i] = normalize(preprocessing, raw[first + b][i]);
      });
      forward(layers, activations);
      logitsOf(activations).forEach((logits, b) => softmax(probabilities[first + b], logits));
    }
    return output;
  }

  return {
    predict: async (inputs, count) => Promise.resolve(predict(inputs, count)),
    dispose() {
      // Nothing is held outside the heap.
    },
  };
}
