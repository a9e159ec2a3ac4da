/**
 * A chunk of rows as one blob:
 *
 *     u32          the length of the header
 *     header       JSON: rows, lines, and how each column is packed
 *     sections     of each column its digits, or its codes and then its texts as JSON; each at a multiple of 8 bytes
 *
 * Numbers are little-endian.
 */
import type { StoredColumn, StoredNumbers, StoredTexts } from './stored-column.js';

export interface Chunk {
  rows: number;
  /** (rows) The physical line on which each row begins; null: the format has no lines. */
  lines: Int32Array | null;
  columns: StoredColumn[];
}

interface Header {
  rows: number;
  /** 'stored': they are the first section. Otherwise the line of the first row; the others follow one by one. */
  lines: number | 'stored' | null;
  columns: HeaderColumn[];
}

type HeaderColumn =
  | ({ kind: 'numbers'; bytesEach: 1 | 2 | 4 | 8 } & Pick<StoredNumbers, 'decimals' | 'isFixed' | 'blank'>)
  | { kind: 'texts'; bytesEach: 1 | 2; textBytes: number };

const alignment = 8;

export function encodeChunk({ rows, lines, columns }: Chunk): Uint8Array {
  const sections: Uint8Array[] = [];
  const firstLine = lines === null ? null : consecutiveFrom(lines);
  if (lines !== null && firstLine === null) sections.push(bytesOf(lines));
  const header: Header = {
    rows,
    lines: lines === null ? null : (firstLine ?? 'stored'),
    columns: columns.map((column) => encodeColumn(column, sections)),
  };
  const headerBytes = Buffer.from(JSON.stringify(header));
  const size = sections.reduce((sum, { length }) => sum + aligned(length), aligned(4 + headerBytes.length));
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(headerBytes.length);
  bytes.set(headerBytes, 4);
  let offset = aligned(4 + headerBytes.length);
  for (const section of sections) {
    bytes.set(section, offset);
    offset += aligned(section.length);
  }
  return bytes;
}

/** Reads what `encodeChunk` wrote; the bytes must be whole, which a digest can tell. */
export function decodeChunk(blob: Uint8Array): Chunk {
  // The views below need their alignment, which a buffer out of a pool does not have.
  const bytes = blob.byteOffset % alignment === 0 ? blob : Uint8Array.from(blob);
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(Buffer.from(bytes.subarray(4, 4 + headerLength)).toString()) as Header;
  let offset = aligned(4 + headerLength);
  const section = (length: number): { buffer: ArrayBuffer; start: number } => {
    const start = bytes.byteOffset + offset;
    offset += aligned(length);
    return { buffer: bytes.buffer as ArrayBuffer, start };
  };
  const { rows } = header;
  let lines: Int32Array | null = null;
  if (header.lines === 'stored') {
    const { buffer, start } = section(rows * 4);
    lines = new Int32Array(buffer, start, rows);
  } else if (header.lines !== null) {
    const first = header.lines;
    lines = Int32Array.from({ length: rows }, (_, row) => first + row);
  }
  const columns = header.columns.map((column): StoredColumn => {
    const { buffer, start } = section(rows * column.bytesEach);
    if (column.kind === 'numbers') {
      const { decimals, isFixed, blank } = column;
      const Digits = { 1: Int8Array, 2: Int16Array, 4: Int32Array, 8: Float64Array }[column.bytesEach];
      return { kind: 'numbers', digits: new Digits(buffer, start, rows), decimals, isFixed, blank };
    }
    const Codes = { 1: Uint8Array, 2: Uint16Array }[column.bytesEach];
    const texts = section(column.textBytes);
    return {
      kind: 'texts',
      codes: new Codes(buffer, start, rows),
      texts: JSON.parse(
        Buffer.from(texts.buffer, texts.start, column.textBytes).toString(),
      ) as StoredTexts['texts'],
    };
  });
  return { rows, lines, columns };
}

function encodeColumn(column: StoredColumn, sections: Uint8Array[]): HeaderColumn {
  if (column.kind === 'numbers') {
    const { digits, decimals, isFixed, blank } = column;
    sections.push(bytesOf(digits));
    return {
      kind: 'numbers',
      bytesEach: digits.BYTES_PER_ELEMENT as 1 | 2 | 4 | 8,
      decimals,
      isFixed,
      blank,
    };
  }
  // JSON escapes what UTF-8 has no bytes for, so that any text comes back as it was.
  const texts = Buffer.from(JSON.stringify(column.texts));
  sections.push(bytesOf(column.codes), texts);
  return { kind: 'texts', bytesEach: column.codes.BYTES_PER_ELEMENT as 1 | 2, textBytes: texts.length };
}

function consecutiveFrom(lines: Int32Array): number | null {
  return lines.every((line, row) => line === lines[0] + row) ? lines[0] : null;
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}
