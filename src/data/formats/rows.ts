/** What the readers of all formats give: rows of text, batch by batch, in constant memory. */
import type { Dialect, TableProblem, TableWarning } from '../table-schema.js';

/** Bytes that can be read in order and, for formats with an index at their end, in any order. */
export interface ByteSource {
  sizeBytes: number;
  stream(): AsyncIterable<Uint8Array>;
  /** The bytes from `start` up to, not including, `end`. */
  slice(start: number, end: number): Promise<Uint8Array>;
}

/** What the client says of the format; what is left out is found out. */
export interface FormatOptions {
  format?: 'csv' | 'jsonl' | 'parquet';
  delimiter?: string;
  encoding?: string;
  header?: boolean;
}

/** The type that the file itself declares, where the format does so; the type is not inferred then. */
export type DeclaredType = 'number' | 'boolean' | 'datetime' | 'text';

export interface RowBatch {
  /** Of the columns seen so far; a later batch may have more at the end (JSON Lines). Unique and trimmed. */
  names: readonly string[];
  /** (rows, names) A cell's text, not trimmed. '': an empty cell. null: there is no value (null, or no such key). */
  rows: (string | null)[][];
  /** (rows) The physical line on which each row begins; null: the format has no lines. */
  lines: number[] | null;
}

export interface RowReader {
  dialect: Dialect;
  /** By the index of the column; null: the format declares no types. */
  declared: readonly DeclaredType[] | null;
  /** How many rows there are, where the format says so. */
  rowCount: number | null;
  /** @throws TableRefusal */
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
