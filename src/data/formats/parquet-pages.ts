/** The cells of one column in one row group of Parquet, page by page: at most one page of each column is in memory. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { ColumnMetaData, CompressionCodec, DecodedArray, PageHeader, SchemaElement } from 'hyparquet';
import { decompressLz4, decompressLz4Raw, decompressSnappy, decompressZstd } from 'hyparquet-compressors';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import type { CellText } from './parquet-cells.js';
import { checkDeltas, checkRuns, checkThrift, countPresent, DamagedParquet } from './parquet-checks.js';
import type { FormatLimits } from './rows.js';

export interface ParquetColumn {
  name: string;
  element: SchemaElement;
  cell: CellText;
}

type Cells = (string | null)[];

type Decoder = Parameters<typeof readPage>[2];

export class ColumnChunk {
  readonly #bytes: Uint8Array;
  readonly #column: ParquetColumn;
  readonly #codec: CompressionCodec;
  readonly #limits: FormatLimits;
  readonly #decoder: Decoder;
  /** Rows of the group that no page has given yet. */
  #rowsLeft: number;
  /** Where the next page begins. */
  #offset = 0;
  #dictionary: Cells | undefined;
  #cells: Cells = [];
  /** How many of them are taken. */
  #taken = 0;

  /** `bytes`: the pages of the chunk, one after the other. */
  constructor(
    bytes: Uint8Array,
    column: ParquetColumn,
    { codec }: Pick<ColumnMetaData, 'codec'>,
    rows: number,
    limits: FormatLimits,
  ) {
    this.#bytes = bytes;
    this.#column = column;
    this.#codec = codec;
    this.#rowsLeft = rows;
    this.#limits = limits;
    this.#decoder = decoderOf(column);
  }

  /** The next cells. @throws DamagedParquet, and whatever hyparquet throws at damaged pages */
  take(count: number): Cells {
    const taken: Cells = [];
    while (taken.length < count) {
      if (this.#taken === this.#cells.length) this.#nextPage();
      const some = this.#cells.slice(this.#taken, this.#taken + count - taken.length);
      this.#taken += some.length;
      for (const cell of some) taken.push(cell);
    }
    return taken;
  }

  #nextPage(): void {
    const { buffer, byteOffset } = this.#bytes;
    const view = new DataView(buffer, byteOffset, this.#bytes.length);
    const end = checkThrift(view, this.#offset);
    const header = parquetHeader({ view, offset: this.#offset });
    const size = header.compressed_page_size;
    if (!isUpTo(size, this.#bytes.length - end)) throw new DamagedParquet('a page in it is cut short');
    if (!isUpTo(header.uncompressed_page_size, this.#limits.groupBytes)) {
      throw new DamagedParquet(`a page in it is larger than ${this.#limits.groupBytes} bytes`);
    }
    this.#offset = end + size;
    const stored = this.#bytes.subarray(end, end + size);
    this.#cells = [];
    this.#taken = 0;
    if (header.type === 'DICTIONARY_PAGE') this.#dictionary = this.#readDictionary(header, stored);
    else if (header.type !== 'INDEX_PAGE') this.#cells = this.#readCells(header, stored);
    this.#rowsLeft -= this.#cells.length;
  }

  #readDictionary(header: PageHeader, stored: Uint8Array): Cells {
    const page = decompress(this.#codec, stored, header.uncompressed_page_size);
    const count = header.dictionary_page_header?.num_values ?? 0;
    if (!isUpTo(count, page.length)) throw new DamagedParquet('a dictionary in it is cut short');
    return Array.from(decode(page, header, this.#decoder, undefined), (value) => this.#text(value));
  }

  #readCells(header: PageHeader, stored: Uint8Array): Cells {
    const { num_values: count, encoding } = header.data_page_header ?? header.data_page_header_v2 ?? {};
    if (!isUpTo(count, this.#rowsLeft) || encoding === undefined) {
      throw new DamagedParquet('a page in it has another number of rows than it should');
    }
    if (count === 0) return [];
    const page =
      header.data_page_header_v2 === undefined
        ? decompress(this.#codec, stored, header.uncompressed_page_size)
        : this.#plainPageV2(header, header.data_page_header_v2, stored);
    checkPage(page, header, this.#column.element, this.#limits);
    const isDictionary = encoding.endsWith('_DICTIONARY');
    if (isDictionary && this.#dictionary === undefined)
      throw new DamagedParquet('a dictionary is missing in it');
    const values = decode(page, header, this.#decoder, this.#dictionary) as ArrayLike<unknown>;
    if (values.length !== count) {
      throw new DamagedParquet('a page in it has another number of rows than it should');
    }
    if (Array.isArray(values) && values.includes(undefined))
      throw new DamagedParquet('a value is missing in it');
    if (isDictionary) return values as Cells;
    return Array.from(values, (value) => (value === null ? null : this.#text(value)));
  }

  /** The levels of such a page are never compressed. */
  #plainPageV2(
    header: PageHeader,
    v2: NonNullable<PageHeader['data_page_header_v2']>,
    stored: Uint8Array,
  ): Uint8Array {
    const { repetition_levels_byte_length: repetition, definition_levels_byte_length: definition } = v2;
    if (!isUpTo(repetition, stored.length) || !isUpTo(definition, stored.length - repetition)) {
      throw new DamagedParquet('a page in it is cut short');
    }
    const levels = repetition + definition;
    if (v2.is_compressed === false || this.#codec === 'UNCOMPRESSED') return stored;
    const values = decompress(this.#codec, stored.subarray(levels), header.uncompressed_page_size - levels);
    return Buffer.concat([stored.subarray(0, levels), values]);
  }

  #text(stored: unknown): string | null {
    const { fieldLength } = this.#limits;
    if (stored instanceof Uint8Array && stored.length > fieldLength) {
      throw new DamagedParquet(
        `it has a cell of ${stored.length} bytes, and at most ${fieldLength} are taken`,
      );
    }
    return this.#column.cell.text(stored);
  }
}

/** Whether a size or count that a file states is there and believable. A damaged header may lack it, whatever its type says. */
function isUpTo(stated: number | undefined, most: number): stated is number {
  return stated !== undefined && stated >= 0 && stated <= most;
}

/** Values as they are stored: types that stand above them are for `CellText`. */
function decoderOf({ element }: ParquetColumn): Decoder {
  const stored: SchemaElement = { ...element };
  delete stored.converted_type;
  delete stored.logical_type;
  const leaf = { count: 1, element: stored, children: [], path: [element.name] };
  const root = { count: 2, element: { name: 'root', num_children: 1 }, children: [leaf], path: [] };
  return {
    pathInSchema: leaf.path,
    type: element.type ?? 'BYTE_ARRAY',
    element: stored,
    schemaPath: [root, leaf],
    codec: 'UNCOMPRESSED',
    utf8: false,
    parsers: { ...DEFAULT_PARSERS, timestampFromNanoseconds: (nanoseconds) => nanoseconds },
  };
}

/** Of a page that is decompressed already. */
function decode(
  page: Uint8Array,
  header: PageHeader,
  decoder: Decoder,
  dictionary: Cells | undefined,
): DecodedArray {
  // A copy: hyparquet makes views of four and eight bytes on the buffer of the page.
  const view = new DataView(Uint8Array.from(page).buffer);
  const plain: PageHeader = {
    ...header,
    compressed_page_size: page.length,
    uncompressed_page_size: page.length,
    ...(header.data_page_header_v2 && {
      data_page_header_v2: { ...header.data_page_header_v2, is_compressed: false },
    }),
  };
  return readPage({ view, offset: 0 }, plain, decoder, dictionary, undefined, 0).data ?? [];
}

/** Node.js has its own for the formats of the Web. None gives more than `length` bytes. */
const decompressors: Partial<Record<CompressionCodec, (bytes: Uint8Array, length: number) => Uint8Array>> = {
  UNCOMPRESSED: (bytes) => bytes,
  SNAPPY: decompressSnappy,
  GZIP: (bytes, length) => gunzipSync(bytes, { maxOutputLength: length }),
  BROTLI: (bytes, length) => brotliDecompressSync(bytes, { maxOutputLength: length }),
  ZSTD: (bytes, length) => decompressZstd(bytes, new Uint8Array(length)),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

function decompress(codec: CompressionCodec, bytes: Uint8Array, length: number): Uint8Array {
  if (length === 0) return new Uint8Array(0);
  const decompressor = decompressors[codec];
  if (decompressor === undefined)
    throw new DamagedParquet(`it is compressed with ${codec}, which is not supported`);
  const page = decompressor(bytes, length);
  if (page.length !== length) throw new DamagedParquet('a page in it has another size than it should');
  return page;
}

/** What the bytes of a page say of themselves, before they are believed. */
function checkPage(page: Uint8Array, header: PageHeader, element: SchemaElement, limits: FormatLimits): void {
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  const { num_values: count = 0, encoding } = header.data_page_header ?? header.data_page_header_v2 ?? {};
  const { values, present } = checkLevels(view, header, element.repetition_type !== 'REQUIRED', count);
  switch (encoding) {
    case 'PLAIN':
      return;
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      if (values < page.length) checkRuns(view, values + 1, page.length, view.getUint8(values), present);
      return;
    case 'RLE':
      if (element.type !== 'BOOLEAN')
        throw new DamagedParquet('a page in it is encoded in a way that its type is not');
      checkRuns(view, values + 4, page.length, 1, present);
      return;
    case 'DELTA_BINARY_PACKED':
    case 'DELTA_LENGTH_BYTE_ARRAY':
      checkDeltas(view, values, present);
      return;
    case 'DELTA_BYTE_ARRAY':
      checkPrefixes(view, values, present, limits);
      return;
    case 'BYTE_STREAM_SPLIT':
      if (count * (element.type_length ?? 8) > limits.groupBytes)
        throw new DamagedParquet('a page in it is too large');
      return;
    case 'ALP':
    case 'BIT_PACKED':
    case 'GROUP_VAR_INT':
    case undefined:
    default:
      throw new DamagedParquet(
        `a page in it has the encoding ${encoding ?? 'unknown'}, which is not supported`,
      );
  }
}

/** Gives the offset of the values, which are behind the levels, and how many there are. */
function checkLevels(
  view: DataView,
  header: PageHeader,
  nullable: boolean,
  count: number,
): { values: number; present: number } {
  const v2 = header.data_page_header_v2;
  if (v2 !== undefined) {
    const start = v2.repetition_levels_byte_length;
    const values = start + v2.definition_levels_byte_length;
    const present = nullable ? countPresent(view, start, values, count) : count;
    if (v2.num_nulls !== count - present)
      throw new DamagedParquet('a page in it has another number of nulls than it says');
    return { values, present };
  }
  if (!nullable) return { values: 0, present: count };
  const values = 4 + view.getUint32(0, true);
  return { values, present: countPresent(view, 4, values, count) };
}

/** Texts that share their beginnings: a few bytes can stand for very many. */
function checkPrefixes(view: DataView, start: number, count: number, limits: FormatLimits): void {
  const suffixes = checkDeltas(view, start, count);
  checkDeltas(view, suffixes, count);
  let total = 0;
  for (const offset of [start, suffixes]) {
    const lengths = new Int32Array(count);
    deltaBinaryUnpack({ view, offset }, count, lengths);
    for (const length of lengths) {
      total += length;
      if (length < 0 || total > limits.groupBytes)
        throw new DamagedParquet('a page of texts in it is too large');
    }
  }
}
