/**
 * Reads rows and columns for one model. The readers of its columns are made once and used again for each call: a call awaits
 * nothing, so no other can come between.
 */
import { TrainyardError } from '../../errors.js';
import type { CellFormat } from '../../lib/cells/cell-format.js';
import type { Cell } from '../../lib/cells/columns.js';
import { pointerTo } from '../../lib/json-pointer.js';
import { nearestTo } from '../../lib/nearest-word.js';
import { encodeCells, type TablePreprocessing } from '../preprocessing/table.js';
import { cellReader, type CellReader } from './cell-readers.js';
import { isPacked, itemCount, sizeOfShape, type NumberList } from './packed-numbers.js';

export interface TableInputs {
  /** (count, network.inputs) */
  inputs: Float32Array;
  count: number;
  warnings: PredictionWarning[];
}

export const warningCodes = [
  'UNKNOWN_COLUMN',
  'UNSEEN_CATEGORY',
  'MISSING_VALUE',
  'OUT_OF_RANGE',
  'NO_INK',
] as const;

export type WarningCode = (typeof warningCodes)[number];

/** Of cells. */
export type OddCode = Extract<WarningCode, 'OUT_OF_RANGE' | 'UNSEEN_CATEGORY'>;

/** What was legal and may yet be a mistake. A document. */
export interface PredictionWarning {
  code: WarningCode;
  /** Left out for pictures, which have none. */
  column?: string;
  /** How many rows or samples it concerns. */
  count: number;
  message: string;
}

/** A cell: its column, and its key in the row as it was sent. */
export interface CellPlace {
  column: string;
  key: string | number;
}

export interface RowsRequest {
  rows: NumberList;
  /** The columns of rows that are lists; without them, those of the model in its order. */
  names?: readonly string[] | undefined;
  /** The name of the rows in the request; files have none. */
  field?: string;
  /** Called for each row and each cell that cannot be read: the problem follows the name of the row or cell. */
  report: (row: number, problem: string, cell?: CellPlace) => void;
  /** Called for each cell that is legal and odd; `TableInputs.warnings` count them. */
  warn?: (row: number, code: OddCode, column: string) => void;
}

export interface ColumnsRequest {
  cells: ReadonlyMap<string, readonly Cell[]>;
  count: number;
  field: string;
  report: (row: number, problem: string, cell: CellPlace) => void;
}

/** How many columns a message or the warnings about unknown ones name. */
const mostNamed = 20;

export class TableReader {
  readonly #preprocessing: TablePreprocessing;
  readonly #columns: readonly CellReader[];
  readonly #byName: ReadonlyMap<string, CellReader>;
  /** A row may have these; they are not looked at. */
  readonly #unused: ReadonlySet<string>;
  /** How many rows have each key that the model does not know. */
  readonly #unknown = new Map<string, number>();

  constructor(preprocessing: TablePreprocessing) {
    this.#preprocessing = preprocessing;
    this.#columns = preprocessing.columns.map(cellReader);
    this.#byName = new Map(this.#columns.map((column) => [column.name, column]));
    this.#unused = new Set([...preprocessing.targets, ...preprocessing.ignored]);
  }

