/**
 * From the columns of a table to the inputs of a network. What the transforms need is fitted on the training rows and
 * recorded in the model, so that training and predictions compute the same bits.
 */
import { isNumeric, type CellFormat } from '../../lib/cells/cell-format.js';
import type { Column } from '../../lib/cells/columns.js';

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

export type FittedColumn = FittedNumber | FittedCategory;

/** Number, boolean and datetime columns: one standardised input and, where cells may be missing, a flag. */
export interface FittedNumber {
  name: string;
  format: CellFormat;
  /** In place of a missing number. */
  median: number;
  mean: number;
  /** Above 0. */
  std: number;
  hasFlag: boolean;
}

/** One input for each level, then one for all rarer levels and one for a missing cell, where the plan has them. */
export interface FittedCategory {
  name: string;
  format: CellFormat;
  levels: string[];
  /** Places for levels; unused ones stay 0. */
  places: number;
  hasRare: boolean;
  hasFlag: boolean;
}

/** A category with more levels keeps its commonest 31 and puts the others together. */
const mostPlaces = 32;

/** How many inputs the columns become. */
export function plannedWidth(plans: readonly ColumnPlan[]): number {
  return plans.reduce((sum, plan) => sum + widthOf(plan), 0);
}

/**
 * @param columns one for each plan, all rows
 * @param rows the training rows; nothing else is looked at
 */
export function fitTable(
  plans: readonly ColumnPlan[],
  columns: readonly Column[],
  rows: Uint32Array,
  others: Pick<TablePreprocessing, 'targets' | 'ignored'>,
): TablePreprocessing {
  const fitted = plans.map((plan, index) => fitColumn(plan, columns[index], rows));
  return { kind: 'table', columns: fitted, width: plannedWidth(plans), ...others };
}

/** The chosen rows of the columns, which are in the order of the preprocessing → (rows, width), row-major. */
export function applyTable(
  { columns: fitted, width }: TablePreprocessing,
  columns: readonly Column[],
  rows: Uint32Array,
): Float32Array {
  const inputs = new Float32Array(rows.length * width);
  let offset = 0;
  fitted.forEach((each, index) => {
    offset += applyColumn(each, columns[index], rows, { inputs, width, offset });
  });
  return inputs;
}

function widthOf({ format, distinct, hasMissing }: ColumnPlan): number {
  const flag = hasMissing ? 1 : 0;
  return isNumeric(format) ? 1 + flag : Math.min(distinct, mostPlaces) + flag;
}

function fitColumn(plan: ColumnPlan, column: Column, rows: Uint32Array): FittedColumn {
  const { name, format, distinct, hasMissing } = plan;
  if (column.kind === 'numbers') {
    const values = Float64Array.from(rows, (row) => column.values[row]).filter(Number.isFinite);
    const sorted = values.toSorted();
    const median = sorted.length === 0 ? 0 : sorted[sorted.length >> 1];
    const mean = values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length);
    return { name, format, median, mean, std: Math.sqrt(variance) || 1, hasFlag: hasMissing };
  }
  const counts = new Float64Array(column.levels.length);
  for (const row of rows) if (column.codes[row] >= 0) counts[column.codes[row]]++;
  const hasRare = distinct > mostPlaces;
  const places = hasRare ? mostPlaces - 1 : distinct;
  const byCount = [...column.levels.keys()].filter((code) => counts[code] > 0);
  byCount.sort((a, b) => counts[b] - counts[a] || (column.levels[a] < column.levels[b] ? -1 : 1));
  const levels = byCount.slice(0, places).map((code) => column.levels[code]);
  return { name, format, levels, places, hasRare, hasFlag: hasMissing };
}

interface Target {
  inputs: Float32Array;
  width: number;
  offset: number;
}

/** Returns how many inputs the column has. */
function applyColumn(
  fitted: FittedColumn,
  column: Column,
  rows: Uint32Array,
  { inputs, width, offset }: Target,
): number {
  if ('levels' in fitted && column.kind === 'levels') {
    const { levels, places, hasRare, hasFlag } = fitted;
    const placeOf = new Map(levels.map((level, place) => [level, place]));
    const places_ = column.levels.map((level) => placeOf.get(level) ?? (hasRare ? places : -1));
    const missingPlace = hasFlag ? places + (hasRare ? 1 : 0) : -1;
    for (let i = 0; i < rows.length; i++) {
      const code = column.codes[rows[i]];
      const place = code < 0 ? missingPlace : places_[code];
      if (place >= 0) inputs[i * width + offset + place] = 1;
    }
    return places + (hasRare ? 1 : 0) + (hasFlag ? 1 : 0);
  }
  if (!('levels' in fitted) && column.kind === 'numbers') {
    const { median, mean, std, hasFlag } = fitted;
    for (let i = 0; i < rows.length; i++) {
      const value = column.values[rows[i]];
      const isMissing = Number.isNaN(value);
      inputs[i * width + offset] = ((isMissing ? median : value) - mean) / std;
      if (hasFlag && isMissing) inputs[i * width + offset + 1] = 1;
    }
    return hasFlag ? 2 : 1;
  }
  throw new Error(`The column ${fitted.name} was fitted as another kind`);
}
