/** Reads the coefficients in one scan of a JPEG (ITU-T T.81, annexes F and G) into their planes. */
import { damaged, type BitReader, type HuffmanTable } from './jpeg-huffman.js';

/** A component's blocks of 8 × 8 coefficients. */
export interface Plane {
  /** The sampling factors: blocks across and down in each unit of a scan with several planes. */
  across: number;
  down: number;
  /** The size of the picture, in blocks. */
  columns: number;
  rows: number;
  /** The width that units of several planes cover, in blocks. */
  stride: number;
  /**
   * (blocks, 8, 8), a row of horizontal frequencies at a time, or (blocks) with the constants alone; null if the picture does not
   * need the plane.
   */
  coefficients: Int16Array | null;
  /** Whether of each block only the constant coefficient is kept: its mean. */
  isReduced: boolean;
}

/** A plane in a scan. */
export interface ScannedPlane {
  plane: Plane;
  dc: HuffmanTable | undefined;
  ac: HuffmanTable | undefined;
  /** The constant coefficient of the previous block. */
  previous: number;
}

export interface Scan {
  planes: ScannedPlane[];
  /** The size of the picture, in units of several planes. */
  unitColumns: number;
  unitRows: number;
  /** The number of units between two restarts; 0: there are no restarts. */
  restartInterval: number;
  /** The first and last coefficient, in zigzag order. */
  first: number;
  last: number;
  /**
   * For progressive: the lowest bit before this scan, or 0 if this is the first scan of its coefficients, and after it.
   */
  high: number;
  low: number;
  isProgressive: boolean;
}

/** Reads one block into its 64 coefficients from `start` on. */
type ReadBlock = (scanned: ScannedPlane, coefficients: Int16Array, start: number) => void;

/** The place in the block, by place in the order from low to high frequencies. */
export const zigzag = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6],
  ...[7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31],
  ...[39, 46, 53, 60, 61, 54, 47, 55, 62, 63],
);

/** @throws TrainyardError IMAGE_INVALID */
export function readScan(scan: Scan, bits: BitReader): void {
  // Blocks of planes that are not needed must be read too, to find the next block.
  const discarded = new Int16Array(64);
  const run = { left: 0 };
  const readBlock = blockReader(scan, bits, run);
  const read = (scanned: ScannedPlane, block: number): void => {
    const { coefficients, isReduced } = scanned.plane;
    if (coefficients === null) readBlock(scanned, discarded, 0);
    else if (!isReduced) readBlock(scanned, coefficients, 64 * block);
    else {
      discarded[0] = coefficients[block];
      readBlock(scanned, discarded, 0);
      coefficients[block] = discarded[0];
    }
  };

  const { planes, restartInterval } = scan;
  const single = planes.length === 1 ? planes[0] : undefined;
  const columns = single?.plane.columns ?? scan.unitColumns;
  const rows = single?.plane.rows ?? scan.unitRows;
  let toRestart = restartInterval;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (restartInterval > 0 && toRestart-- === 0) {
        bits.restart();
        for (const scanned of planes) scanned.previous = 0;
        run.left = 0;
        toRestart = restartInterval - 1;
      }
      if (single) read(single, row * single.plane.stride + column);
      else for (const scanned of planes) readUnit(scanned, row, column, read);
      if (bits.isOverrun) throw damaged('a scan ends too early');
    }
  }
}

/** Reads the blocks of one plane in a unit of several planes. */
function readUnit(
  scanned: ScannedPlane,
  row: number,
  column: number,
  read: (scanned: ScannedPlane, block: number) => void,
): void {
  const { across, down, stride } = scanned.plane;
  for (let line = 0; line < down; line++) {
    const first = (row * down + line) * stride + column * across;
    for (let block = first; block < first + across; block++) read(scanned, block);
  }
}

/** `run.left`: the number of next blocks that have no more coefficients. */
function blockReader(scan: Scan, bits: BitReader, run: { left: number }): ReadBlock {
  const { isProgressive, first, high } = scan;
  if (!isProgressive) return baseline(bits);
  if (first === 0) return high === 0 ? firstConstants(bits, scan) : finerConstants(bits, scan);
  return high === 0 ? firstBits(bits, scan, run) : finerBits(bits, scan, run);
}

