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

/** Runs of the RLE and bit-packing hybrid in [start, end), `width` bits a value: none may be longer than the page. */
export function checkRuns(view: DataView, start: number, end: number, width: number, values: number): void {
  if (width > 32 || end > view.byteLength) throw new DamagedParquet('a page in it is too short');
  let seen = 0;
  for (let offset = start; seen < values && offset < end;) {
    const { value: header, end: next } = varint(view, offset);
    const packed = header % 2 === 1;
    const count = Math.floor(header / 2) * (packed ? 8 : 1);
    // Writers fill up the last group of bit-packed values, and some a few groups more.
    if (count > values - seen + (packed ? 512 : 0))
      throw new DamagedParquet('a run in a page is longer than the page');
    seen += count;
    offset = next + (packed ? (count * width) / 8 : Math.ceil(width / 8));
  }
}

/** DELTA_BINARY_PACKED numbers from `start` on: the headers of blocks. Gives how many there are, and the offset behind. */
export function checkDeltas(
  view: DataView,
  start: number,
  mostValues: number,
): { count: number; end: number } {
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
    !(count <= mostValues) ||
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
  return { count, end: offset };
}
