/**
 * Predictions alone, by kernels that come as bytes and in memories that no threads share: for files that predict without the
 * service, in any browser.
 */
import type { Engine } from '../engine.js';
import { compile } from './kernels.js';
import { createWasmPredictor, type Memories } from './predictor.js';

const pageBytes = 65_536;

const memories: Memories = {
  take: (neededBytes) => new WebAssembly.Memory({ initial: Math.ceil(neededBytes / pageBytes) }),
  giveBack: () => undefined,
};

/** @param kernels what kernels/predictor.ts is compiled to */
export async function createEmbeddedEngine(kernels: Uint8Array): Promise<Pick<Engine, 'predictor'>> {
  const compiled = await compile(kernels, new WebAssembly.Memory({ initial: 1 }));
  return { predictor: (...model) => createWasmPredictor(compiled, memories, ...model) };
}
