/**
 * What hyparquet trusts: sizes and counts that a file states. These walks look at them without allocating anything, so
 * that a few damaged or hostile bytes cannot ask for gigabytes or endless loops.
 * Sources: Apache Thrift, "Compact protocol encoding"; Apache Parquet, "Encodings" and "Data pages".
 */

/** Also thrown by hyparquet, as plain errors, when bytes do not make sense. */
export class DamagedParquet extends Error {}

/** A page and its header are a few structs; metadata has about one a column and row group. */
const mostStructs = 2_000_000;

const deepestStruct = 16;

const mostSigned32 = 2 ** 31 - 1;

/** The offset behind the Thrift struct that begins at `offset`. @throws DamagedParquet, RangeError */
export function checkThrift(view: DataView, offset: number): number {
  const walk = new ThriftWalk(view, offset);
  walk.struct(0);
  return walk.offset;
}

class ThriftWalk {
  offset: number;
  readonly #view: DataView;
  #structs = 0;

  constructor(view: DataView, offset: number) {
    this.#view = view;
    this.offset = offset;
  }

  struct(depth: number): void {
    this.#structs++;
    if (depth > deepestStruct || this.#structs > mostStructs)
      throw new DamagedParquet('its metadata is too large');
    for (;;) {
      const field = this.#byte();
      const type = field & 0x0f;
      if (type === 0) return;
      if (field >> 4 === 0) this.#varint();
      this.#value(type, depth, false);
    }
  }

  #value(type: number, depth: number, inList: boolean): void {
    switch (type) {
      case 1:
      case 2: // A boolean field is its own type; in a list it is a byte.
        if (inList) this.offset++;
        return;
      case 3:
        this.offset++;
        return;
      case 4:
      case 5:
      case 6:
        this.#varint();
        return;
      case 7:
        this.offset += 8;
        return;
      case 8: {
        const length = this.#varint();
        this.offset += length;
        return;
      }
      case 9:
        this.#list(depth);
        return;
      case 12:
        this.struct(depth + 1);
        return;
      default:
        throw new DamagedParquet('its metadata has a type that Parquet does not use');
    }
  }

  #list(depth: number): void {
    if (depth > deepestStruct) throw new DamagedParquet('its metadata is too deep');
    const header = this.#byte();
    const short = header >> 4;
    const size = short === 15 ? this.#varint() : short;
    if (size > this.#view.byteLength - this.offset)
      throw new DamagedParquet('a list in its metadata is longer than it');
    for (let i = 0; i < size; i++) this.#value(header & 0x0f, depth + 1, true);
  }

  #byte(): number {
    return this.#view.getUint8(this.offset++);
  }

  #varint(): number {
    const { value, end } = varint(this.#view, this.offset);
    this.offset = end;
    return value;
  }
}

/** Unsigned, of up to 64 bits; large ones are rounded, which serves to refuse them. */
function varint(view: DataView, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = view.getUint8(start + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  throw new DamagedParquet('a number in it is too long');
}

interface Run {
  /** Of values; of the last run, those that the page needs. */
  count: number;
  isPacked: boolean;
  /** Where its bits, or its one value, begin. */
  offset: number;
}

/**
 * The runs of `values` values in the RLE and bit-packing hybrid in [start, end), `width` bits each. hyparquet reads on
 * until it has all values, so runs that end sooner would make runs of whatever follows them.
 * @throws DamagedParquet for a run that is longer than the page, and for too few of them
 */
function* runsOf(view: DataView, start: number, end: number, width: number, values: number): Generator<Run> {
  if (width > 32 || end > view.byteLength) throw new DamagedParquet('a page in it is too short');
  let seen = 0;
  for (let next = start; seen < values;) {
    if (next >= end) throw new DamagedParquet('a page in it is too short');
    const { value: header, end: offset } = varint(view, next);
    const isPacked = header % 2 === 1;
    const count = Math.floor(header / 2) * (isPacked ? 8 : 1);
    const left = values - seen;
    // Writers fill up the last group of bit-packed values, and some a few groups more.
    if (count > left + (isPacked ? 512 : 0))
      throw new DamagedParquet('a run in a page is longer than the page');
    yield { count: Math.min(count, left), isPacked, offset };
    seen += count;
    next = offset + (isPacked ? (count * width) / 8 : Math.ceil(width / 8));
  }
}

/** Indices of a dictionary, or booleans. @throws DamagedParquet */
export function checkRuns(view: DataView, start: number, end: number, width: number, values: number): void {
  // Without a bit to read there are no runs.
  if (width > 0) Array.from(runsOf(view, start, end, width, values));
}

/** Of `values` cells that may be missing, how many are there: levels of one bit. @throws DamagedParquet, RangeError */
export function countPresent(view: DataView, start: number, end: number, values: number): number {
  let present = 0;
  for (const { count, isPacked, offset } of runsOf(view, start, end, 1, values)) {
    for (let i = 0; i < count; i++) present += isPacked ? bit(view, offset, i) : bit(view, offset, 0);
  }
  return present;
}

function bit(view: DataView, offset: number, index: number): number {
  return (view.getUint8(offset + (index >> 3)) >> (index & 7)) & 1;
}

/** `values` DELTA_BINARY_PACKED numbers from `start` on: the headers of blocks. Gives the offset behind. @throws DamagedParquet */
export function checkDeltas(view: DataView, start: number, values: number): number {
  let offset = start;
  const next = (): number => {
    const { value, end } = varint(view, offset);
    offset = end;
    return value;
  };
  const blockSize = next();
  const miniblocks = next();
  const count = next();
  next();
  const perMiniblock = blockSize / miniblocks;
  if (
    count !== values ||
    // hyparquet takes more for a negative number, and would go back in the page again and again.
    blockSize > mostSigned32 ||
    !Number.isInteger(perMiniblock) ||
    perMiniblock < 8 ||
    perMiniblock % 8 !== 0
  ) {
    throw new DamagedParquet('a page of deltas in it does not make sense');
  }
  for (let seen = 1; seen < count;) {
    next();
    const widths = offset;
    offset += miniblocks;
    for (let i = 0; i < miniblocks && seen < count; i++) {
      const width = view.getUint8(widths + i);
      if (width > 64) throw new DamagedParquet('a page of deltas in it does not make sense');
      offset += (perMiniblock * width) / 8;
      seen += perMiniblock;
    }
  }
  return offset;
}
