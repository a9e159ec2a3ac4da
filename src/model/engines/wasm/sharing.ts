/**
 * How a thread's share of a batch of numbers reaches the others: in quads, or as lists where most of the numbers are 0, as
 * ReLU and dropout leave them.
 */
import { inputsOfPiece, type BatchMatrix } from './batch-matrix.js';
import type { Kernels } from './kernels.js';
import type { Plan } from './plan.js';

/** Of a batch's numbers; with more that are not 0, listing them would cost what it saves. */
const mostNonzeros = 0.45;

export interface Sharing {
  /** The thread's part of `count` things that are divided among the threads, from the first to before the second. */
  partOf: (count: number) => [number, number];
  /** Returns when every thread has come. */
  meet: () => void;
  /**
   * Every thread has written its part of the panels; returns when all of the matrix can be read, and whether it is to be
   * read as lists. That depends on its numbers alone, so that every thread and every repetition finds the same.
   */
  publish: (matrix: BatchMatrix, quads: number) => boolean;
}

export function createSharing(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  plan: Plan,
  thread: number,
): Sharing {
  const { rowsStride, barrier } = plan;
  const threads = plan.threads.length;
  const words = new Uint32Array(memory.buffer);

  const partOf = (count: number): [number, number] => [
    Math.floor((count * thread) / threads),
    Math.floor((count * (thread + 1)) / threads),
  ];
  const meet = (): void => kernels.meet(barrier, threads);

  /** In the first `rows` rows. */
  function nonzeros({ width, counts }: BatchMatrix, rows: number): number {
    let sum = 0;
    for (let list = 0; list < Math.ceil(width / inputsOfPiece) * rowsStride; list += rowsStride) {
      for (let row = 0; row < rows; row++) sum += words[counts / 4 + list + row];
    }
    return sum;
  }

  return {
    partOf,
    meet,
    publish(matrix, quads) {
      const { width, columns, panels, entries, counts } = matrix;
      kernels.toQuads(panels, rowsStride, quads, ...partOf(columns / 8), matrix.quads, columns);
      meet();
      if (entries === 0) return false;
      const [firstQuad, endQuad] = partOf(quads);
      kernels.listNonzeros(panels, rowsStride, width, 4 * firstQuad, 4 * endQuad, entries, counts);
      meet();
      return nonzeros(matrix, 4 * quads) <= mostNonzeros * 4 * quads * width;
    },
  };
}
