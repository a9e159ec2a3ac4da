/** Rows of a table, as clients send them, become the inputs of a network. All protocols use this. */
import { TrainyardError } from '../../errors.js';
import type { Cell } from '../../lib/cells/columns.js';
import { pointerTo } from '../../lib/json-pointer.js';
import type { TablePreprocessing } from '../preprocessing/table.js';
import type { AnsweringModel } from './loaded-model.js';
import type { NumberList } from './packed-numbers.js';
import { listColumns, TableReader, type OddCode, type TableInputs } from './table-reader.js';

export type { TablePreprocessing } from '../preprocessing/table.js';
export type { PredictionWarning, TableInputs } from './table-reader.js';

/**
 * Each row is an object by column name, or a list with one cell for each column of the preprocessing, in its order. What a
 * row lacks counts as missing; a column that all rows lack is refused. `field` is the name of the rows in the request, for
 * messages.
 * @throws TrainyardError INVALID_REQUEST for a row that is no row, a column that is in no row, a cell that cannot be read
 */
export function inputsOfRows(
  preprocessing: TablePreprocessing,
  rows: NumberList,
  field = 'inputs',
): TableInputs {
  return readerOf(preprocessing).readRows({
    rows,
    field,
    report(row, problem, cell) {
      const path = cell === undefined ? [field, row] : [field, row, cell.key];
      const name = cell === undefined ? '' : nameIn(cell.key, cell.column);
      throw new TrainyardError('INVALID_REQUEST', `${field}[${row}]${name} ${problem}.`, {
        pointer: pointerTo(path),
      });
    },
  });
}

/**
 * One list of `count` cells for each column, by name. `pathOf` says where in the request a cell is.
 * @throws TrainyardError INVALID_REQUEST for a column that is missing, a cell that cannot be read
 */
export function inputsOfColumns(
  preprocessing: TablePreprocessing,
  cells: ReadonlyMap<string, readonly Cell[]>,
  count: number,
  field = 'inputs',
  pathOf = (column: string, row: number): (string | number)[] => [field, row, column],
): TableInputs {
  return readerOf(preprocessing).readColumns({
    cells,
    count,
    field,
    report(row, problem, { column }) {
      throw new TrainyardError('INVALID_REQUEST', `${field}[${row}]${nameIn(column, column)} ${problem}.`, {
        pointer: pointerTo(pathOf(column, row)),
      });
    },
  });
}

export interface TolerantInputs extends TableInputs {
  /** (count) Why the row cannot be read, in a sentence; null: it can. The inputs of a row with a problem mean nothing. */
  problems: (string | null)[];
  /** (count) The odd cells of the row, as `OUT_OF_RANGE: age, tenure; UNSEEN_CATEGORY: city`; null: none, or they were not asked for. */
  oddities: (string | null)[];
}

/**
 * For the rows of files, where a bad row spoils only itself. Each row is an object by column name, or a list of cells in the
 * order of `names`, which may include other columns; without `names`, in the order of the preprocessing.
 * @throws TrainyardError INVALID_REQUEST where a column of the model is in no row, or not among `names`
 */
export function readTableRows(
  preprocessing: TablePreprocessing,
  rows: readonly unknown[],
  names?: readonly string[],
  { oddities: wanted = false } = {},
): TolerantInputs {
  const problems = new Array<string | null>(rows.length).fill(null);
  const odd = new Map<number, Map<OddCode, string[]>>();
  const read = readerOf(preprocessing).readRows({
    rows,
    names,
    report(row, problem, cell) {
      problems[row] ??= `${cell?.column ?? 'The row'} ${problem}.`;
    },
    ...(wanted && {
      warn(row, code, column) {
        const ofRow = odd.get(row) ?? new Map<OddCode, string[]>();
        ofRow.set(code, [...(ofRow.get(code) ?? []), column]);
        odd.set(row, ofRow);
      },
    }),
  });
  return { ...read, problems, oddities: problems.map((_, row) => inWords(odd.get(row))) };
}

function inWords(odd: ReadonlyMap<OddCode, string[]> | undefined): string | null {
  if (odd === undefined) return null;
  return [...odd].map(([code, columns]) => `${code}: ${listColumns(columns)}`).join('; ');
}

/**
 * For samples that are bytes or tensors of numbers.
 * @throws TrainyardError INPUT_UNSUPPORTED where the model takes the columns of a table
 */
export function refuseTableModel({ manifest, preprocessing }: AnsweringModel): void {
  if (preprocessing === null) return;
  const columns = listColumns(preprocessing.columns.map(({ name }) => name));
  const message = `${manifest.model} takes rows of a table, as JSON, with the columns ${columns}.`;
  throw new TrainyardError('INPUT_UNSUPPORTED', message);
}

/** Made once for each model. */
const readers = new WeakMap<TablePreprocessing, TableReader>();

function readerOf(preprocessing: TablePreprocessing): TableReader {
  let reader = readers.get(preprocessing);
  if (reader === undefined) readers.set(preprocessing, (reader = new TableReader(preprocessing)));
  return reader;
}

/** The cell of a row, as a programmer would write it. */
function nameIn(key: string | number, column: string): string {
  if (typeof key === 'number') return `[${key}] (${column})`;
  return /^[a-z_]\w*$/i.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
