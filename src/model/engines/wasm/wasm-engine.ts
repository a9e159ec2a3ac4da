/** The default engine: WebAssembly with 128-bit SIMD and threads, which every supported Node.js runs without anything else. */
import type { Engine } from '../engine.js';
import { compileKernels } from './compile-kernels.js';
import { giveBackMemory, takeMemory } from './memory-pool.js';
import { createWasmPredictor } from './predictor.js';
import { createWasmTrainer } from './trainer.js';

/** Predictors share their pool with trainers. */
const memories = { take: takeMemory, giveBack: giveBackMemory };

export function createWasmEngine(): Engine {
  return {
    name: 'wasm',
    async probe() {
      try {
        await compileKernels();
        return { available: true, device: 'CPU, WebAssembly SIMD' };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { available: false, reason: `its kernels cannot be loaded: ${reason}` };
      }
    },
    trainer: async (...training) => createWasmTrainer(await compileKernels(), ...training),
    predictor: async (...model) => createWasmPredictor(await compileKernels(), memories, ...model),
  };
}
