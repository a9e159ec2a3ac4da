/** TensorFlow.js for Node.js: TensorFlow's own kernels, on a GPU with CUDA or on the CPU. */
import type { Engine } from '../engine.js';
import { createTensorflowPredictor } from './predictor.js';
import { openTensorflow, type Tensorflow } from './tensorflow.js';
import { createTensorflowTrainer } from './trainer.js';

/** `open` rejects with the reason why there is no TensorFlow here. */
export function createTensorflowEngine(open: () => Promise<Tensorflow> = openTensorflow): Engine {
  let opened: Promise<Tensorflow> | undefined;
  // Loaded once, when it is first asked for: that takes a second.
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
    predictor: async (...model) => createTensorflowPredictor(await tensorflow(), ...model),
  };
}
