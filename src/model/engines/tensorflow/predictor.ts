/** Inference: raw inputs to raw outputs. */
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { parameterCount, parameterShapes, type StateDict } from '../../network/network.js';
import { applyAffine } from '../../preprocessing/affine.js';
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
  { network, scaling }: PredictionProgram,
  stateDict: StateDict,
): Predictor {
  checkParameters(network, stateDict);
  const constants = createConstants(tf);
  const passes = createPasses(tf, network, constants);
  const parameters = parameterShapes(network).map(({ name }) => onDevice(tf, tensorOf(stateDict, name)));

  /** raw (rows, inputs) → logits (rows, outputs) */
  async function logitsOf(raw: Float32Array, rows: number): Promise<Float32Array> {
    const logits = tf.tidy(() => {
      const inputs = scaling === null ? raw : raw.map((value) => applyAffine(scaling, value));
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
      const outputs = new Float32Array(count * network.outputs);
      for (let first = 0; first < count; first += sliceRows) {
        const end = Math.min(first + sliceRows, count);
        const logits = await logitsOf(
          inputs.subarray(first * network.inputs, end * network.inputs),
          end - first,
        );
        outputs.set(logits, first * network.outputs);
      }
      return outputs;
    },
    dispose() {
      tf.dispose(parameters);
      constants.dispose();
    },
  };
}
