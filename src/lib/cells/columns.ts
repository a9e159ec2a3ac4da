/** The cells of one column as numbers or as codes of levels, for arithmetic over many rows. */
import {
  isNumeric,
  levelReader,
  numberReader,
  unreadable,
  type CellFormat,
  type NumericFormat,
  type TextFormat,
} from './cell-format.js';

export type Column = NumberColumn | LevelColumn;

/** Numbers, booleans (1, 0) and datetimes (milliseconds since 1970, UTC). */
export interface NumberColumn {
  kind: 'numbers';
  /** (rows) NaN: missing. */
  values: Float64Array;
}

export interface LevelColumn {
  kind: 'levels';
  /** (rows) Indices into `levels`; -1: missing. */
  codes: Int32Array;
  /** In the order in which they first occur. */
  levels: string[];
}

/** A column, and the rows whose cells are not of its format; they count as missing. */
export interface ReadColumn {
  column: Column;
  /** Ascending. */
  unreadable: number[];
}

/** A cell: text, or what JSON has in its place. null and undefined: missing. */
export type Cell = string | number | boolean | null | undefined;

/**
 * Reads cells by their format. A number or a boolean of JSON is read as the text that it is written as, so that it means
 * the same as in a CSV file; a number in a number column is taken as it is.
 */
export function readColumn(format: CellFormat, cells: readonly Cell[]): ReadColumn {
  return isNumeric(format) ? readNumbers(format, cells) : readLevels(format, cells);
}

function readNumbers(format: NumericFormat, cells: readonly Cell[]): ReadColumn {
  const read = numberReader(format);
  const takesNumbers = format.type === 'number';
  const values = new Float64Array(cells.length);
  const failed: number[] = [];
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row];
    let value: number;
    if (typeof cell === 'string') value = read(cell);
    else if (cell === null || cell === undefined) value = NaN;
    // Adding 0 makes -0 the same value as 0, as it is in text.
    else if (takesNumbers && typeof cell === 'number') value = cell + 0;
    else value = read(String(cell));
    if (value === unreadable || value === -unreadable) {
      failed.push(row);
      value = NaN;
    }
    values[row] = value;
  }
  return { column: { kind: 'numbers', values }, unreadable: failed };
}

function readLevels(format: TextFormat, cells: readonly Cell[]): ReadColumn {
  const read = levelReader(format);
  const codes = new Int32Array(cells.length);
  const codeOf = new Map<string, number>();
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row];
    const level =
      cell === null || cell === undefined ? null : read(typeof cell === 'string' ? cell : String(cell));
    if (level === null) {
      codes[row] = -1;
      continue;
    }
    let code = codeOf.get(level);
    if (code === undefined) codeOf.set(level, (code = codeOf.size));
    codes[row] = code;
  }
  return { column: { kind: 'levels', codes, levels: [...codeOf.keys()] }, unreadable: [] };
}
