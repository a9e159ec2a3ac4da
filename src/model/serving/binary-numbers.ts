/** Reads the little-endian numbers that other programs send. */
import { endianness } from 'node:os';

if (endianness() !== 'LE') throw new Error('Tensors are little-endian, and this host is not.');

export interface NumbersType<View> {
  new (buffer: ArrayBufferLike, offset: number, length: number): View;
  readonly BYTES_PER_ELEMENT: number;
}

/** A view of the bytes, or of a copy where they are not aligned for such numbers. */
export function viewOf<View>(Numbers: NumbersType<View>, bytes: Buffer): View {
  const size = Numbers.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new Numbers(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}

/** Every 16-bit float of IEEE 754 (1 sign bit, 5 exponent bits, 10 fraction bits), by its bits. Made on first use. */
let halves: Float32Array | undefined;

export function readHalves(bytes: Buffer): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfOf(bits));
  const table = halves;
  const halfBits = viewOf(Uint16Array, bytes);
  const numbers = new Float32Array(halfBits.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = table[halfBits[i]];
  return numbers;
}

function halfOf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = (bits & 0x3ff) / 2 ** 10;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -14;
  return sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** bfloat16: the upper halves of float32 numbers. */
export function readBrainFloats(bytes: Buffer): Float32Array {
  const upper = viewOf(Uint16Array, bytes);
  const bits = new Uint32Array(upper.length);
  for (let i = 0; i < bits.length; i++) bits[i] = upper[i] << 16;
  return new Float32Array(bits.buffer);
}

/** Rounded to float64, as numbers in JSON are. A BigInt64Array would allocate an object for each number. */
export function readLongIntegers(bytes: Buffer, Upper: NumbersType<Int32Array | Uint32Array>): Float64Array {
  const lower = viewOf(Uint32Array, bytes);
  const upper = viewOf(Upper, bytes);
  const numbers = new Float64Array(lower.length / 2);
  for (let i = 0; i < numbers.length; i++) numbers[i] = upper[2 * i + 1] * 2 ** 32 + lower[2 * i];
  return numbers;
}
