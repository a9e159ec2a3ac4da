/** What the readers of all formats give: rows of text, batch by batch, in constant memory. */
import type { Dialect, TableProblem, TableProblemCode, TableWarning } from '../table-schema.js';

/** Bytes that can be read in order, more than once, and, for formats with an index at their end, in any order. */
export interface ByteSource {
  sizeBytes: number;
  stream(): AsyncIterable<Uint8Array>;
  /** The bytes from `start` up to, not including, `end`. */
  slice(start: number, end: number): Promise<Uint8Array>;
}

/** What the client says of the format; what is left out is found out. */
export interface FormatOptions {
  format?: 'csv' | 'jsonl' | 'parquet';
  /** Between the fields of a CSV file: one character. */
  delimiter?: string;
  /** Before a quote inside quotes of a CSV file. */
  escape?: '"' | '\\';
  /** A label of the Encoding Standard, for example 'utf-8', 'windows-1252', 'shift_jis'. */
  encoding?: string;
  /** Whether the first line of a CSV file has the names. */
  header?: boolean;
}

/** How the rows are wanted. */
export interface RowOptions extends FormatOptions {
  /** Also gives the rows at fault, each with its problem, and the text of rows that are JSON. */
  keepBadRows?: boolean;
}

/** What is too large to take in. */
export interface FormatLimits {
  columns: number;
  rows: number;
  /** Characters of one cell. */
  fieldLength: number;
  /** Characters of one row. */
  rowLength: number;
  /** Bytes that a gzip file may hold. */
  inflatedBytes: number;
  /** Bytes that must be in memory at once: the decompressed columns of one row group of Parquet. */
  groupBytes: number;
}

export const formatLimits: Readonly<FormatLimits> = {
  columns: 1_000,
  rows: 5_000_000,
  fieldLength: 1_000_000,
  rowLength: 8_000_000,
  inflatedBytes: 8 * 1024 ** 3,
  groupBytes: 256 * 1024 ** 2,
};

/** The type that the file itself declares, where the format does so; the type is not inferred then. */
export type DeclaredType = 'number' | 'boolean' | 'datetime' | 'text';

export interface RowBatch {
  /** Of the columns seen so far; a later batch may have more at the end (JSON Lines). Unique and trimmed. */
  names: readonly string[];
  /** (rows, names) A cell's text, not trimmed. '': an empty cell. null: there is no value (null, or no such key). */
  rows: (string | null)[][];
  /** (rows) The physical line on which each row begins; null: the format has no lines. */
  lines: number[] | null;
  /** With `keepBadRows`: what is wrong with the row of this index. It has the cells that could be told apart, or null. */
  problems?: ReadonlyMap<number, TableProblem>;
  /** (rows) With `keepBadRows`, of JSON: each row as it is in the file. */
  texts?: string[];
}

export interface RowReader {
  /** Its encoding is known for certain once all batches are read. */
  dialect: Dialect;
  /** By the index of the column; null: the format declares no types. */
  declared: readonly DeclaredType[] | null;
  /** How many rows there are, where the format says so. */
  rowCount: number | null;
  /** From the first row on, at each call. @throws TableRefusal */
  batches(): AsyncIterable<RowBatch>;
  /** Known in full once all batches are read. */
  warnings: TableWarning[];
}

/** A file that cannot be taken in. It is thrown where the first problem is known, or at the end with all of them. */
export class TableRefusal extends Error {
  readonly problems: readonly TableProblem[];

  constructor(problems: readonly TableProblem[]) {
    super(problems[0]?.message ?? 'The file is not a table.');
    this.name = 'TableRefusal';
    this.problems = problems;
  }
}

export function refusal(code: TableProblemCode, message: string, at?: Partial<TableProblem>): TableRefusal {
  return new TableRefusal([problem(code, message, at)]);
}

export function problem(code: TableProblemCode, message: string, at?: Partial<TableProblem>): TableProblem {
  return { code, message, line: null, column: null, value: null, ...at };
}

/** A text at fault, short enough for a message. */
export function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
