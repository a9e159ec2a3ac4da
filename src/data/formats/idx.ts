/**
 * The IDX format of Y. LeCun's MNIST page (http://yann.lecun.com/exdb/mnist/, at the end): two zero bytes, the element
 * type, the number of dimensions, each size (u32, big-endian), the elements. Only unsigned bytes are read, plain or
 * gzipped. The file may be hostile: the reader allocates no more than its caller allows.
 */
import { gunzipSync, type Zlib } from 'node:zlib';
import { TrainyardError } from '../../errors.js';

export interface IdxArray {
  shape: number[];
  /** Row-major; a view of the bytes that were read, unless these were gzipped. */
  elements: Uint8Array;
}

const elementTypes: Record<number, string> = {
  0x08: 'unsigned byte',
  0x09: 'signed byte',
  0x0b: 'short',
  0x0c: 'int',
  0x0d: 'float',
  0x0e: 'double',
};
const unsignedByte = 0x08;

/**
 * @param expected the name for messages, the number of dimensions, and what the file may measure when unpacked
 * @throws TrainyardError DATASET_CORRUPT, naming the file and what is wrong with it
 */
export function readIdx(
  bytes: Uint8Array,
  expected: { file: string; dimensions: number; maxBytes: number },
): IdxArray {
  const corrupt = (problem: string, cause?: unknown): TrainyardError =>
    new TrainyardError('DATASET_CORRUPT', `${expected.file} is not a readable IDX file: ${problem}.`, {
      cause,
    });

  const plain = isGzipped(bytes) ? gunzip(bytes, expected.maxBytes, corrupt) : bytes;
  const { buffer, byteOffset, byteLength } = plain;
  const view = new DataView(buffer, byteOffset, byteLength);
  if (byteLength < 4) throw corrupt(`it has ${byteLength} bytes, and the magic number alone has 4`);
  if (view.getUint16(0) !== 0) throw corrupt('it does not begin with two zero bytes');
  const type = view.getUint8(2);
  if (type !== unsignedByte) {
    const name = elementTypes[type] ?? `unknown (0x${type.toString(16).padStart(2, '0')})`;
    throw corrupt(`its elements are of the type ${name}, and only unsigned byte is read`);
  }
  const dimensions = view.getUint8(3);
  if (dimensions !== expected.dimensions)
    throw corrupt(`the number of its dimensions is ${dimensions}, not ${expected.dimensions}`);

  const headerBytes = 4 + 4 * dimensions;
  if (byteLength < headerBytes) throw corrupt(`its header ends after the file`);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (shape.includes(0)) throw corrupt(`its shape (${shape.join(', ')}) has no elements`);
  // A product too large to be exact is still larger than any file.
  const wantedBytes = shape.reduce((count, size) => count * size, 1);
  const foundBytes = byteLength - headerBytes;
  if (foundBytes !== wantedBytes) {
    const problem = foundBytes < wantedBytes ? 'is cut short' : 'has bytes after its end';
    throw corrupt(
      `it ${problem}: shape (${shape.join(', ')}) is ${wantedBytes} elements, it has ${foundBytes}`,
    );
  }
  return { shape, elements: new Uint8Array(buffer, byteOffset + headerBytes, wantedBytes) };
}

function isGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function gunzip(
  bytes: Uint8Array,
  maxOutputLength: number,
  corrupt: (problem: string, cause: unknown) => TrainyardError,
): Uint8Array {
  let unpacked: { buffer: Uint8Array; engine: Zlib };
  try {
    // With `info` the result is this object, which the types do not know.
    unpacked = gunzipSync(bytes, { maxOutputLength, info: true }) as unknown as typeof unpacked;
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
    throw corrupt(
      isTooLarge ? `it unpacks to more than ${maxOutputLength} bytes` : 'it does not unpack',
      error,
    );
  }
  // zlib ignores what follows the last gzip member.
  const trailingBytes = bytes.length - unpacked.engine.bytesWritten;
  if (trailingBytes !== 0) throw corrupt(`${trailingBytes} bytes follow its gzipped content`, undefined);
  return unpacked.buffer;
}
