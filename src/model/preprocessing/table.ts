/**
 * From the columns of a table to the inputs of a network. What the transforms need is fitted on the training rows and
 * recorded in the model, so that training and predictions compute the same bits.
 */
import { isNumeric, type CellFormat } from '../../lib/cells/cell-format.js';
import type { Column, LevelColumn, NumberColumn } from '../../lib/cells/columns.js';
import {
  fitBoolean,
  fitCycle,
  fitPiecewise,
  fitRobust,
  fitStandard,
  rangeOf,
  unusedInput,
} from './fit-numbers.js';
import { fillPart, periods, placesOf, type Cells, type LevelPart, type Part, type Period } from './parts.js';

/**
 * How columns become inputs. standard: numbers by their mean and standard deviation, categories one-hot. robust: numbers by their
 * median and quartiles, smoothly clipped, and categories of two levels as one input. piecewise: beside that of robust, where each
 * number lies between the quantiles of its column. A part of specs.
 */
export const encodings = ['standard', 'robust', 'piecewise'] as const;

export type Encoding = (typeof encodings)[number];

/** Of a column of numbers with the encoding piecewise, where nothing else is said. */
export const usualBins = 16;

/** What decides how many inputs a column becomes. It is known before any row is read. */
export interface ColumnPlan {
  name: string;
  format: CellFormat;
  /** Distinct texts in the whole column. */
  distinct: number;
  /** Whether any cell of the whole column has no value. */
  hasMissing: boolean;
  /** Left out: standard. */
  encoding?: Encoding;
  /** Most bins of piecewise; left out: `usualBins`. */
  bins?: number;
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
export function levelPartOf({ parts }: FittedColumn): LevelPart | undefined {
  return parts.find((part) => part.kind === 'one_hot' || part.kind === 'sign');
}

function cellsOf(fitted: FittedColumn, column: Column): Cells {
  if (column.kind !== fitted.seen.kind) throw new Error(`${fitted.name} was fitted as ${fitted.seen.kind}`);
  if (column.kind === 'numbers') return { values: column.values };
  return { codes: column.codes, places: placesOf(levelPartOf(fitted), column.levels) };
}

/** A part before it is fitted. */
interface PlannedPart {
  kind: 'standard' | 'robust' | 'piecewise' | Period | 'one_hot' | 'sign' | 'missing';
  width: number;
}

/** The parts that a column becomes, each with a fixed width: one that the training rows have no use for stays 0. */
function plannedParts(plan: ColumnPlan): PlannedPart[] {
  const parts = isNumeric(plan.format) ? partsOfNumbers(plan) : partsOfLevels(plan);
  return plan.hasMissing ? [...parts, { kind: 'missing', width: 1 }] : parts;
}

function partsOfNumbers({
  format,
  distinct,
  encoding = 'standard',
  bins: mostBins = usualBins,
}: ColumnPlan): PlannedPart[] {
  const parts: PlannedPart[] = [];
  // A boolean is -1 and 1 in every encoding.
  const isRobust = encoding !== 'standard' && format.type !== 'boolean';
  parts.push({ kind: isRobust ? 'robust' : 'standard', width: 1 });
  // One bin would say what the part before it says.
  const bins = Math.min(mostBins, distinct - 1);
  if (isRobust && encoding === 'piecewise' && bins > 1) parts.push({ kind: 'piecewise', width: bins });
  if (format.type === 'datetime') parts.push(...periods.map((kind) => ({ kind, width: 2 })));
  return parts;
}

function partsOfLevels({ distinct, encoding = 'standard' }: ColumnPlan): PlannedPart[] {
  if (distinct === 0) return [];
  if (distinct === 2 && encoding !== 'standard') return [{ kind: 'sign', width: 1 }];
  return [{ kind: 'one_hot', width: Math.min(distinct, mostPlaces) }];
}

function fitNumbers(plan: ColumnPlan, { values }: NumberColumn, rows: Uint32Array): FittedColumn {
  const sorted = presentNumbers(values, rows).sort();
  const missing = rows.length - sorted.length;
  const fit = ({ kind, width }: PlannedPart): Part => {
    switch (kind) {
      case 'standard':
        return plan.format.type === 'boolean' ? fitBoolean(sorted) : fitStandard(sorted);
      case 'robust':
        return fitRobust(sorted);
      case 'piecewise':
        return fitPiecewise(sorted, width);
      case 'missing':
        return fitMissing(missing, rows.length);
      case 'one_hot':
      case 'sign':
        throw new Error(`${plan.name} is of numbers`);
      case 'year':
      case 'week':
      case 'day':
        return fitCycle(sorted, kind);
    }
  };
  return {
    name: plan.name,
    format: plan.format,
    seen: { kind: 'numbers', missing, ...rangeOf(sorted) },
    parts: plannedParts(plan).map(fit),
  };
}

function presentNumbers(values: Float64Array, rows: Uint32Array): Float64Array {
  const present = new Float64Array(rows.length);
  let count = 0;
  for (const row of rows) if (Number.isFinite(values[row])) present[count++] = values[row];
  return present.subarray(0, count);
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
    if (kind === 'sign') return { kind, width: 1, levels: byCount };
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
