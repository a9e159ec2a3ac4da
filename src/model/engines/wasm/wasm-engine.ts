/** The default engine: WebAssembly with 128-bit SIMD, which every Node.js that Trainyard supports runs as it is. */
import type { HiddenLayer } from '../../network.js';
import type { Engine } from '../engine.js';
import { compileKernels } from './kernels.js';
import { createWasmPredictor } from './predictor.js';
import { createWasmTrainer, device, refuseUnknown } from './trainer.js';

export function createWasmEngine(): Engine {
  return {
    name: 'wasm',
    async probe() {
      try {
        await compileKernels();
        return { available: true, device };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { available: false, reason: `its kernels cannot be loaded: ${reason}` };
      }
    },
    trainer: async (program, data, state) => createWasmTrainer(await compileKernels(), program, data, state),
    predictor: async (program, parameters) => {
      const { network, preprocessing } = program;
      refuseUnknown({ ...program, network: { ...network, hidden: network.hidden.map(withoutDropout) } });
      return createWasmPredictor(await compileKernels(), network, parameters, preprocessing);
    },
  };
}

/** Predicting leaves it out. */
function withoutDropout(layer: HiddenLayer): HiddenLayer {
  return { ...layer, dropout: 0 };
}
