/** TensorFlow.js for Node.js: TensorFlow's own kernels, on a GPU with CUDA or on the CPU. */
import { checkParameters, tensorOf } from '../../network/initialization.js';
import { parameterCount, parameterShapes, type StateDict } from '../../network/network.js';
import { applyAffine } from '../../preprocessing/affine.js';
import { checkInputs } from '../check-data.js';
import type { Engine, PredictionProgram, Predictor } from '../engine.js';
import { onDevice } from './learned-tensors.js';
import { createConstants, createPasses } from './passes.js';
import { openTensorflow, type Tensorflow } from './tensorflow.js';
import { createTensorflowTrainer } from './trainer.js';

/** `open` rejects with the reason where there is no TensorFlow. */
export function createTensorflowEngine(open: () => Promise<Tensorflow> = openTensorflow): Engine {
  let opened: Promise<Tensorflow> | undefined;
  // Loaded once, when it is first needed: that takes a second.
  const tensorflow = (): Promise<Tensorflow> => (opened ??= open());

  return {
    name: 'tensorflow',
    async probe() {
      try {
        const { device, hasGpu } = await tensorflow();
        return { available: true, device, hasGpu };
      } catch (error) {
        return { available: false, reason: error instanceof Error ? error.message : String(error) };
      }
    },
    trainer: async (...training) => createTensorflowTrainer(await tensorflow(), ...training),
    predictor: async (...model) => createPredictor(await tensorflow(), ...model),
  };
}

/** Samples computed at a time, so that memory does not grow with the request. */
const sliceRows = 1_024;

function createPredictor(
  { tf }: Tensorflow,
  { network, scaling }: PredictionProgram,
  stateDict: StateDict,
): Predictor {
  checkParameters(network, stateDict);
  const constants = createConstants(tf);
  const passes = createPasses(tf, network, constants);
  const parameters = parameterShapes(network).map(({ name }) => onDevice(tf, tensorOf(stateDict, name)));

  /** raw (rows, inputs) → outputs (rows, outputs) */
  async function outputsOf(raw: Float32Array, rows: number): Promise<Float32Array> {
    const outputs = tf.tidy(() => {
      const inputs = scaling === null ? raw : raw.map((value) => applyAffine(scaling, value));
      return passes.forward(parameters, tf.tensor2d(inputs, [rows, network.inputs]), null).outputs;
    });
    try {
      return (await outputs.data()) as Float32Array;
    } finally {
      outputs.dispose();
    }
  }

  return {
    sizeBytes: Float32Array.BYTES_PER_ELEMENT * parameterCount(network),
    async predict(inputs, count) {
      checkInputs(network, inputs, count);
      const outputs = new Float32Array(count * network.outputs);
      for (let first = 0; first < count; first += sliceRows) {
        const end = Math.min(first + sliceRows, count);
        const raw = inputs.subarray(first * network.inputs, end * network.inputs);
        outputs.set(await outputsOf(raw, end - first), first * network.outputs);
      }
      return outputs;
    },
    dispose() {
      tf.dispose(parameters);
      constants.dispose();
    },
  };
}
