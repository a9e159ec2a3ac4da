/**
 * From the columns of a table to the inputs of a network. What the transforms need is fitted on the training rows and
 * recorded in the model, so that training and predictions compute the same bits.
 */
import { isNumeric, type CellFormat } from '../../lib/cells/cell-format.js';
import type { Column, LevelColumn, NumberColumn } from '../../lib/cells/columns.js';
import {
  fillPart,
  periods,
  phases,
  placesOf,
  type Cells,
  type OneHotPart,
  type Part,
  type Period,
} from './parts.js';

/** What decides how many inputs a column becomes. It is known before any row is read. */
export interface ColumnPlan {
  name: string;
  format: CellFormat;
  /** Distinct texts in the whole column. */
  distinct: number;
  /** Whether any cell of the whole column has no value. */
  hasMissing: boolean;
}

/** A document. */
export interface TablePreprocessing {
  kind: 'table';
  /** The columns that the model takes, in the order of its inputs. */
  columns: FittedColumn[];
  /** How many inputs the network has. */
  width: number;
  /** The columns that it learned to predict. A row may have them; they are not looked at. */
  targets: string[];
  /** Further columns of the dataset that it does not use. */
  ignored: string[];
}

export interface FittedColumn {
  name: string;
  format: CellFormat;
  /** What the training rows had. */
  seen: SeenNumbers | SeenLevels;
  /** Its inputs, in their order. How they are chosen may change; a recorded part keeps its meaning. */
  parts: Part[];
}

/** Of numbers, booleans (1, 0) and datetimes (milliseconds since 1970, UTC); null where all cells were missing. */
export interface SeenNumbers {
  kind: 'numbers';
  missing: number;
  min: number | null;
  median: number | null;
  max: number | null;
}

export interface SeenLevels {
  kind: 'levels';
  missing: number;
  /** How many levels there were. */
  distinct: number;
  /** The commonest first, as far as there is room in the record. */
  levels: string[];
}

/** A category with more levels keeps its commonest 31 and puts the others together. */
const mostPlaces = 32;
/** Levels that the record keeps, and how many characters they may have together. */
const mostLevelsSeen = 1_000;
const mostTextSeen = 2 ** 16;

/** How many inputs the columns become. */
export function plannedWidth(plans: readonly ColumnPlan[]): number {
  return plans.flatMap(plannedParts).reduce((sum, { width }) => sum + width, 0);
}

/**
 * @param columns one for each plan, all rows
 * @param rows the training rows; nothing else is looked at, and their order does not matter
 */
export function fitTable(
  plans: readonly ColumnPlan[],
  columns: readonly Column[],
  rows: Uint32Array,
  others: Pick<TablePreprocessing, 'targets' | 'ignored'>,
): TablePreprocessing {
  const fitted = plans.map((plan, index) => {
    const column = columns[index];
    return column.kind === 'numbers' ? fitNumbers(plan, column, rows) : fitLevels(plan, column, rows);
  });
  return { kind: 'table', columns: fitted, width: plannedWidth(plans), ...others };
}

/** The chosen rows of the columns, which are in the order of the preprocessing → (rows, width), row-major, finite. */
export function applyTable(
  preprocessing: TablePreprocessing,
  columns: readonly Column[],
  rows: Uint32Array,
): Float32Array {
  const cells = preprocessing.columns.map((fitted, index) => cellsOf(fitted, columns[index]));
  return encodeCells(preprocessing, cells, rows);
}

/** Rows whose inputs are filled in together, so that these stay in the processor's cache from column to column. */
const rowsTogether = 256;

/** As `applyTable`, for cells whose levels have their places already. */
export function encodeCells(
  { columns, width }: TablePreprocessing,
  cells: readonly Cells[],
  rows: Uint32Array,
): Float32Array {
  const inputs = new Float32Array(rows.length * width);
  for (let start = 0; start < rows.length; start += rowsTogether) {
    const slice = { rows, start, end: Math.min(rows.length, start + rowsTogether), inputs, width };
    let offset = 0;
    for (let index = 0; index < columns.length; index++) {
      for (const part of columns[index].parts) {
        fillPart(part, cells[index], slice, offset);
        offset += part.width;
      }
    }
  }
  return inputs;
}

/** The part of a column that has places for its levels; undefined: it has no such part. */
export function oneHotOf({ parts }: FittedColumn): OneHotPart | undefined {
  return parts.find((part) => part.kind === 'one_hot');
}

function cellsOf(fitted: FittedColumn, column: Column): Cells {
  if (column.kind !== fitted.seen.kind) throw new Error(`${fitted.name} was fitted as ${fitted.seen.kind}`);
  if (column.kind === 'numbers') return { values: column.values };
  return { codes: column.codes, places: placesOf(oneHotOf(fitted), column.levels) };
}

/** A part before it is fitted. */
interface PlannedPart {
  kind: 'standard' | Period | 'one_hot' | 'missing';
  width: number;
}

