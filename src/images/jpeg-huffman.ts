/** Reads the compressed data of a JPEG scan bit by bit, with its Huffman codes (ITU-T T.81, annexes C and F.2.2). */
import { invalidImage } from './grey-image.js';

export interface HuffmanTable {
  /** By the next `shortBits` bits: 256 × the length of the code + its value; 0 if the code is longer. */
  short: Uint16Array;
  /** By length: the smallest 16 bits that do not begin with a code of this length or a shorter one. */
  limits: Int32Array;
  /** By length: the index of a value minus its code. */
  offsets: Int32Array;
  values: Uint8Array;
}

const shortBits = 9;
const longestCode = 16;

/** `counts` (16): the number of codes of each length, from 1. `values` are in the order of their codes. */
export function huffmanTable(counts: Uint8Array, values: Uint8Array): HuffmanTable {
  const short = new Uint16Array(2 ** shortBits);
  const limits = new Int32Array(longestCode + 1);
  const offsets = new Int32Array(longestCode + 1);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= longestCode; length++) {
    offsets[length] = index - code;
    for (let last = index + counts[length - 1]; index < last; index++, code++) {
      if (code >= 2 ** length) throw invalidImage('JPEG', 'a Huffman table has too many codes');
      if (length > shortBits) continue;
      const spare = shortBits - length;
      short.fill(length * 256 + values[index], code << spare, (code + 1) << spare);
    }
    limits[length] = code << (longestCode - length);
    code <<= 1;
  }
  return { short, limits, offsets, values };
}

export class BitReader {
  readonly #data: Uint8Array;
  /** Its lowest `available` bits are the next bits of the data. */
  #buffer = 0;
  #available = 0;
  /** How many of the available bits lie after the end of the data. They are zeros. */
  #padding = 0;
  #at = 0;

  /** `data`: one scan, with its stuffed zeros and restart markers. */
  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** Whether more bits were read than the data has. */
  get isOverrun(): boolean {
    return this.#available < this.#padding;
  }

  symbol({ short, limits, offsets, values }: HuffmanTable): number {
    if (this.#available < longestCode) this.#fill();
    const entry = short[(this.#buffer >>> (this.#available - shortBits)) & (2 ** shortBits - 1)];
    if (entry !== 0) {
      this.#available -= entry >> 8;
      return entry & 255;
    }
    const next = (this.#buffer >>> (this.#available - longestCode)) & 0xffff;
    for (let length = shortBits + 1; length <= longestCode; length++) {
      if (next >= limits[length]) continue;
      this.#available -= length;
      return values[offsets[length] + (next >> (longestCode - length))];
    }
    throw damaged('a code is in no table');
  }

  /** The next bits, up to 16, as a number. */
  bits(count: number): number {
    if (this.#available < count) this.#fill();
    this.#available -= count;
    return (this.#buffer >>> this.#available) & (2 ** count - 1);
  }

  /** A number of `size` bits, up to 16. Its first bit is the sign (T.81, figure F.12). */
  signed(size: number): number {
    if (size === 0) return 0;
    const bits = this.bits(size);
    return bits < 2 ** (size - 1) ? bits - 2 ** size + 1 : bits;
  }

  /** Skips the restart marker that must come next. */
  restart(): void {
    const data = this.#data;
    while (data[this.#at] === 0xff && data[this.#at + 1] === 0xff) this.#at++;
    if (data[this.#at] !== 0xff || (data[this.#at + 1] & 0xf8) !== 0xd0)
      throw damaged('a restart is missing');
    this.#at += 2;
    this.#buffer = this.#available = this.#padding = 0;
  }

  #fill(): void {
    const data = this.#data;
    while (this.#available <= 24) {
      const byte = this.#at < data.length ? data[this.#at] : 0xff;
      if (byte !== 0xff) {
        this.#buffer = (this.#buffer << 8) | byte;
        this.#at++;
      } else if (data[this.#at + 1] === 0) {
        this.#buffer = (this.#buffer << 8) | 0xff;
        this.#at += 2;
      } else {
        // This is the end of the data, or of the part before a restart.
        this.#buffer <<= 8;
        this.#padding += 8;
      }
      this.#available += 8;
    }
  }
}

export function damaged(problem: string): Error {
  return invalidImage('JPEG', `its data is damaged: ${problem}`);
}
