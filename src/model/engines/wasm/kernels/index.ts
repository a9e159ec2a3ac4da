/**
 * The arithmetic of the wasm engine, in AssemblyScript with 128-bit SIMD; scripts/build-kernels.mjs compiles it. Functions
 * take addresses in the one memory that the TypeScript side lays out (../layout.ts, ../plan.ts), and allocate nothing.
 * ../kernels.ts calls them. All threads of a trainer run them at the same time, each on its own share of panels or rows;
 * ../thread.ts says which thread may touch what.
 *
 * float32 matrices lie in one of two blocked layouts, so that the micro-kernel (blocks.ts) reads both operands in order:
 *
 *   panels (columns / 8, rows, 8): weights with a layer's inputs as rows and outputs as columns; batches with samples as
 *                                  rows and units as columns
 *   quads  (rows / 4, columns, 4): batches only
 *
 * Rows and columns that fill up a batch's last block hold anything: no sum that is used reaches into them. Rows that fill
 * up a panel of weights are zeros.
 */
export { toQuads } from './blocks';
export { gatherBytes, gatherFloats, listByteDifferences, listFloats, listNonzeros } from './gather';
export { listRawDifferences, scaleQuads, scaleRow } from './gather';
export { dense, denseRow, inputGradient } from './dense';
export { sparseDense, sparseInputGradient, updateSparseWeights } from './sparse';
export { activate, activationGradient } from './activation';
export { dropoutFactors } from './dropout';
export { crossEntropy, errorLoss } from './losses';
export { updateBias, updateWeights } from './update';
export { sumSquares, updateStored } from './clip';

/** Where the memory is free to use. */
export function heapBase(): usize {
  return __heap_base;
}

/** Some tenths of a millisecond. For a thread that is about to arrive, sleeping and waking would take longer. */
const spins = 100_000;

/**
 * Where the threads of a trainer wait for each other: returns once `threads` threads have called it. What one of them wrote
 * before, all of them see after. At `barrier` lie three u32, 0 at first: how many have arrived, how often all have, and how
 * many sleep.
 */
export function meet(barrier: usize, threads: u32): void {
  if (threads == 1) return;
  const round = atomic.load<u32>(barrier, 4);
  if (atomic.add<u32>(barrier, 1) == threads - 1) {
    atomic.store<u32>(barrier, 0);
    atomic.store<u32>(barrier, round + 1, 4);
    // A thread that counts itself as asleep after this check finds the new round, and does not sleep.
    if (atomic.load<u32>(barrier, 8) != 0) atomic.notify(barrier + 4, threads);
    return;
  }
  for (let spin = 0; spin < spins; spin++) {
    if (atomic.load<u32>(barrier, 4) != round) return;
  }
  atomic.add<u32>(barrier, 1, 8);
  while (atomic.load<u32>(barrier, 4) == round) atomic.wait<u32>(barrier + 4, round, -1);
  atomic.sub<u32>(barrier, 1, 8);
}