/** T.81, F.2.2: all coefficients of a block. */
function baseline(bits: BitReader): ReadBlock {
  return (scanned, coefficients, start) => {
    const ac = tableOf(scanned.ac);
    scanned.previous += bits.signed(sizeOf(bits.symbol(tableOf(scanned.dc))));
    coefficients[start] = scanned.previous;
    for (let k = 1; k < 64; k++) {
      const symbol = bits.symbol(ac);
      const size = symbol & 15;
      if (size === 0) {
        if (symbol !== 0xf0) return;
        k += 15;
        continue;
      }
      k += symbol >> 4;
      if (k > 63) throw damaged('a block has too many coefficients');
      coefficients[start + zigzag[k]] = bits.signed(size);
    }
  };
}

/** T.81, G.1.2.1: the constant coefficient. */
function firstConstants(bits: BitReader, { low }: Scan): ReadBlock {
  return (scanned, coefficients, start) => {
    scanned.previous += bits.signed(sizeOf(bits.symbol(tableOf(scanned.dc))));
    coefficients[start] = scanned.previous << low;
  };
}

function finerConstants(bits: BitReader, { low }: Scan): ReadBlock {
  return (_scanned, coefficients, start) => {
    coefficients[start] |= bits.bits(1) << low;
  };
}

/** T.81, G.1.2.2: the first bits of the other coefficients. */
function firstBits(bits: BitReader, { first, last, low }: Scan, run: { left: number }): ReadBlock {
  return ({ ac }, coefficients, start) => {
    if (run.left > 0) {
      run.left--;
      return;
    }
    const table = tableOf(ac);
    for (let k = first; k <= last; k++) {
      const symbol = bits.symbol(table);
      const size = symbol & 15;
      const zeros = symbol >> 4;
      if (size === 0 && zeros < 15) {
        run.left = 2 ** zeros - 1 + bits.bits(zeros);
        return;
      }
      k += zeros;
      if (size === 0) continue;
      if (k > last) throw damaged('a block has too many coefficients');
      coefficients[start + zigzag[k]] = bits.signed(size) << low;
    }
  };
}

/** T.81, G.1.2.3: one more bit of the coefficients that are not zero, and coefficients that become non-zero. */
function finerBits(bits: BitReader, { first, last, low }: Scan, run: { left: number }): ReadBlock {
  const bit = 1 << low;

  /**
   * Refines from coefficient `k` on and skips `zeros` coefficients that are zero. Returns the place of the next one
   * that is zero, or `last + 1`.
   */
  function refine(coefficients: Int16Array, start: number, k: number, zeros: number): number {
    let left = zeros;
    for (; k <= last; k++) {
      const at = start + zigzag[k];
      const value = coefficients[at];
      if (value === 0) {
        if (left-- === 0) return k;
      } else if (bits.bits(1) === 1 && (value & bit) === 0) {
        coefficients[at] = value > 0 ? value + bit : value - bit;
      }
    }
    return k;
  }

  return ({ ac }, coefficients, start) => {
    const table = tableOf(ac);
    let k = first;
    while (run.left === 0 && k <= last) {
      const symbol = bits.symbol(table);
      const zeros = symbol >> 4;
      const isNew = (symbol & 15) !== 0;
      if (!isNew && zeros < 15) {
        run.left = 2 ** zeros + bits.bits(zeros);
        break;
      }
      const value = isNew ? (bits.bits(1) === 1 ? bit : -bit) : 0;
      k = refine(coefficients, start, k, zeros);
      if (k <= last) coefficients[start + zigzag[k]] = value;
      k++;
    }
    if (run.left === 0) return;
    refine(coefficients, start, k, 64);
    run.left--;
  };
}

function tableOf(table: HuffmanTable | undefined): HuffmanTable {
  if (table) return table;
  throw damaged('a table is missing');
}

/** The size of a constant coefficient, in bits. */
function sizeOf(symbol: number): number {
  if (symbol <= 15) return symbol;
  throw damaged('a coefficient is too large');
}
