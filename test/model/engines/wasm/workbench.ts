/** A memory of its own for the tests of single kernels. */
import { compileKernels } from '../../../../src/model/engines/wasm/compile-kernels.js';
import { Kernels } from '../../../../src/model/engines/wasm/kernels.js';
import { createLayout, type Layout } from '../../../../src/model/engines/wasm/layout.js';
import { takeMemory } from '../../../../src/model/engines/wasm/memory-pool.js';

export interface Workbench {
  kernels: Kernels;
  /** The numbers at an address. */
  floats: (address: number, count: number) => Float32Array;
}

/** `plan` says what is needed and gets the addresses. */
export async function workbench<Plan>(plan: (layout: Layout) => Plan): Promise<Workbench & { at: Plan }> {
  const { module, heapBase } = await compileKernels();
  const layout = createLayout(heapBase);
  const at = plan(layout);
  const memory = takeMemory(layout.sizeBytes());
  return {
    at,
    kernels: new Kernels(module, memory),
    floats: (address, count) => new Float32Array(memory.buffer, address, count),
  };
}
