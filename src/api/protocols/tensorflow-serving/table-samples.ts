/**
 * Reads the rows of models that take a table, in each of TensorFlow Serving's forms. Its columns are tensors of the shape
 * [rows, 1], so that a cell may be a list of one.
 */
import type { Cell } from '../../../lib/cells/columns.js';
import {
  isNumberList,
  isPacked,
  itemCount,
  sizeOfShape,
  type NumberList,
  type PackedNumbers,
} from '../../../model/serving/packed-numbers.js';
import {
  inputsOfColumns,
  inputsOfRows,
  type TableInputs,
  type TablePreprocessing,
} from '../../../model/serving/table-inputs.js';
import { invalid, isObject, refuseOtherCounts } from './array-samples.js';

export interface TableSamples extends TableInputs {
  /** The client's name for them. */
  field: string;
}

/**
 * Rows (`instances`: objects by column name, or lists in the order of the columns) or columns (`inputs`, by name).
 * @throws TrainyardError INVALID_REQUEST
 */
export function tableOf(
  preprocessing: TablePreprocessing,
  { instances, inputs }: { instances?: NumberList; inputs?: unknown },
): TableSamples {
  return instances === undefined
    ? tableOfColumns(preprocessing, inputs)
    : tableOfRows(preprocessing, instances, 'instances');
}

/**
 * A feature is in each example or, for all of them, in the context.
 * @throws TrainyardError INVALID_REQUEST
 */
export function tableOfExamples(
  preprocessing: TablePreprocessing,
  examples: NumberList,
  context: object = {},
): TableSamples {
  const field = 'examples';
  // Packed numbers have no names.
  if (isPacked(examples)) throw mustBeNamed(0);
  const rows = examples.map((example, index) => {
    if (!isObject(example)) throw mustBeNamed(index);
    const twice = Object.keys(context).find((name) => Object.hasOwn(example, name));
    if (twice === undefined) return { ...context, ...example };
    const message = `${field}[${index}] has the feature ${twice.slice(0, 64)}, but so does the context.`;
    throw invalid(message, `/${field}/${index}`);
  });
  return tableOfRows(preprocessing, rows, field);
}

function mustBeNamed(index: number): Error {
  return invalid(`examples[${index}] must be an object by column name.`, `/examples/${index}`);
}

function tableOfRows(preprocessing: TablePreprocessing, sent: NumberList, field: string): TableSamples {
  refuseOtherCounts(itemCount(sent), field);
  const isOnlyColumn = preprocessing.columns.length === 1;
  const rows = isPacked(sent)
    ? rowsOfNumbers(sent, isOnlyColumn)
    : sent.map((row) => rowOf(row, isOnlyColumn));
  return { ...inputsOfRows(preprocessing, rows, field), field };
}

/** With `isOnlyColumn` also a single cell: TensorFlow Serving takes the values of a single input without its name. */
function rowOf(row: unknown, isOnlyColumn: boolean): unknown {
  if (isPacked(row)) return { shape: withoutAxis(row.shape), data: row.data };
  if (Array.isArray(row)) return (row as unknown[]).map(unwrap);
  if (isObject(row)) return unwrapMembers(row);
  return isOnlyColumn ? [row] : row;
}

/** (rows, columns) or (rows, columns, 1), and (rows) for the numbers of a single column */
function rowsOfNumbers(
  { shape: [count = 0, ...row], data }: PackedNumbers,
  isOnlyColumn: boolean,
): NumberList {
  const cells = row.length === 0 && isOnlyColumn ? [1] : withoutAxis(row);
  return { shape: [count, ...cells], data };
}

/** (columns, 1) → (columns) */
function withoutAxis(shape: readonly number[]): readonly number[] {
  return shape.length === 2 && shape[1] === 1 ? shape.slice(0, 1) : shape;
}

function tableOfColumns(preprocessing: TablePreprocessing, inputs: unknown): TableSamples {
  const { columns } = preprocessing;
  const field = 'inputs';
  const cells = new Map<string, readonly Cell[]>();
  const known = new Set(columns.map(({ name }) => name));
  let first: { name: string; count: number } | undefined;
  for (const [name, sent] of Object.entries(namedColumns(inputs, columns))) {
    if (!known.has(name)) {
      // A column that the model does not use: its name is all that is looked at.
      cells.set(name, []);
      continue;
    }
    const own = cellsOf(sent, `${field}.${name}`);
    first ??= { name, count: own.length };
    if (own.length !== first.count) {
      throw invalid(
        `${field}.${name} has ${own.length} rows, but ${field}.${first.name} has ${first.count}.`,
      );
    }
    cells.set(name, own);
  }
  if (first !== undefined) refuseOtherCounts(first.count, `${field}.${first.name}`);
  const pathOf = (column: string, row: number) => [field, column, row];
  return { ...inputsOfColumns(preprocessing, cells, first?.count ?? 1, field, pathOf), field };
}

function namedColumns(inputs: unknown, columns: TablePreprocessing['columns']): Record<string, unknown> {
  if (isObject(inputs)) return inputs;
  const [only, second] = columns;
  if (only !== undefined && second === undefined && isNumberList(inputs)) return { [only.name]: inputs };
  throw invalid('inputs must be an object with a list of cells for each column. Send rows as instances.');
}

function cellsOf(sent: unknown, field: string): Cell[] {
  if (Array.isArray(sent)) return sent.map(unwrap) as Cell[];
  if (isPacked(sent) && sizeOfShape(sent.shape) === sent.shape[0]) return Array.from(sent.data);
  throw invalid(`${field} must be a list of cells.`);
}

function unwrap(cell: unknown): unknown {
  return Array.isArray(cell) && cell.length === 1 ? cell[0] : cell;
}

/** The row itself where no cell is a list, as mostly. */
function unwrapMembers(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) {
    if (!Array.isArray(row[name])) continue;
    return Object.fromEntries(Object.entries(row).map(([each, cell]) => [each, unwrap(cell)]));
  }
  return row;
}
