/**
 * The arithmetic of the wasm engine, in AssemblyScript with 128-bit SIMD; scripts/build-kernels.mjs compiles it. Functions
 * take addresses in the one memory that the TypeScript side lays out (see ../plan.ts), and allocate nothing. All threads
 * of a trainer run them at the same time, each on its own share of panels or rows; ../step.ts says who may touch what.
 *
 * float32 matrices lie in one of two blocked layouts, so that the micro-kernel (tile.ts) reads both its operands in a line:
 *
 *   panels (columns / 8, rows, 8): weights with a layer's inputs as rows and outputs as columns; batches with samples as
 *                                  rows and units as columns
 *   quads  (rows / 4, columns, 4): batches only
 *
 * Rows and columns that fill up a batch's last block hold anything: no sum that is used reaches into them. Rows that fill
 * up a panel of weights are zeros.
 */
export { meet } from './barrier';
export { dense, denseRow, inputGradient } from './dense';
export { activate, activationGradient } from './activation';
export { dropoutFactors } from './dropout';
export { crossEntropy } from './cross-entropy';
export { squaredError } from './squared-error';
export { listDifferences, listNonzeros, listRawDifferences } from './differences';
export { sparseDense, sparseInputGradient, updateSparseWeights } from './sparse';
export { toQuads } from './transpose';
export { gather, normalizeQuads, normalizeRow } from './gather';
export { updateBias, updateWeights } from './update';

/** Where the memory is free to use. */
export function heapBase(): usize {
  return __heap_base;
}
