/** Long computations in slices. The event loop turns between slices, so that requests need not wait for the whole work. */
import { nextTurn } from './next-turn.js';

/** About a millisecond of work. */
const sliceBytes = 2 ** 20;

/** Calls `work(start, end)` for one slice after another of `length` items of `bytesEach` bytes. */
export type InSlices = (
  length: number,
  bytesEach: number,
  work: (start: number, end: number) => void,
) => Promise<void>;

/** Calls of the same function count together, so that the event loop also turns during many small pieces of work. */
export function createSlicedWork(): InSlices {
  let bytesSinceTurn = 0;
  return async (length, bytesEach, work) => {
    const step = Math.max(1, Math.floor(sliceBytes / bytesEach));
    for (let start = 0; start < length; start += step) {
      const end = Math.min(start + step, length);
      work(start, end);
      bytesSinceTurn += (end - start) * bytesEach;
      if (bytesSinceTurn < sliceBytes) continue;
      bytesSinceTurn = 0;
      await nextTurn();
    }
  };
}
