/** Long arithmetic in slices. The event loop turns between them, so that no request waits for the whole of the work. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** About a millisecond of work. */
const sliceBytes = 2 ** 20;

/** Calls `work(start, end)` on one slice after another of `length` items of `bytesEach`. */
export type InSlices = (
  length: number,
  bytesEach: number,
  work: (start: number, end: number) => void,
) => Promise<void>;

/** What is worked on with the same one counts together, so that many small pieces are one long work too. */
export function createSlices(): InSlices {
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
