/**
 * The oracle that every other engine is tested against: plain TypeScript on one thread, short and obviously right. It
 * runs everywhere, so it is also the last resort.
 */
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { denseLayers, parameterCount, type StateDict } from '../../network/network.js';
import { applyAffine } from '../../preprocessing/affine.js';
import { checkInputs } from '../check-data.js';
import type { Engine, PredictionProgram, Predictor } from '../engine.js';
import { createActivations, firstRows, forward, outputsOf } from './layers.js';
import { rowsOf, type FloatsConstructor } from './matrix.js';
import { device, ReferenceTrainer } from './trainer.js';

/** With `Float64Array` everything but states and reported outputs is float64: the yardstick for rounding. */
export function createReferenceEngine(Numbers: FloatsConstructor = Float32Array): Engine {
  return {
    name: 'reference',
    probe: async () => Promise.resolve({ available: true, device }),
    trainer: async (program, data, state) =>
      Promise.resolve(new ReferenceTrainer(program, data, state, Numbers)),
    predictor: async (program, parameters) => Promise.resolve(createPredictor(program, parameters, Numbers)),
  };
}

/** Samples computed at a time, so that memory does not grow with the request. */
const sliceRows = 64;

function createPredictor(
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
    const outputs = new Float32Array(count * network.outputs);
    const rows = rowsOf(outputs, network.outputs);
    for (let first = 0; first < count; first += sliceRows) {
      const activations = firstRows(sliceActivations, Math.min(sliceRows, count - first));
      activations.values[0].forEach((row, b) => {
        row.set(raw[first + b].map((value) => (scaling === null ? value : applyAffine(scaling, value))));
      });
      forward(layers, activations, null);
      outputsOf(activations).forEach((row, b) => rows[first + b].set(row));
    }
    return outputs;
  }

  return {
    sizeBytes: Float32Array.BYTES_PER_ELEMENT * parameterCount(network),
    predict: async (inputs, count) => Promise.resolve(predict(inputs, count)),
    dispose() {
      // Nothing is held outside the heap.
    },
  };
}
