/**
 * Rows from JSON objects. Each key is a column, whenever it is first seen. The keys of an object in a cell are columns of
 * their own, `a.b`; arrays are left out. Both are told by name.
 */
import type { TableProblem, TableWarning } from '../table-schema.js';
import { ColumnNames } from './column-names.js';
import { problem, refusal, TableRefusal, type FormatLimits, type RowBatch } from './rows.js';

export type JsonObject = Record<string, unknown>;

/** What is known of one key. */
interface Key {
  /** With the keys of the objects around it. */
  path: string;
  /** null: no cell with a value of its own has been seen. */
  column: number | null;
  /** Keys of the objects in its cells. */
  keys: Map<string, Key>;
  arrays: Sightings;
  objects: Sightings;
}

interface Sightings {
  count: number;
  /** The first ones. */
  lines: number[];
}

const deepestObject = 10;

const mostLines = 10;

export class JsonColumns {
  readonly #limits: FormatLimits;
  readonly #names = new ColumnNames();
  readonly #keys = new Map<string, Key>();
  /** (columns) Rows that have the key. */
  readonly #present: number[] = [];
  #rowCount = 0;
  #rows: (string | null)[][] = [];
  #lines: number[] = [];
  #problems = new Map<number, TableProblem>();

  constructor(limits: FormatLimits) {
    this.#limits = limits;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get columnCount(): number {
    return this.#names.names.length;
  }

  /** @throws TableRefusal when the table becomes too large */
  add(object: JsonObject, line: number): void {
    const row = this.#newRow(line);
    this.#fill(row, object, this.#keys, '', line, 1);
  }

  /** A row without cells. @throws TableRefusal when the table becomes too large */
  addBad(problem: TableProblem, line: number): void {
    this.#newRow(line);
    this.#problems.set(this.#rows.length - 1, problem);
  }

  #newRow(line: number): (string | null)[] {
    this.#rowCount++;
    if (this.#rowCount > this.#limits.rows) {
      throw refusal(
        'TOO_LARGE',
        `The file has more than ${this.#limits.rows} rows, which is the most that is taken.`,
        { line },
      );
    }
    const row = new Array<string | null>(this.columnCount).fill(null);
    this.#rows.push(row);
    this.#lines.push(line);
    return row;
  }

  /** The rows since the last call. */
  *take(): Iterable<RowBatch> {
    const rows = this.#rows;
    const lines = this.#lines;
    const problems = this.#problems;
    if (rows.length === 0) return;
    this.#rows = [];
    this.#lines = [];
    this.#problems = new Map();
    for (const row of rows) while (row.length < this.columnCount) row.push(null);
    yield { names: [...this.#names.names], rows, lines, problems };
  }

  /** Of all rows so far. */
  warnings(): TableWarning[] {
    const missing = this.#names.names.flatMap((column, index): TableWarning[] => {
      const count = this.#rowCount - (this.#present[index] ?? 0);
      const message = `"${column}" is left out in ${count} of ${this.#rowCount} rows. These cells are missing.`;
      return count === 0 ? [] : [{ code: 'JSON_MISSING_KEYS', column, message, count }];
    });
    return [...this.#names.warnings, ...missing, ...this.#nestedWarnings(this.#keys)];
  }

  #fill(
    row: (string | null)[],
    object: JsonObject,
    keys: Map<string, Key>,
    prefix: string,
    line: number,
    depth: number,
  ): void {
    for (const name of Object.keys(object)) {
      let key = keys.get(name);
      if (key === undefined) keys.set(name, (key = newKey(prefix + name)));
      const value = object[name];
      if (typeof value !== 'object' || value === null) {
        this.#setCell(row, key, value as string | number | boolean | null, line);
      } else if (Array.isArray(value)) {
        see(key.arrays, line);
      } else {
        see(key.objects, line);
        if (depth === deepestObject) {
          const message = `Line ${line}: objects are nested more than ${deepestObject} deep at "${key.path.slice(0, 100)}".`;
          throw refusal('TOO_LARGE', message, { line });
        }
        this.#fill(row, value as JsonObject, key.keys, `${key.path}.`, line, depth + 1);
      }
    }
  }

  #setCell(row: (string | null)[], key: Key, value: string | number | boolean | null, line: number): void {
    key.column ??= this.#newColumn(key.path, line);
    const { column } = key;
    this.#present[column] = (this.#present[column] ?? 0) + 1;
    const text = value === null ? null : typeof value === 'string' ? value : String(value);
    if (text !== null && text.length > this.#limits.fieldLength) {
      const name = this.#names.names[column] ?? '';
      const message = `Line ${line}, "${name}": the text has ${text.length} characters. At most ${this.#limits.fieldLength} are taken.`;
      throw new TableRefusal([problem('TOO_LARGE', message, { line, column: name })]);
    }
    while (row.length < column) row.push(null);
    row[column] = text;
  }

  #newColumn(path: string, line: number): number {
    if (this.columnCount === this.#limits.columns) {
      const message = `Line ${line}: "${path.slice(0, 100)}" is one key too many. At most ${this.#limits.columns} columns are taken.`;
      throw refusal('TOO_LARGE', message, { line });
    }
    this.#names.add(path);
    this.#present.push(0);
    return this.columnCount - 1;
  }

  #nestedWarnings(keys: Map<string, Key>): TableWarning[] {
    return [...keys.values()].flatMap(({ path, arrays, objects, keys: inner }): TableWarning[] => {
      const found: TableWarning[] = [];
      if (objects.count > 0) {
        const message = `"${path}" has objects in ${objects.count} rows. Their keys are columns of their own, named "${path}.…".`;
        found.push({ code: 'NESTED_VALUES', column: path, message, ...objects });
      }
      if (arrays.count > 0) {
        const message = `"${path}" has arrays in ${arrays.count} rows. They were left out: a cell holds one value.`;
        found.push({ code: 'NESTED_VALUES', column: path, message, ...arrays });
      }
      return [...found, ...this.#nestedWarnings(inner)];
    });
  }
}

function newKey(path: string): Key {
  return {
    path,
    column: null,
    keys: new Map(),
    arrays: { count: 0, lines: [] },
    objects: { count: 0, lines: [] },
  };
}

function see(sightings: Sightings, line: number): void {
  sightings.count++;
  if (sightings.lines.length < mostLines) sightings.lines.push(line);
}
