/** Parquet: the types are the file's own. Columns of single values only; read row group by row group. */
import {
  parquetMetadata,
  type ColumnMetaData,
  type FileMetaData,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet';
import type { Dialect, TableWarning } from '../table-schema.js';
import { ColumnNames } from './column-names.js';
import { cellText } from './parquet-cells.js';
import { checkThrift, DamagedParquet } from './parquet-checks.js';
import { ColumnChunk, type ParquetColumn } from './parquet-pages.js';
import {
  problem,
  refusal,
  TableRefusal,
  type ByteSource,
  type DeclaredType,
  type FormatLimits,
  type RowBatch,
  type RowReader,
} from './rows.js';

/** The footer of a file with a thousand columns and dozens of row groups has a few. */
const mostMetadataBytes = 16 * 1024 ** 2;

const cellsOfBatch = 200_000;

/** @throws TableRefusal */
export async function openParquet(source: ByteSource, limits: FormatLimits): Promise<ParquetReader> {
  const metadata = await readMetadata(source);
  return trusting(() => new ParquetReader(source, metadata, limits));
}

class ParquetReader implements RowReader {
  readonly dialect: Dialect = {
    format: 'parquet',
    compression: null,
    encoding: null,
    delimiter: null,
    escape: null,
    header: null,
  };
  readonly declared: readonly DeclaredType[];
  readonly rowCount: number;
  readonly warnings: TableWarning[];
  readonly #source: ByteSource;
  readonly #groups: RowGroup[];
  readonly #columns: ParquetColumn[];
  readonly #limits: FormatLimits;

  constructor(source: ByteSource, metadata: FileMetaData, limits: FormatLimits) {
    this.#source = source;
    this.#groups = metadata.row_groups;
    this.#limits = limits;
    this.rowCount = this.#groups.reduce((total, { num_rows: rows }) => total + safeInteger(rows), 0);
    if (this.rowCount === 0) throw refusal('NO_ROWS', 'The Parquet file has columns and no rows.');
    if (this.rowCount > limits.rows) {
      throw refusal('TOO_LARGE', `The file has ${this.rowCount} rows. At most ${limits.rows} are taken.`);
    }
    const elements = flatColumns(metadata.schema, limits);
    const { names, warnings } = new ColumnNames(elements.map(({ name }) => name));
    this.warnings = warnings;
    this.#columns = typedColumns(elements, names);
    this.declared = this.#columns.map(({ cell }) => cell.declared);
  }

  async *batches(): AsyncGenerator<RowBatch> {
    const names = this.#columns.map(({ name }) => name);
    const batchRows = Math.min(10_000, Math.max(1, Math.floor(cellsOfBatch / names.length)));
    let textLeft = this.#limits.inflatedBytes;
    for (const group of this.#groups) {
      const chunks = await this.#openGroup(group);
      for (let left = safeInteger(group.num_rows); left > 0; left -= batchRows) {
        const count = Math.min(left, batchRows);
        const columns = chunks.map((chunk, index) => trusting(() => chunk.take(count), names[index]));
        const rows = Array.from({ length: count }, (_, row) => columns.map((cells) => cells[row] ?? null));
        // Few bytes can stand for much text: a long text that repeats is stored once.
        for (const row of rows) for (const cell of row) textLeft -= cell?.length ?? 0;
        if (textLeft < 0) {
          throw refusal(
            'TOO_LARGE',
            `The file has more than ${this.#limits.inflatedBytes} characters of text.`,
          );
        }
        yield { names, rows, lines: null };
      }
    }
  }

  /** Reads the compressed pages of all columns, which are small beside their cells. */
  async #openGroup({ columns, num_rows: rows }: RowGroup): Promise<ColumnChunk[]> {
    const chunks = trusting(() => {
      if (columns.length !== this.#columns.length)
        throw new DamagedParquet('a column is missing in a row group');
      return columns.map(({ meta_data: meta, file_path: path }) => {
        if (meta === undefined || path !== undefined)
          throw new DamagedParquet('a column is not in the file itself');
        const start = safeInteger(firstPage(meta));
        return { meta, start, end: start + safeInteger(meta.total_compressed_size) };
      });
    });
    const total = chunks.reduce((sum, { start, end }) => sum + end - start, 0);
    if (total > this.#limits.groupBytes) {
      const message = `A row group has ${total} bytes. At most ${this.#limits.groupBytes} are taken: write the file with smaller row groups.`;
      throw refusal('TOO_LARGE', message);
    }
    const opened: ColumnChunk[] = [];
    for (const [index, { meta, start, end }] of chunks.entries()) {
      if (end > this.#source.sizeBytes) throw damaged('it is cut short');
      const column = this.#columns[index];
      if (column === undefined) continue;
      const bytes = await this.#source.slice(start, end);
      opened.push(new ColumnChunk(bytes, column, meta, safeInteger(rows), this.#limits));
    }
    return opened;
  }
}

/** Some writers say 0 where there is no dictionary. */
function firstPage({
  dictionary_page_offset: dictionary = 0n,
  data_page_offset: data,
}: ColumnMetaData): bigint {
  return dictionary > 0n ? dictionary : data;
}

/** From the end of the file: the metadata, its length, and a mark. */
async function readMetadata(source: ByteSource): Promise<FileMetaData> {
  const size = source.sizeBytes;
  if (size < 12) throw damaged('it is cut short');
  const tail = Buffer.from(await source.slice(size - 8, size));
  const mark = tail.toString('latin1', 4);
  if (mark === 'PARE')
    throw refusal('NOT_A_TABLE', 'The Parquet file is encrypted. Write it without encryption.');
  if (mark !== 'PAR1') throw damaged('it is cut short, so its end is missing. Upload the whole file again');
  const length = tail.readUInt32LE(0);
  if (length > size - 12) throw damaged('its metadata is longer than the file');
  if (length > mostMetadataBytes) {
    throw refusal(
      'TOO_LARGE',
      `The Parquet file has ${length} bytes of metadata. At most ${mostMetadataBytes} are taken.`,
    );
  }
  const footer = Uint8Array.from(await source.slice(size - 8 - length, size));
  return trusting(() => {
    checkThrift(new DataView(footer.buffer), 0);
    return parquetMetadata(footer.buffer, { geoparquet: false });
  });
}

/** The columns, if each is a single value. @throws TableRefusal that names those that are not */
function flatColumns([root, ...elements]: SchemaElement[], limits: FormatLimits): SchemaElement[] {
  const columns: SchemaElement[] = [];
  const nested: SchemaElement[] = [];
  for (let i = 0; i < elements.length; i = behind(elements, i)) {
    const element = elements[i];
    if (element === undefined) break;
    const isNested = (element.num_children ?? 0) > 0 || element.repetition_type === 'REPEATED';
    (isNested ? nested : columns).push(element);
  }
  if (nested.length > 0) {
    throw new TableRefusal(
      nested.map(({ name }) =>
        problem(
          'NOT_A_TABLE',
          `The column "${name}" has lists or records in its cells. Leave it out, or write each of its values as a column.`,
          {
            column: name,
          },
        ),
      ),
    );
  }
  if (columns.length === 0 || columns.length !== root?.num_children)
    throw new DamagedParquet('its columns are missing');
  if (columns.length > limits.columns) {
    throw refusal(
      'TOO_LARGE',
      `The file has ${columns.length} columns. At most ${limits.columns} are taken.`,
    );
  }
  return columns;
}

/** The index behind an element and all that is in it. */
function behind(elements: SchemaElement[], index: number): number {
  let left = 1;
  let next = index;
  while (left > 0 && next < elements.length) left += (elements[next++]?.num_children ?? 0) - 1;
  return next;
}

function typedColumns(elements: SchemaElement[], names: string[]): ParquetColumn[] {
  const typed = elements.map((element, index) => ({
    element,
    name: names[index] ?? '',
    cell: cellText(element),
  }));
  const untyped = typed.filter(({ cell }) => cell === null);
  if (untyped.length > 0) {
    throw new TableRefusal(
      untyped.map(({ name, element }) => {
        const type = element.logical_type?.type ?? element.converted_type ?? element.type ?? 'unknown';
        return problem(
          'NOT_A_TABLE',
          `The column "${name}" has the type ${type}, which is no text, number, boolean or time. Leave it out.`,
          {
            column: name,
          },
        );
      }),
    );
  }
  return typed.flatMap(({ cell, ...column }) => (cell === null ? [] : [{ ...column, cell }]));
}

/** @throws DamagedParquet */
function safeInteger(value: bigint | number | undefined): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new DamagedParquet('a number in it does not make sense');
  return number;
}

/** Whatever goes wrong in here is the file's fault: nothing is read from the source. */
function trusting<T>(parse: () => T, column?: string): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TableRefusal) throw error;
    // hyparquet meets damaged bytes with errors of the language, whose messages say nothing of the file.
    const isPlain = error instanceof Error && !(error instanceof TypeError || error instanceof RangeError);
    throw damaged(isPlain ? error.message : 'its bytes do not make sense', column);
  }
}

function damaged(reason: string, column?: string): TableRefusal {
  const where = column === undefined ? 'The Parquet file' : `The column "${column}" of the Parquet file`;
  return refusal('DAMAGED_FILE', `${where} cannot be read: ${reason.replace(/\.$/, '')}.`, {
    column: column ?? null,
  });
}