  readRows({ rows, names, field, report, warn }: RowsRequest): TableInputs {
    const count = itemCount(rows);
    this.#begin(count);
    const odd = this.#columns.map(() => ({ unseen: 0, outside: 0 }));
    const order = names?.map((name) => this.#byName.get(name) ?? null) ?? this.#columns;
    if (names !== undefined) this.#noteUnknown(names, count);
    let readable = 0;
    for (let row = 0; row < count; row++) {
      const sent = rowOf(rows, row);
      if (isList(sent) && sent.length === order.length) this.#readList(sent, row, order, report);
      else if (isObject(sent)) this.#readObject(sent, row, report);
      else {
        for (const column of this.#columns) column.skip(row);
        report(row, this.#problemOfRow(sent, order.length, names));
        continue;
      }
      readable++;
      if (warn !== undefined) this.#warnOfRow(row, odd, warn);
    }
    if (readable > 0) this.#refuseAbsent(field);
    return this.#encode(count);
  }

  readColumns({ cells, count, field, report }: ColumnsRequest): TableInputs {
    this.#begin(count);
    this.#noteUnknown(cells.keys(), count);
    for (const column of this.#columns) {
      const own = cells.get(column.name);
      if (own === undefined) continue;
      column.given = count;
      for (let row = 0; row < count; row++) {
        if (!column.read(own[row], row)) {
          report(row, problemOf(own[row], column.format), { column: column.name, key: column.name });
        }
      }
    }
    if (count > 0) this.#refuseAbsent(field);
    return this.#encode(count);
  }

  #begin(count: number): void {
    for (const column of this.#columns) column.begin(count);
    this.#unknown.clear();
  }

  #readList(
    cells: ArrayLike<unknown>,
    row: number,
    order: readonly (CellReader | null)[],
    report: RowsRequest['report'],
  ): void {
    for (let key = 0; key < order.length; key++) {
      const column = order[key];
      if (column === null) continue;
      column.given++;
      if (column.read(cells[key], row)) continue;
      report(row, problemOf(cells[key], column.format), { column: column.name, key });
    }
  }

  #readObject(cells: Record<string, unknown>, row: number, report: RowsRequest['report']): void {
    let found = 0;
    for (const column of this.#columns) {
      const { name } = column;
      const isOwn = !(name in Object.prototype) || Object.hasOwn(cells, name);
      const cell = isOwn ? cells[name] : undefined;
      if (cell !== undefined) {
        found++;
        column.given++;
      }
      if (!column.read(cell, row)) report(row, problemOf(cell, column.format), { column: name, key: name });
    }
    const keys = Object.keys(cells);
    if (keys.length > found) this.#noteUnknown(keys, 1);
  }

  /** `counted` (columns) is what the columns counted before this row. */
  #warnOfRow(
    row: number,
    counted: { unseen: number; outside: number }[],
    warn: NonNullable<RowsRequest['warn']>,
  ): void {
    this.#columns.forEach(({ name, unseen, outside }, index) => {
      const before = counted[index];
      const now = { unseen, outside: outside?.count ?? 0 };
      if (now.outside > before.outside) warn(row, 'OUT_OF_RANGE', name);
      if (now.unseen > before.unseen) warn(row, 'UNSEEN_CATEGORY', name);
      counted[index] = now;
    });
  }

  #noteUnknown(names: Iterable<string>, rows: number): void {
    for (const name of names) {
      if (this.#byName.has(name) || this.#unused.has(name)) continue;
      this.#unknown.set(name, (this.#unknown.get(name) ?? 0) + rows);
    }
  }

  #problemOfRow(sent: unknown, cells: number, names: readonly string[] | undefined): string {
    if (isList(sent) && names !== undefined) return `has ${sent.length} cells, and the header has ${cells}`;
    const columns = listColumns(this.#columns.map(({ name }) => name));
    if (isList(sent)) return `has ${sent.length} cells, and the model takes ${cells}: ${columns}`;
    return `is ${shown(sent)}; a row is an object by column name, or a list of ${cells} cells: ${columns}`;
  }

  /** @throws TrainyardError INVALID_REQUEST where a column is in no row */
  #refuseAbsent(field: string | undefined): void {
    const absent = this.#columns.filter(({ given }) => given === 0).map(({ name }) => name);
    if (absent.length === 0) return;
    const [first] = absent;
    const meant = nearestTo(first, [...this.#unknown.keys()]);
    const message =
      absent.length > 1
        ? `The columns ${listColumns(absent)} are missing in all rows.`
        : `The column ${first} is missing in all rows.`;
    const hint =
      meant === undefined
        ? ' Send null where a value is not known.'
        : ` There is ${meant}, which the model does not know: did you mean ${first}?`;
    const pointer = field === undefined ? {} : { pointer: pointerTo([field, 0, first]) };
    throw new TrainyardError('INVALID_REQUEST', message + hint, pointer);
  }

  #encode(count: number): TableInputs {
    const cells = this.#columns.map((column) => column.cells);
    const inputs = encodeCells(this.#preprocessing, cells, firstRows(count));
    return { inputs, count, warnings: this.#warnings() };
  }

  #warnings(): PredictionWarning[] {
    const warnings: PredictionWarning[] = [];
    for (const { name: column, missing, unseen, unseenLevel, outside } of this.#columns) {
      if (missing > 0) {
        const message = `${column} has no value in ${rowsOf(missing)}.`;
        warnings.push({ code: 'MISSING_VALUE', column, count: missing, message });
      }
      if (unseen > 0) {
        const message = `${column} has a value in ${rowsOf(unseen)} that no training row had, first ${shown(unseenLevel)}.`;
        warnings.push({ code: 'UNSEEN_CATEGORY', column, count: unseen, message });
      }
      if (outside !== null && outside.count > 0) {
        const { count, first, min, max } = outside;
        const message = `${column} is far outside of the training rows, ${min} to ${max}, in ${rowsOf(count)}, first ${first}.`;
        warnings.push({ code: 'OUT_OF_RANGE', column, count, message });
      }
    }
    const unknown = [...this.#unknown];
    for (const [column, count] of unknown.slice(0, mostNamed)) {
      const message = `${shortened(column)} is no column of the model; it is not looked at.`;
      warnings.push({ code: 'UNKNOWN_COLUMN', column: shortened(column), count, message });
    }
    const left = unknown.length - mostNamed;
    const last = warnings.at(-1);
    if (left > 0 && last) last.message += ` Nor are ${left} more.`;
    return warnings;
  }
}

/** 0, 1, 2, …; longer when more rows were read. */
let rowNumbers = new Uint32Array();

/** (count) All of the first rows. */
function firstRows(count: number): Uint32Array {
  if (rowNumbers.length < count) rowNumbers = new Uint32Array(count).map((_, row) => row);
  return rowNumbers.subarray(0, count);
}

/** A row as it was sent, whether it was packed or not. */
function rowOf(rows: NumberList, index: number): unknown {
  if (!isPacked(rows)) {
    const row = rows[index];
    return isPacked(row) ? itemsOf(row.shape, row.data) : row;
  }
  const shape = rows.shape.slice(1);
  const size = sizeOfShape(shape);
  return itemsOf(shape, rows.data.subarray(index * size, (index + 1) * size));
}

/** Items that are lists are no cells, whatever is in them. */
function itemsOf(shape: readonly number[], data: Float64Array): unknown {
  if (shape.length === 0) return data[0];
  return shape.length === 1 ? data : new Array<unknown>(shape[0]).fill([]);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || value instanceof Float64Array;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isList(value);
}

function problemOf(cell: unknown, format: CellFormat): string {
  return `is ${shown(cell)}; ${expectedOf(format)} is expected`;
}

function expectedOf(format: CellFormat): string {
  switch (format.type) {
    case 'number':
      return format.decimal === '.'
        ? 'a finite number'
        : `a finite number, with ${format.decimal} before decimals,`;
    case 'boolean':
      return `${format.true[0] ?? 'true'} or ${format.false[0] ?? 'false'}`;
    case 'datetime':
      return `a date such as ${exampleDates[format.order]}`;
    case 'category':
    case 'id':
    case 'text':
      return 'text';
  }
}

const exampleDates = { ymd: '2024-05-31', dmy: '31/05/2024 or 2024-05-31', mdy: '05/31/2024 or 2024-05-31' };

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shortened(value));
  if (isList(value)) return 'a list';
  return isObject(value) ? 'an object' : String(value);
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

/** For a message. */
export function listColumns(columns: readonly string[]): string {
  const more = columns.length - mostNamed;
  return columns.slice(0, mostNamed).map(shortened).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function rowsOf(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`;
}
