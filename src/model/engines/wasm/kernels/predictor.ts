/**
 * The kernels of predictions alone, compiled for a memory that is not shared: they travel in files that predict without the
 * service, also in browsers that share no memory.
 */
export { toQuads } from './blocks';
export { listRawDifferences, scaleQuads, scaleRow } from './gather';
export { dense, denseRow } from './dense';
export { sparseDense } from './sparse';
export { activate } from './activation';

/** Where the memory is free to use. */
export function heapBase(): usize {
  return __heap_base;
}
