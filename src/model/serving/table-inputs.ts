/** Rows of a table, as clients send them, become the inputs of a network. All protocols use this. */
import { TrainyardError } from '../../errors.js';
import { readColumn, type Cell, type Column } from '../../lib/cells/columns.js';
import { applyTable, type TablePreprocessing } from '../preprocessing/table.js';

export interface TableInputs {
  /** (count, network.inputs) */
  inputs: Float32Array;
  count: number;
  warnings: PredictionWarning[];
}

/** What was legal and may yet be a mistake. A document. */
export interface PredictionWarning {
  code: 'UNKNOWN_COLUMN' | 'UNSEEN_CATEGORY' | 'MISSING_VALUE';
  column: string;
  /** How many rows it concerns. */
  count: number;
  message: string;
}

/**
 * Each row is an object by column name, or a list with one cell for each column of the preprocessing, in its order.
 * `field` is the name of the rows in the request, for messages.
 * @throws TrainyardError INVALID_REQUEST for a row that is no row, a column that is in no row, a cell that cannot be read
 */
export function inputsOfRows(
  preprocessing: TablePreprocessing,
  rows: readonly unknown[],
  field = 'inputs',
): TableInputs {
  const cells = new Map(
    preprocessing.columns.map(({ name }, index) => [
      name,
      rows.map((row) => (Array.isArray(row) ? row[index] : (row as Record<string, Cell>)[name]) as Cell),
    ]),
  );
  return inputsOfColumns(preprocessing, cells, rows.length, field);
}

/**
 * One list of `count` cells for each column, by name.
 * @throws TrainyardError INVALID_REQUEST for a column that is missing, a cell that cannot be read
 */
export function inputsOfColumns(
  preprocessing: TablePreprocessing,
  cells: ReadonlyMap<string, readonly Cell[]>,
  count: number,
  field = 'inputs',
): TableInputs {
  const columns: Column[] = preprocessing.columns.map(({ name, format }) => {
    const { column, unreadable } = readColumn(format, cells.get(name) ?? new Array<Cell>(count));
    if (unreadable[0] === undefined) return column;
    const pointer = `/${field}/${unreadable[0]}/${name}`;
    throw new TrainyardError('INVALID_REQUEST', `${name} cannot be read as ${format.type}.`, { pointer });
  });
  const all = Uint32Array.from({ length: count }, (_, row) => row);
  return { inputs: applyTable(preprocessing, columns, all), count, warnings: [] };
}
