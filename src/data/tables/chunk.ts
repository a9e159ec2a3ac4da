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

export interface ReadChunk extends Omit<Chunk, 'columns'> {
  /** null: the column was not wanted. It may have fewer columns than the table, when later rows brought more. */
  columns: (StoredColumn | null)[];
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

/**
 * Reads what `encodeChunk` wrote; the bytes must be whole, which a digest can tell.
 * @param isWanted whether the column at the index is read; null stands for the others
 */
export function decodeChunk(blob: Uint8Array, isWanted: (index: number) => boolean): ReadChunk {
  // The views below need their alignment, which a buffer out of a pool does not have.
  const bytes = blob.byteOffset % alignment === 0 ? blob : Uint8Array.from(blob);
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(Buffer.from(bytes.subarray(4, 4 + headerLength)).toString()) as Header;
  const { rows } = header;
  let next = aligned(4 + headerLength);
  const section = <View>(
    View: new (buffer: ArrayBuffer, start: number, length: number) => View,
    length: number,
    bytesEach: number,
  ): View => {
    const start = bytes.byteOffset + next;
    next += aligned(length * bytesEach);
    return new View(bytes.buffer as ArrayBuffer, start, length);
  };
  const lines = header.lines === 'stored' ? section(Int32Array, rows, 4) : linesFrom(header.lines, rows);
  const columns = header.columns.map((column, index): StoredColumn | null => {
    if (column.kind === 'numbers') {
      const { bytesEach, decimals, isFixed, blank } = column;
      const digits = section<StoredNumbers['digits']>(digitArrays[bytesEach], rows, bytesEach);
      return { kind: 'numbers', digits, decimals, isFixed, blank };
    }
    const codes = section<StoredTexts['codes']>(codeArrays[column.bytesEach], rows, column.bytesEach);
    const json = section(Uint8Array, column.textBytes, 1);
    if (!isWanted(index)) return null;
    return { kind: 'texts', codes, texts: JSON.parse(Buffer.from(json).toString()) as StoredTexts['texts'] };
  });
  return { rows, lines, columns };
}

const digitArrays = { 1: Int8Array, 2: Int16Array, 4: Int32Array, 8: Float64Array };
const codeArrays = { 1: Uint8Array, 2: Uint16Array };

function linesFrom(first: number | null, rows: number): Int32Array | null {
  return first === null ? null : Int32Array.from({ length: rows }, (_, row) => first + row);
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
