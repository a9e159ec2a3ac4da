/** Kernels in C++ for the processor's own instruction set, compiled on the machine that they run on. */
import type { Engine } from '../engine.js';
import { loadAddon, type LoadedAddon } from './addon.js';
import { createNativePredictor } from './predictor.js';
import { createNativeTrainer } from './trainer.js';

/** `instructionSet`: one of those that the processor has; the fastest if left out. `path`: as `loadAddon` takes it. */
export function createNativeEngine(instructionSet?: string, path?: string): Engine {
  const load = (): LoadedAddon => {
    const addon = loadAddon(path);
    const sets = addon.instructionSets();
    const set = instructionSet === undefined ? sets.at(0) : sets.find((name) => name === instructionSet);
    if (set === undefined) {
      const missing = instructionSet ?? 'AVX2 or NEON';
      throw new Error(`this processor does not have ${missing}`);
    }
    return { addon, set };
  };
  return {
    name: 'native',
    probe: async () => {
      await Promise.resolve();
      try {
        return { available: true, device: `CPU, ${load().set}` };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { available: false, reason: `its kernels cannot be loaded: ${reason}` };
      }
    },
    trainer: async (...training) => Promise.resolve(createNativeTrainer(load(), ...training)),
    predictor: async (...model) => createNativePredictor(load(), ...model),
  };
}
