/** Where everything lies in an engine's memory: planned first, so that the memory is as large as need be. */

/** A cache line, so that no two threads write to one. */
const alignBytes = 64;

export interface Layout {
  /** Room for that many numbers; returns its address. */
  floats(count: number): number;
  bytes(count: number): number;
  /** All that was planned takes this much. */
  sizeBytes(): number;
}

export function createLayout(heapBase: number): Layout {
  let end = heapBase;
  const bytes = (count: number): number => {
    const address = roundUp(end, alignBytes);
    end = address + count;
    return address;
  };
  return { bytes, floats: (count) => bytes(4 * count), sizeBytes: () => end };
}

export function roundUp(count: number, multiple: number): number {
  return Math.ceil(count / multiple) * multiple;
}
