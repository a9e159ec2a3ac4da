/** The rows of a table that was taken in, read from the storage. */
import {
  isNumeric,
  levelReader,
  numberReader,
  unreadable,
  type CellFormat,
  type NumericFormat,
  type TextFormat,
} from '../../lib/cells/cell-format.js';
import type { Column } from '../../lib/cells/columns.js';
import { powersOfTen } from '../../lib/cells/number-text.js';
import type { Storage } from '../../storage/storage.js';
import type { TableContent } from '../dataset.js';
import type { TableSchema } from '../table-schema.js';
import { ChunkReader } from './chunk-store.js';
import { blankOf, cellText, numberText, type StoredColumn, type StoredNumbers } from './stored-column.js';

/** What is wanted is read at the call, and nothing is kept. */
export function openTable(
  storage: Storage,
  prefix: string,
  schema: Pick<TableSchema, 'rows' | 'columns'>,
): TableContent {
  const open = async (): Promise<ChunkReader> => ChunkReader.open({ storage, prefix }, schema.rows);
  const indexOf = new Map(schema.columns.map(({ name }, index) => [name, index]));

  return {
    async columns(wanted) {
      const builders = wanted.map(({ name, format }) => {
        const index = indexOf.get(name);
        if (index === undefined) throw new Error(`The table has no column ${JSON.stringify(name)}`);
        return { index, builder: columnBuilder(format, schema.rows) };
      });
      let first = 0;
      for await (const chunk of (await open()).all(new Set(builders.map(({ index }) => index)))) {
        for (const { index, builder } of builders) builder.add(chunk.columns[index], first, chunk.rows);
        first += chunk.rows;
      }
      return builders.map(({ builder }) => builder.column());
    },

    async rows(first, count) {
      const chunks = await open();
      const rows: (string | null)[][] = [];
      let start = 0;
      for (let index = 0; index < chunks.count && start < first + count; index++) {
        const end = start + chunks.rowsOf(index);
        if (end > first) {
          const { columns } = await chunks.read(index);
          for (let row = Math.max(first, start); row < Math.min(first + count, end); row++) {
            rows.push(schema.columns.map((_, column) => textOf(columns[column], row - start)));
          }
        }
        start = end;
      }
      return rows;
    },
  };
}

function textOf(column: StoredColumn | null | undefined, row: number): string | null {
  return column === null || column === undefined ? null : cellText(column, row);
}

interface ColumnBuilder {
  /** The rows of a chunk, which are the rows from `first` on; undefined: the chunk does not have the column. */
  add(stored: StoredColumn | null | undefined, first: number, count: number): void;
  column(): Column;
}

function columnBuilder(format: CellFormat, rows: number): ColumnBuilder {
  return isNumeric(format) ? numberBuilder(format, rows) : levelBuilder(format, rows);
}

function numberBuilder(format: NumericFormat, rows: number): ColumnBuilder {
  const values = new Float64Array(rows);
  return {
    add(stored, first, count) {
      const part = values.subarray(first, first + count);
      readNumbers(format, stored, part);
      for (let row = 0; row < count; row++) if (part[row] === unreadable) part[row] = NaN;
    },
    column: () => ({ kind: 'numbers', values }),
  };
}

/** The cells by the format, into `values` (rows of the chunk), as `numberReader` reads them. */
export function readNumbers(
  format: NumericFormat,
  stored: StoredColumn | null | undefined,
  values: Float64Array,
): void {
  if (stored === null || stored === undefined) {
    values.fill(NaN);
    return;
  }
  const read = numberReader(format);
  if (stored.kind === 'texts') {
    const { codes, texts } = stored;
    const valueOf = Float64Array.from(texts, (text) => (text === null ? NaN : read(text)));
    for (let row = 0; row < values.length; row++) values[row] = valueOf[codes[row]];
    return;
  }
  const { digits, decimals } = stored;
  const blank = blankOf(digits);
  if (format.type === 'number' && (format.decimal === '.' || areWhole(stored))) {
    const divisor = powersOfTen[decimals];
    for (let row = 0; row < values.length; row++) {
      const each = digits[row];
      values[row] = each === blank ? NaN : each / divisor;
    }
    return;
  }
  const valueOf = new Map<number, number>();
  for (let row = 0; row < values.length; row++) {
    const each = digits[row];
    if (Number.isNaN(each) || each === blank) {
      values[row] = NaN;
      continue;
    }
    let value = valueOf.get(each);
    if (value === undefined) valueOf.set(each, (value = read(numberText(stored, each))));
    values[row] = value;
  }
}

function areWhole({ digits, decimals }: StoredNumbers): boolean {
  return decimals === 0 && digits.BYTES_PER_ELEMENT < 8;
}

function levelBuilder(format: TextFormat, rows: number): ColumnBuilder {
  const read = levelReader(format);
  const codes = new Int32Array(rows);
  const codeOf = new Map<string, number>();
  return {
    add(stored, first, count) {
      codes.set(levelCodes(stored, count, codeOf, read), first);
    },
    column: () => ({ kind: 'levels', codes, levels: [...codeOf.keys()] }),
  };
}

const asCategory = levelReader({ type: 'category', missing: [] });

/** (rows) The code of each cell's level, -1 without one. A level that has none yet gets the next code. */
export function levelCodes(
  stored: StoredColumn | null | undefined,
  rows: number,
  codeOf: Map<string, number>,
  read: (text: string) => string | null = asCategory,
): Int32Array {
  const codes = new Int32Array(rows);
  if (stored === null || stored === undefined) return codes.fill(-1);
  const codeOfText = (text: string | null): number => {
    const level = text === null ? null : read(text);
    if (level === null) return -1;
    let code = codeOf.get(level);
    if (code === undefined) codeOf.set(level, (code = codeOf.size));
    return code;
  };
  if (stored.kind === 'texts') {
    const codeOfStored = Int32Array.from(stored.texts, codeOfText);
    for (let row = 0; row < rows; row++) codes[row] = codeOfStored[stored.codes[row]];
    return codes;
  }
  const { digits } = stored;
  const blank = blankOf(digits);
  const codeOfDigits = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const each = digits[row];
    if (Number.isNaN(each) || each === blank) {
      codes[row] = -1;
      continue;
    }
    let code = codeOfDigits.get(each);
    if (code === undefined) codeOfDigits.set(each, (code = codeOfText(numberText(stored, each))));
    codes[row] = code;
  }
  return codes;
}
