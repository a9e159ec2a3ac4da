/**
 * The datatypes that an input tensor may have, each as JSON and as bytes. Whatever comes is rounded to float32, which is
 * what networks take: bytes and JSON of the same number give the same bits.
 */
import { endianness } from 'node:os';

// As the binary tensors are.
if (endianness() !== 'LE') throw new Error('Tensors are little-endian, and this host is not.');

export interface Datatype {
  /** Of one number. */
  sizeBytes: number;
  /** Whether a member of a JSON array is one of its numbers. */
  has: (value: unknown) => value is number;
  /** `bytes` holds whole numbers, one after the other. It may be shared with the result. */
  read: (bytes: Buffer) => Float32Array;
}

export const fp32: Datatype = {
  sizeBytes: 4,
  has: isNumber,
  read: (bytes) => viewOf(Float32Array, bytes),
};

export const datatypes: ReadonlyMap<string, Datatype> = new Map([
  ['FP32', fp32],
  ['FP64', { sizeBytes: 8, has: isNumber, read: (bytes) => new Float32Array(viewOf(Float64Array, bytes)) }],
  ['UINT8', { sizeBytes: 1, has: isInteger(0, 255), read: (bytes) => new Float32Array(bytes) }],
  [
    'INT32',
    {
      sizeBytes: 4,
      has: isInteger(-(2 ** 31), 2 ** 31 - 1),
      read: (bytes) => new Float32Array(viewOf(Int32Array, bytes)),
    },
  ],
  [
    'INT64',
    {
      sizeBytes: 8,
      // JSON numbers are float64 here: the greatest INT64 is read as 2 ** 63.
      has: isInteger(-(2 ** 63), 2 ** 63),
      read: (bytes) => Float32Array.from(viewOf(BigInt64Array, bytes), Number),
    },
  ],
]);

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isInteger(least: number, most: number): Datatype['has'] {
  return (value): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

/** Copies the bytes only where they do not lie as the processor reads such numbers. */
function viewOf<View>(
  Numbers: { new (buffer: ArrayBufferLike, offset: number, length: number): View; BYTES_PER_ELEMENT: number },
  bytes: Buffer,
): View {
  const size = Numbers.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new Numbers(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}
