/** Where everything lies in an engine's memory: planned first, so that the memory is as large as need be and no larger. */
import { TrainyardError } from '../../../errors.js';

const pageBytes = 65_536;
/** What 32-bit addresses reach. */
const maxBytes = 2 ** 32 - pageBytes;
const alignBytes = 64;

export interface Layout {
  /** Room for that many numbers; returns its address. All of it is zero at first. */
  floats(count: number): number;
  bytes(count: number): number;
  /**
   * The memory for all that was planned.
   * @throws TrainyardError NETWORK_TOO_LARGE
   */
  createMemory(): WebAssembly.Memory;
}

export function createLayout(heapBase: number): Layout {
  let end = heapBase;
  const bytes = (count: number): number => {
    const address = Math.ceil(end / alignBytes) * alignBytes;
    end = address + count;
    return address;
  };
  return {
    bytes,
    floats: (count) => bytes(4 * count),
    createMemory() {
      const pages = Math.ceil(end / pageBytes);
      try {
        if (end > maxBytes) throw new RangeError('more than 32-bit addresses reach');
        return new WebAssembly.Memory({ initial: pages });
      } catch (cause) {
        const message = `This network needs ${Math.ceil(end / 2 ** 20)} MB of WebAssembly memory, which is not to be had here.`;
        throw new TrainyardError('NETWORK_TOO_LARGE', message, { cause });
      }
    },
  };
}

export function roundUp(count: number, multiple: number): number {
  return Math.ceil(count / multiple) * multiple;
}

/** A leading dimension in floats: whole panels, and off the powers of two, at which rows fall on the same cache lines. */
export function strideOf(columns: number): number {
  const stride = roundUp(columns, 8);
  return stride % 64 === 0 ? stride + 8 : stride;
}
