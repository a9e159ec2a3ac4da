/** What a model takes and gives, of a table: what can be said of it without loading its file. */
import type { FittedColumn, TablePreprocessing } from '../preprocessing/table.js';

/** A document. */
export interface TableSignature {
  /** In the order of the model. */
  columns: SignatureColumn[];
  targets: string[];
  ignored: string[];
}

/** The levels are the commonest. */
export type SignatureColumn = Pick<FittedColumn, 'name' | 'format' | 'seen'>;

const mostLevels = 32;
const mostLevelLength = 200;
/** What a Date can hold. */
const mostMs = 8.64e15;

export function signatureOf({ columns, targets, ignored }: TablePreprocessing): TableSignature {
  return { columns: columns.map(signatureColumn), targets, ignored };
}

function signatureColumn({ name, format, seen }: FittedColumn): SignatureColumn {
  if (seen.kind === 'numbers') return { name, format, seen };
  const levels = seen.levels.filter(({ length }) => length <= mostLevelLength).slice(0, mostLevels);
  return { name, format, seen: { ...seen, levels } };
}

/** A value of the column that a row may have, as JSON. null: the training rows had none. */
export function exampleCell({ format, seen }: SignatureColumn): number | string | boolean | null {
  if (seen.kind === 'levels') return seen.levels[0] ?? null;
  const { median } = seen;
  if (median === null) return null;
  if (format.type === 'boolean') return median >= 0.5;
  return format.type === 'datetime' ? dateText(median) : median;
}

/** ISO 8601, without a time at midnight. */
export function dateText(moment: number): string {
  const text = new Date(Math.max(-mostMs, Math.min(mostMs, moment))).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text;
}

/** A column as the API shows it. A document. */
export interface ShownColumn {
  name: string;
  type: SignatureColumn['format']['type'];
  /** In how many training rows it had no value. */
  missing: number;
  min?: number | string;
  max?: number | string;
  typical?: number | string | boolean;
  /** Of categories: the commonest. */
  levels?: string[];
  level_count?: number;
}

export function shownColumn(signature: SignatureColumn): ShownColumn {
  const { name, format, seen } = signature;
  const typical = exampleCell(signature);
  const column = { name, type: format.type, missing: seen.missing, ...(typical !== null && { typical }) };
  if (seen.kind === 'levels') return { ...column, levels: seen.levels, level_count: seen.distinct };
  const { min, max } = seen;
  if (format.type === 'boolean' || min === null || max === null) return column;
  return format.type === 'datetime'
    ? { ...column, min: dateText(min), max: dateText(max) }
    : { ...column, min, max };
}
