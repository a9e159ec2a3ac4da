/**
 * The arithmetic of the wasm engine, in AssemblyScript with 128-bit SIMD; scripts/build-kernels.mjs compiles it. Functions
 * take addresses of float32 buffers that the TypeScript side lays out (see ../layout.ts), and allocate nothing.
 *
 * Matrices are row-major with a leading dimension in floats, or in panels: columns in groups of 8, a panel (rows, 8) for
 * each, so that a kernel reads two vectors a row.
 */
export { dense, denseRow, transpose } from './dense';
export { updateDense } from './update';
export { crossEntropy, softmax, softmaxGradient } from './cross-entropy';
export { gather, normalize, reluGradient, toPanels } from './elementwise';

/** Where the memory is free to use. */
export function heapBase(): usize {
  return __heap_base;
}
