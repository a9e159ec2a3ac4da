/**
 * What the readers of pictures need of node:zlib, for a page or a module that has no Node.js: scripts/build-standalone.mjs puts it in
 * its place. Inflate is RFC 1951 in the frame of RFC 1950.
 */

const polynomial = 0xedb88320;
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
  return sum;
});

/** https://www.w3.org/TR/png-3/#D-CRCAppendix */
export function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (crcTable[(sum ^ byte) & 0xff] ?? 0) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

/** @throws RangeError beyond `maxOutputLength`, Error for data that are damaged */
export function inflateSync(
  data: Uint8Array,
  { maxOutputLength }: { maxOutputLength: number },
): Uint8Array<ArrayBuffer> {
  const [method = 0, flags = 0] = data;
  if ((method & 0x0f) !== 8 || (method * 256 + flags) % 31 !== 0 || (flags & 0x20) !== 0) {
    throw new Error('It is not compressed by zlib.');
  }
  const output = new Output(maxOutputLength);
  const bits = new Bits(data, 2);
  let isLast = false;
  while (!isLast) {
    isLast = bits.take(1) === 1;
    const kind = bits.take(2);
    if (kind === 0) bits.copyStored(output);
    else if (kind === 1) inflateBlock(bits, output, fixedCodes);
    else if (kind === 2) inflateBlock(bits, output, readCodes(bits));
    else throw damaged();
  }
  const bytes = output.taken();
  if (bits.checksum() !== adler32(bytes)) throw damaged();
  return bytes;
}

/** Canonical Huffman codes: how many there are of each length, and their symbols in order. */
interface Code {
  counts: Uint16Array;
  symbols: Uint16Array;
}

interface Codes {
  literals: Code;
  distances: Code;
}

const longestCode = 15;

function codeOf(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(longestCode + 1);
  const each = Array.from(lengths);
  for (const length of each) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  const symbols = each.flatMap((length, symbol) => (length > 0 ? [{ length, symbol }] : []));
  symbols.sort((one, other) => one.length - other.length || one.symbol - other.symbol);
  let left = 1;
  for (const count of counts.subarray(1)) {
    left = 2 * left - count;
    if (left < 0) throw damaged();
  }
  return { counts, symbols: Uint16Array.from(symbols, ({ symbol }) => symbol) };
}

/** 3.2.6 */
const fixedCodes: Codes = {
  literals: codeOf(
    Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  ),
  distances: codeOf(new Uint8Array(30).fill(5)),
};

const orderOfLengths = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** 3.2.7 */
function readCodes(bits: Bits): Codes {
  const [literals, distances, given] = [bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4];
  const ofLengths = new Uint8Array(19);
  for (const symbol of orderOfLengths.slice(0, given)) ofLengths[symbol] = bits.take(3);
  const code = codeOf(ofLengths);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = bits.symbol(code);
    if (symbol < 16) lengths.push(symbol);
    else {
      const before = lengths.at(-1);
      if (symbol === 16 && before === undefined) throw damaged();
      const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
      for (let i = 0; i < times; i++) lengths.push(symbol === 16 ? (before ?? 0) : 0);
    }
  }
  if (lengths.length > literals + distances) throw damaged();
  return { literals: codeOf(lengths.slice(0, literals)), distances: codeOf(lengths.slice(literals)) };
}

/** 3.2.5: where each length and each distance begins, and how many bits follow. */
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const lengthStarts = startsOf(lengthBits.slice(0, -1), 3).concat(258);
const distanceBits = Array.from({ length: 30 }, (_, code) => Math.max(0, (code >> 1) - 1));
const distanceStarts = startsOf(distanceBits, 1);

function startsOf(extraBits: readonly number[], first: number): number[] {
  let start = first;
  return extraBits.map((bits) => {
    const own = start;
    start += 2 ** bits;
    return own;
  });
}

function inflateBlock(bits: Bits, output: Output, { literals, distances }: Codes): void {
  for (;;) {
    const symbol = bits.symbol(literals);
    if (symbol < 256) output.push(symbol);
    else if (symbol === 256) return;
    else {
      const length = bits.between(symbol - 257, lengthStarts, lengthBits);
      const distance = bits.between(bits.symbol(distances), distanceStarts, distanceBits);
      output.repeat(distance, length);
    }
  }
}

/** Bits from the lowest of each byte on. */
class Bits {
  readonly #data: Uint8Array;
  #at: number;
  #held = 0;
  #count = 0;

  constructor(data: Uint8Array, at: number) {
    this.#data = data;
    this.#at = at;
  }

  take(count: number): number {
    while (this.#count < count) {
      this.#held |= this.#byte() << this.#count;
      this.#count += 8;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#count -= count;
    return value;
  }

  symbol({ counts, symbols }: Code): number {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length <= longestCode; length++) {
      code |= this.take(1);
      const count = counts[length] ?? 0;
      if (code - count < first) return symbols[index + (code - first)] ?? invalidSymbol();
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw damaged();
  }

  between(code: number, starts: readonly number[], extraBits: readonly number[]): number {
    const [start, extra] = [starts[code], extraBits[code]];
    if (start === undefined || extra === undefined) throw damaged();
    return start + this.take(extra);
  }

  copyStored(output: Output): void {
    this.#count = this.#held = 0;
    const [low, high, invertedLow, invertedHigh] = [this.#byte(), this.#byte(), this.#byte(), this.#byte()];
    const length = low + 256 * high;
    if (length !== (~(invertedLow + 256 * invertedHigh) & 0xffff)) throw damaged();
    for (let i = 0; i < length; i++) output.push(this.#byte());
  }

  /** The four bytes after the last block. */
  checksum(): number {
    // Whole bytes that were taken in advance are not there: at most seven bits are held.
    this.#count = this.#held = 0;
    let sum = 0;
    for (let i = 0; i < 4; i++) sum = sum * 256 + this.#byte();
    return sum;
  }

  #byte(): number {
    const byte = this.#data[this.#at++];
    if (byte === undefined) throw new Error('It is cut short.');
    return byte;
  }
}

class Output {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(most: number) {
    this.#bytes = new Uint8Array(most);
  }

  push(byte: number): void {
    if (this.#length === this.#bytes.length) throw new RangeError('It has more bytes than it may have.');
    this.#bytes[this.#length++] = byte;
  }

  repeat(distance: number, length: number): void {
    if (distance > this.#length) throw damaged();
    for (let i = 0; i < length; i++) this.push(this.#bytes[this.#length - distance] ?? 0);
  }

  taken(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}

function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}

function invalidSymbol(): never {
  throw damaged();
}

function damaged(): Error {
  return new Error('Its compressed data are damaged.');
}
