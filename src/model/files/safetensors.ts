/**
 * The safetensors format: https://github.com/huggingface/safetensors#format. Our own files hold float32 only. A file is the header's
 * length (u64, little-endian), the header (JSON: names to dtype, shape and byte range, and `__metadata__`), the data.
 * The reader takes the file for hostile: it accepts only what the format allows and never reads past a bound.
 */
import { endianness } from 'node:os';
import { TextDecoder } from 'node:util';
import { TrainyardError } from '../../errors.js';
import type { StateDict, Tensor } from '../network/network.js';

/** As in the format's own implementation. */
const maxHeaderBytes = 100_000_000;
const lengthBytes = 8;

if (endianness() !== 'LE') throw new Error('Safetensors are little-endian, and this host is not.');

/** Tensors in their order; data begins 8-byte aligned. */
export function encodeSafetensors(tensors: StateDict, metadata: Record<string, string>): Buffer {
  let end = 0;
  const entries = [...tensors].map(([name, { shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries])));
  const header = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(header);
  const length = Buffer.alloc(lengthBytes);
  length.writeBigUInt64LE(BigInt(header.length));
  const data = [...tensors.values()].map(({ data: { buffer, byteOffset, byteLength } }) => {
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  return Buffer.concat([length, header, ...data]);
}

export interface DecodedSafetensors {
  metadata: Record<string, string>;
  /** In the order of their data. */
  tensors: Map<string, Tensor>;
}

/**
 * The tensors are copies: they share no memory with `bytes` or each other.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export function decodeSafetensors(bytes: Buffer): DecodedSafetensors {
  return decode(bytes, copyOf);
}

/**
 * As `decodeSafetensors`, but the tensors are the memory of `bytes`, which nobody may change. This takes no time,
 * whatever their size.
 */
export function viewSafetensors(bytes: Buffer): DecodedSafetensors {
  // Only a writer other than ours leaves numbers where no Float32Array can begin.
  return decode(bytes, (buffer, start, end) =>
    start % Float32Array.BYTES_PER_ELEMENT === 0
      ? new Float32Array(buffer, start, (end - start) / Float32Array.BYTES_PER_ELEMENT)
      : copyOf(buffer, start, end),
  );
}

function copyOf(buffer: ArrayBufferLike, start: number, end: number): Float32Array {
  return new Float32Array(buffer.slice(start, end));
}

function decode(
  bytes: Buffer,
  floatsAt: (buffer: ArrayBufferLike, start: number, end: number) => Float32Array,
): DecodedSafetensors {
  const { metadata, tensors } = readSafetensors(bytes, ownTypes);
  const floats = [...tensors].map(([name, { shape, bytes: data }]): [string, Tensor] => [
    name,
    { shape, data: floatsAt(data.buffer, data.byteOffset, data.byteOffset + data.byteLength) },
  ]);
  return { metadata, tensors: new Map(floats) };
}

/** How many bytes a number of each type has, of the types that a file may hold. */
export type TypeSizes = Readonly<Record<string, number>>;

const ownTypes: TypeSizes = { F32: Float32Array.BYTES_PER_ELEMENT };

/** Numbers of a type that need not be float32: the memory of the file. */
export interface StoredTensor {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

/**
 * The tensors of these types, in the order of their data, and no others.
 * @throws TrainyardError CHECKPOINT_CORRUPT
 */
export function readSafetensors(
  bytes: Buffer,
  types: TypeSizes,
): { metadata: Record<string, string>; tensors: Map<string, StoredTensor> } {
  const { header, dataStart } = readHeader(bytes);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw corrupt('__metadata__ is not an object of strings');
  }
  const dataBytes = bytes.length - dataStart;
  const tensors = new Map<string, StoredTensor>();
  let covered = 0;
  for (const { name, dtype, shape, begin, end } of placements(entries, types)) {
    if (begin !== covered)
      throw corrupt(`the data of ${quoted(name)} leaves a hole or overlaps another tensor's`);
    if (end > dataBytes) throw corrupt(`the data of ${quoted(name)} ends after the file`);
    covered = end;
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(dataStart + begin, dataStart + end) });
  }
  if (covered !== dataBytes) throw corrupt('there is data that belongs to no tensor');
  return { metadata: metadata as Record<string, string>, tensors };
}

function readHeader(bytes: Buffer): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < lengthBytes) throw corrupt('it is shorter than the length of its header');
  const headerBytes = bytes.readBigUInt64LE(0);
  if (headerBytes > maxHeaderBytes)
    throw corrupt(`its header claims to be ${headerBytes.toString()} bytes long`);
  const dataStart = lengthBytes + Number(headerBytes);
  if (dataStart > bytes.length) throw corrupt('its header ends after the file');
  let header: unknown;
  try {
    // A byte order mark is not skipped: the format demands that the header begins with '{'.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(lengthBytes, dataStart),
    );
    header = JSON.parse(text);
  } catch (cause) {
    throw corrupt('its header is not JSON', cause);
  }
  if (!isObject(header)) throw corrupt('its header is not an object');
  return { header, dataStart };
}

interface Placement {
  name: string;
  dtype: string;
  shape: number[];
  /** Byte range in the data. */
  begin: number;
  end: number;
}

/**
 * Each tensor's shape and byte range, sorted by range, as PyTorch need not write them in order. JSON.parse keeps the
 * last of two equal names; the range of the first is then a hole, or the same range, and so never two answers.
 */
function placements(entries: Record<string, unknown>, types: TypeSizes): Placement[] {
  return Object.entries(entries)
    .map(([name, entry]) => placement(name, entry, types))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
}

function placement(name: string, entry: unknown, types: TypeSizes): Placement {
  if (!isObject(entry)) throw corrupt(`the entry of ${quoted(name)} is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(types, dtype)) {
    const known = Object.keys(types);
    const what = known.length === 1 ? 'the only one that is read' : 'which are read';
    throw corrupt(`${quoted(name)} is not of type ${known.join(', ')}, ${what}`);
  }
  if (!isSizes(shape)) throw corrupt(`the shape of ${quoted(name)} is not an array of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw corrupt(`the offsets of ${quoted(name)} are not two sizes`);
  const [begin, end] = offsets;
  // A product too large to be exact is larger than any file, and Infinity × 0 equals nothing.
  const sizeBytes = shape.reduce((size, length) => size * length, types[dtype]);
  if (end - begin !== sizeBytes) throw corrupt(`the size of ${quoted(name)} does not match its shape`);
  return { name, dtype, shape, begin, end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Fit for a message, however long and strange the name is. */
function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

function corrupt(problem: string, cause?: unknown): TrainyardError {
  return new TrainyardError('CHECKPOINT_CORRUPT', `This is not a readable safetensors file: ${problem}.`, {
    cause,
  });
}
