/** What is known of a table once every row has been read. A document: it lies beside the rows and the API shows it. */
import type { CellFormat } from '../lib/cells/cell-format.js';

export type DatasetFormat = 'csv' | 'jsonl' | 'parquet' | 'idx' | 'pictures';

/** How the bytes were read. What does not apply to the format is null. */
export interface Dialect {
  format: DatasetFormat;
  compression: 'gzip' | null;
  /** For example 'utf-8', 'utf-16le', 'windows-1252'. */
  encoding: string | null;
  delimiter: string | null;
  /** The character before a quote inside quotes: '"' or '\\'. */
  escape: string | null;
  /** Whether the first line has the names. */
  header: boolean | null;
}

export interface TableSchema {
  format_version: 1;
  rows: number;
  dialect: Dialect;
  /** In the order of the file. */
  columns: ColumnSchema[];
  warnings: TableWarning[];
}

export interface ColumnSchema {
  /** Unique, trimmed. May be any text, also `__proto__`: never use it as the key of a plain object. */
  name: string;
  format: CellFormat;
  /** What a job does with the column unless it says otherwise. */
  role: 'feature' | 'ignore';
  /** Why the type and the role are what they are, in a sentence. */
  reason: string;
  profile: ColumnProfile;
}

export interface ColumnProfile {
  /** Cells without a value, unreadable ones included. */
  missing: number;
  /** Cells that are not of the format. */
  unreadable: number;
  /** Of the texts of the cells with a value. Above 10,000 it is an estimate, within about 1 %. */
  distinct: number;
  /**
   * The texts and how often each occurs, the commonest first, up to `mostLevels`. Where `distinct` is an estimate, those
   * that were common among the first 10,000 distinct texts.
   */
  top: Level[];
  /** Of numbers, booleans (0, 1) and datetimes (milliseconds since 1970); null for texts and where no cell has a value. */
  numbers: NumberProfile | null;
}

export interface Level {
  value: string;
  count: number;
}

export interface NumberProfile {
  min: number;
  max: number;
  mean: number;
  /** Of the population. */
  std: number;
  /** At 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99. */
  quantiles: number[];
  /** Counts of equally wide bins from min to max. */
  histogram: number[];
  /** Whether all are whole numbers. */
  integers: boolean;
  /** How many values, drawn at random, quantiles and histogram are of; null: all of them. */
  sampled: number | null;
}

/** A column with more levels has only its commonest in `top`, and is not the target of a classification. */
export const mostLevels = 1_000;

export interface TableWarning {
  code: TableWarningCode;
  /** The name of the column; null: the whole table. */
  column: string | null;
  message: string;
  /** The physical lines of the file where it occurs, the first ones. The header is line 1. */
  lines?: number[];
  count?: number;
}

export type TableWarningCode =
  | 'ALL_MISSING'
  | 'CLASS_SPELLING'
  | 'CONSTANT'
  | 'DATE_AMBIGUOUS'
  | 'DATE_INCONSISTENT'
  | 'DATE_MIXED_OFFSETS'
  | 'DUPLICATE_ROWS'
  | 'DUPLICATE_PICTURES'
  | 'ENCODING_ASSUMED'
  | 'FILES_LEFT_OUT'
  | 'FORMULA_CELLS'
  | 'HEADER_DUPLICATE'
  | 'HEADER_EMPTY'
  | 'HEADER_MISSING'
  | 'HEADER_TRIMMED'
  | 'HIGH_CARDINALITY'
  | 'ID_LIKE'
  | 'IMBALANCE'
  | 'INTEGER_PRECISION'
  | 'JSON_MISSING_KEYS'
  | 'LEADING_ZEROS'
  | 'LEAK'
  | 'MISSING_TOKEN_AMBIGUOUS'
  | 'MISSING_VALUES'
  | 'MIXED_TYPE'
  | 'NESTED_VALUES'
  | 'NON_FINITE'
  | 'NUMBER_TEXT_STRIPPED'
  | 'RARE_CLASS'
  | 'TARGET_MISSING_ROWS'
  | 'TARGET_SINGLE_CLASS'
  | 'TOO_FEW_ROWS'
  | 'TRAILING_DELIMITER';

/** Why a file is not a table. Of several rows at fault up to `mostProblems` are told. */
export interface TableProblem {
  code: TableProblemCode;
  message: string;
  /** The physical line, header = 1; null where none is at fault. */
  line: number | null;
  /** The name of the column, or its number from 1 where it has none. */
  column: string | null;
  /** The text at fault, shortened. */
  value: string | null;
}

export const mostProblems = 100;

export type TableProblemCode =
  | 'BAD_JSON'
  | 'BAD_ENCODING'
  | 'BAD_QUOTE'
  | 'DUPLICATE_NAME'
  | 'EMPTY_FILE'
  | 'ENCRYPTED'
  | 'LABELS'
  | 'LINK'
  | 'LYING_SIZES'
  | 'NO_CLASSES'
  | 'NO_PICTURES'
  | 'NO_SUCH_COLUMN'
  | 'NO_ROWS'
  | 'NOT_A_TABLE'
  | 'DAMAGED_FILE'
  | 'PICTURE_INVALID'
  | 'PICTURE_TOO_LARGE'
  | 'ROW_LENGTH'
  | 'TOO_LARGE'
  | 'TRUNCATED_ARCHIVE'
  | 'UNCLOSED_QUOTE'
  | 'UNKNOWN_COMPRESSION'
  | 'UNSAFE_PATH';
