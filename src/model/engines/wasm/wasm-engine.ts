/** The default engine: WebAssembly with 128-bit SIMD, which every Node.js that Trainyard supports runs as it is. */
import type { Engine } from '../engine.js';
import { compileKernels } from './kernels.js';
import { createWasmPredictor } from './predictor.js';
import { createWasmTrainer } from './trainer.js';

export function createWasmEngine(): Engine {
  return {
    name: 'wasm',
    async probe() {
      try {
        await compileKernels();
        return { available: true, device: 'CPU, 1 thread, WebAssembly SIMD' };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { available: false, reason: `its kernels cannot be loaded: ${reason}` };
      }
    },
    trainer: async (program, data, state) => createWasmTrainer(await compileKernels(), program, data, state),
    predictor: async (network, parameters, preprocessing) =>
      createWasmPredictor(await compileKernels(), network, parameters, preprocessing),
  };
}
