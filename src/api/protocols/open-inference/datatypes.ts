/** The datatypes of input tensors, as JSON and as bytes. The same number gives the same bits in both. */
import {
  readBrainFloats,
  readHalves,
  readLongIntegers,
  viewOf,
  type NumbersType,
} from '../../../model/serving/binary-numbers.js';

export type Numbers =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** The largest finite FP16. */
const largestHalf = 65_504;

export interface Datatype {
  /** Bytes of one number. */
  sizeBytes: number;
  /** Whether an item of a JSON array is a number of this type. */
  has: (value: unknown) => value is number | boolean;
  /** `bytes` holds numbers without gaps. The result may share its memory. */
  read: (bytes: Buffer) => Numbers;
  /** For types that not every byte pattern belongs to: the index of the first number that is not valid, or -1. */
  wrongAt?: (numbers: Numbers) => number;
}

export const fp32: Datatype = {
  sizeBytes: 4,
  has: isNumber,
  read: (bytes) => viewOf(Float32Array, bytes),
};

export const datatypes: ReadonlyMap<string, Datatype> = new Map<string, Datatype>([
  ['FP32', fp32],
  ['FP64', { sizeBytes: 8, has: isNumber, read: (bytes) => viewOf(Float64Array, bytes) }],
  // In JSON they are plain numbers, which are not rounded to so few digits.
  ['FP16', { sizeBytes: 2, has: isBetween(-largestHalf, largestHalf), read: readHalves }],
  ['BF16', { sizeBytes: 2, has: isNumber, read: readBrainFloats }],
  ['INT8', integers(Int8Array, -(2 ** 7), 2 ** 7 - 1)],
  ['INT16', integers(Int16Array, -(2 ** 15), 2 ** 15 - 1)],
  ['INT32', integers(Int32Array, -(2 ** 31), 2 ** 31 - 1)],
  // JSON numbers are float64 here: the greatest INT64 is read as 2 ** 63, and the greatest UINT64 as 2 ** 64.
  [
    'INT64',
    {
      sizeBytes: 8,
      has: isInteger(-(2 ** 63), 2 ** 63),
      read: (bytes) => readLongIntegers(bytes, Int32Array),
    },
  ],
  ['UINT8', integers(Uint8Array, 0, 2 ** 8 - 1)],
  ['UINT16', integers(Uint16Array, 0, 2 ** 16 - 1)],
  ['UINT32', integers(Uint32Array, 0, 2 ** 32 - 1)],
  [
    'UINT64',
    { sizeBytes: 8, has: isInteger(0, 2 ** 64), read: (bytes) => readLongIntegers(bytes, Uint32Array) },
  ],
  [
    'BOOL',
    {
      sizeBytes: 1,
      has: (value): value is number | boolean => typeof value === 'boolean' || value === 0 || value === 1,
      read: (bytes) => bytes,
      wrongAt: (numbers) => numbers.findIndex((number) => number > 1),
    },
  ],
]);

function integers(
  Numbers: NumbersType<Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array>,
  least: number,
  most: number,
): Datatype {
  return {
    sizeBytes: Numbers.BYTES_PER_ELEMENT,
    has: isInteger(least, most),
    read: (bytes) => viewOf(Numbers, bytes),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isBetween(least: number, most: number): Datatype['has'] {
  return (value): value is number => typeof value === 'number' && value >= least && value <= most;
}

function isInteger(least: number, most: number): Datatype['has'] {
  return (value): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
