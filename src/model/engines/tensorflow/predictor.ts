/** Inference: raw inputs to class probabilities. */
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { parameterCount, parameterShapes, type StateDict } from '../../network/network.js';
import { fillProbabilities } from '../../heads/output-probabilities.js';
import { normalize } from '../../preprocessing/affine.js';
import { checkInputs } from '../check-data.js';
import type { PredictionProgram, Predictor } from '../engine.js';
import { createConstants } from './constants.js';
import { createPasses } from './forward-backward.js';
import { onDevice } from './learned-tensors.js';
import type { Tensorflow } from './tensorflow.js';

/** Samples worked on at a time, so that memory does not grow with the request. */
const sliceRows = 1_024;

export function createTensorflowPredictor(
  { tf }: Tensorflow,
  { network, loss, preprocessing }: PredictionProgram,
  stateDict: StateDict,
): Predictor {
  checkParameters(network, stateDict);
  const constants = createConstants(tf);
  const passes = createPasses(tf, network, constants);
  const parameters = parameterShapes(network).map(({ name }) => onDevice(tf, tensorOf(stateDict, name)));

  /** raw (rows, inputs) → logits (rows, outputs) */
  async function logitsOf(raw: Float32Array, rows: number): Promise<Float32Array> {
    const logits = tf.tidy(() => {
      const inputs = raw.map((value) => normalize(preprocessing, value));
      return passes.forward(parameters, tf.tensor2d(inputs, [rows, network.inputs]), null).logits;
    });
    try {
      return (await logits.data()) as Float32Array;
    } finally {
      logits.dispose();
    }
  }

  return {
    sizeBytes: Float32Array.BYTES_PER_ELEMENT * parameterCount(network),
    async predict(inputs, count) {
      checkInputs(network, inputs, count);
      const probabilities = new Float32Array(count * network.outputs);
      for (let first = 0; first < count; first += sliceRows) {
        const end = Math.min(first + sliceRows, count);
        const logits = await logitsOf(
          inputs.subarray(first * network.inputs, end * network.inputs),
          end - first,
        );
        for (let row = 0; row < end - first; row++) {
          const at = (first + row) * network.outputs;
          fillProbabilities(
            loss,
            probabilities.subarray(at, at + network.outputs),
            logits.subarray(row * network.outputs, (row + 1) * network.outputs),
          );
        }
      }
      return probabilities;
    },
    dispose() {
      tf.dispose(parameters);
      constants.dispose();
    },
  };
}