/** The parts that a column becomes, each with a fixed width: one that the training rows have no use for stays 0. */
function plannedParts({ format, distinct, hasMissing }: ColumnPlan): PlannedPart[] {
  const parts: PlannedPart[] = [];
  if (isNumeric(format)) parts.push({ kind: 'standard', width: 1 });
  else if (distinct > 0) parts.push({ kind: 'one_hot', width: Math.min(distinct, mostPlaces) });
  if (format.type === 'datetime') parts.push(...periods.map((kind) => ({ kind, width: 2 })));
  if (hasMissing) parts.push({ kind: 'missing', width: 1 });
  return parts;
}

function fitNumbers(plan: ColumnPlan, { values }: NumberColumn, rows: Uint32Array): FittedColumn {
  const sorted = presentNumbers(values, rows).sort();
  const missing = rows.length - sorted.length;
  const fit = ({ kind, width }: PlannedPart): Part => {
    if (kind === 'standard') return plan.format.type === 'boolean' ? fitBoolean(sorted) : fitStandard(sorted);
    if (kind === 'missing') return fitMissing(missing, rows.length);
    return isConstant(sorted, phases[kind as Period])
      ? { kind: 'unused', width }
      : { kind: 'cycle', width: 2, period: kind as Period };
  };
  return {
    name: plan.name,
    format: plan.format,
    seen: { kind: 'numbers', missing, ...rangeOf(sorted) },
    parts: plannedParts(plan).map(fit),
  };
}

function rangeOf(sorted: Float64Array): Pick<SeenNumbers, 'min' | 'median' | 'max'> {
  if (sorted.length === 0) return { min: null, median: null, max: null };
  return { min: sorted[0], median: medianOf(sorted), max: sorted[sorted.length - 1] };
}

function presentNumbers(values: Float64Array, rows: Uint32Array): Float64Array {
  const present = new Float64Array(rows.length);
  let count = 0;
  for (const row of rows) if (Number.isFinite(values[row])) present[count++] = values[row];
  return present.subarray(0, count);
}

const unusedInput: Part = { kind: 'unused', width: 1 };

/** `sorted` are the numbers of the training rows, ascending. */
function fitStandard(sorted: Float64Array): Part {
  const [min, max] = [sorted[0], sorted[sorted.length - 1]];
  if (sorted.length === 0 || min === max) return unusedInput;
  // A power of two changes no bits; with it, squares neither overflow nor vanish.
  const unit = 2 ** Math.min(1023, Math.floor(Math.log2(Math.max(Math.abs(min), Math.abs(max)))));
  let sum = 0;
  for (const value of sorted) sum += value / unit;
  const mean = sum / sorted.length;
  let squares = 0;
  for (const value of sorted) squares += (value / unit - mean) ** 2;
  const std = Math.sqrt(squares / sorted.length) * unit;
  // The smallest numbers can differ by less than a number can express.
  if (std === 0) return unusedInput;
  return { kind: 'standard', width: 1, fill: medianOf(sorted), mean: mean * unit, std };
}

/** -1 and 1, and 0 where it is missing. */
function fitBoolean(sorted: Float64Array): Part {
  return isConstant(sorted, (value) => value)
    ? unusedInput
    : { kind: 'standard', width: 1, fill: 0.5, mean: 0.5, std: 0.5 };
}

function fitMissing(missing: number, count: number): Part {
  return missing === 0 || missing === count ? unusedInput : { kind: 'missing', width: 1 };
}

function fitLevels(plan: ColumnPlan, { codes, levels }: LevelColumn, rows: Uint32Array): FittedColumn {
  const counts = new Float64Array(levels.length);
  for (const row of rows) if (codes[row] >= 0) counts[codes[row]]++;
  const present = [...levels.keys()].filter((code) => counts[code] > 0);
  // Of equally common levels the order of their texts decides, not that of the rows.
  present.sort((a, b) => counts[b] - counts[a] || (levels[a] < levels[b] ? -1 : 1));
  const byCount = present.map((code) => levels[code]);
  const missing = rows.length - counts.reduce((sum, count) => sum + count, 0);
  const fit = ({ kind, width }: PlannedPart): Part => {
    if (kind === 'missing') return fitMissing(missing, rows.length);
    if (byCount.length + (missing > 0 ? 1 : 0) < 2) return { kind: 'unused', width };
    const rare = byCount.length > width;
    return { kind: 'one_hot', width, levels: byCount.slice(0, rare ? width - 1 : width), rare };
  };
  return {
    name: plan.name,
    format: plan.format,
    seen: { kind: 'levels', missing, distinct: byCount.length, levels: withinRecord(byCount) },
    parts: plannedParts(plan).map(fit),
  };
}

/** As many of the levels as the record keeps. */
function withinRecord(levels: readonly string[]): string[] {
  let room = mostTextSeen;
  const end = levels.findIndex((level, index) => index === mostLevelsSeen || (room -= level.length) < 0);
  return end === -1 ? [...levels] : levels.slice(0, end);
}

function isConstant(numbers: Float64Array, of: (number: number) => number): boolean {
  return numbers.every((number) => of(number) === of(numbers[0]));
}

/** Of numbers in ascending order, at least one. */
function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  // Halved before they are added: the sum of two large numbers overflows.
  return sorted.length % 2 === 1 ? upper : sorted[middle - 1] / 2 + upper / 2;
}
