/**
 * Reads the cells of a column, as clients send them, into typed arrays that are used again for the next rows. Each counts
 * what was legal and may yet be a mistake.
 */
import { isNumeric, levelReader, numberReader, type CellFormat } from '../../lib/cells/cell-format.js';
import { placesOf, type LevelCells, type NumberCells } from '../preprocessing/parts.js';
import { levelPartOf, type FittedColumn, type SeenNumbers } from '../preprocessing/table.js';

export interface CellReader {
  readonly name: string;
  readonly format: CellFormat;
  /** The cells that were read. The next rows overwrite them. */
  cells: NumberCells | LevelCells;
  /** Rows in which there was something in place of the cell, if only null. */
  given: number;
  missing: number;
  /** Cells with a level that no training row had, and the first such level. */
  unseen: number;
  unseenLevel: string;
  /** Cells far outside of the training rows; null: such cells are not told apart. */
  readonly outside: Outside | null;
  /** Makes room for this many rows, and counts from 0. */
  begin(count: number): void;
  /** False where it cannot be read; the row is then left without a value. */
  read(cell: unknown, row: number): boolean;
  /** Leaves the row without a value, and does not count it. */
  skip(row: number): void;
}

/** Numbers far outside of the training rows'. */
export interface Outside {
  count: number;
  /** As a message names them: the first such cell, and the least and most of the training rows. */
  first: string;
  readonly min: string;
  readonly max: string;
}

export function cellReader(column: FittedColumn): CellReader {
  const { format } = column;
  return isNumeric(format) ? new NumberReader(column, format) : new LevelReader(column, format);
}

abstract class Counts {
  given = 0;
  missing = 0;
  unseen = 0;
  unseenLevel = '';

  protected countFrom0(): void {
    this.given = this.missing = this.unseen = 0;
    this.unseenLevel = '';
  }
}

class NumberReader extends Counts implements CellReader {
  readonly name: string;
  readonly format: Parameters<typeof numberReader>[0];
  cells: NumberCells = { values: new Float64Array(1) };
  readonly outside: Outside | null = null;
  readonly #readText: (text: string) => number;
  /** Below the one and above the other a number is far outside. */
  readonly #bounds: { least: number; most: number } = { least: -Infinity, most: Infinity };

  constructor({ name, seen }: FittedColumn, format: Parameters<typeof numberReader>[0]) {
    super();
    this.name = name;
    const range = format.type === 'boolean' || seen.kind === 'levels' ? null : rangeOf(seen);
    if (range !== null) {
      const { min, max } = range;
      this.#bounds = { least: min - (max - min), most: max + (max - min) };
      const text = (number: number): string => textOf(number, format.type);
      this.outside = { count: 0, first: '', min: text(min), max: text(max) };
    }
    this.format = format;
    this.#readText = numberReader(format);
  }

  begin(count: number): void {
    this.countFrom0();
    if (this.outside !== null) this.outside.count = 0;
    if (this.cells.values.length < count) this.cells = { values: new Float64Array(count) };
  }

  read(cell: unknown, row: number): boolean {
    const value = this.#valueOf(cell);
    this.cells.values[row] = value;
    if (Number.isFinite(value)) {
      if (value < this.#bounds.least || value > this.#bounds.most) this.#noteOutside(value);
      return true;
    }
    if (!Number.isNaN(value)) return false;
    this.missing++;
    return true;
  }

  skip(row: number): void {
    this.cells.values[row] = NaN;
  }

  #noteOutside(value: number): void {
    const { outside } = this;
    if (outside !== null && outside.count++ === 0) outside.first = textOf(value, this.format.type);
  }

  /** NaN: missing. Infinite: it cannot be read. */
  #valueOf(cell: unknown): number {
    if (typeof cell === 'string') return this.#readText(cell);
    if (cell === null || cell === undefined) return NaN;
    // Adding 0 makes -0 the same value as 0, as it is in text.
    if (typeof cell === 'number' && this.format.type === 'number') return cell + 0;
    if (typeof cell === 'boolean' && this.format.type === 'boolean') return Number(cell);
    // Anything else is read as the text that it is written as.
    return isScalar(cell) ? this.#readText(String(cell)) : Infinity;
  }
}

class LevelReader extends Counts implements CellReader {
  readonly outside = null;
  readonly name: string;
  readonly format: CellFormat;
  cells: LevelCells;
  readonly #readText: (text: string) => string | null;
  readonly #codeOf: ReadonlyMap<string, number>;
  /** Whether a level that is not recorded was in no training row. */
  readonly #knowsAll: boolean;

  constructor(column: FittedColumn, format: Parameters<typeof levelReader>[0]) {
    super();
    this.name = column.name;
    this.format = format;
    this.#readText = levelReader(format);
    const part = levelPartOf(column);
    const seen = column.seen.kind === 'levels' ? column.seen : { levels: [], distinct: 0 };
    const levels = [...new Set([...seen.levels, ...(part?.levels ?? [])])];
    this.#codeOf = new Map(levels.map((level, code) => [level, code]));
    this.#knowsAll = seen.levels.length === seen.distinct;
    this.cells = { codes: new Int32Array(1), places: placesOf(part, levels) };
  }

  begin(count: number): void {
    this.countFrom0();
    const { codes, places } = this.cells;
    if (codes.length < count) this.cells = { codes: new Int32Array(count), places };
  }

  read(cell: unknown, row: number): boolean {
    this.skip(row);
    const isEmpty = cell === null || cell === undefined;
    if (!isEmpty && !isScalar(cell)) return false;
    const level = isEmpty ? null : this.#readText(String(cell));
    if (level === null) {
      this.missing++;
      return true;
    }
    const code = this.#codeOf.get(level);
    // The last place is for levels that the record lacks.
    this.cells.codes[row] = code ?? this.#codeOf.size;
    if (code === undefined && this.#knowsAll && this.unseen++ === 0) this.unseenLevel = level;
    return true;
  }

  skip(row: number): void {
    this.cells.codes[row] = -1;
  }
}

/**
 * The least and most of the training rows; null where they do not differ, as nothing was learnt from the column then. A number
 * is far outside when it is beyond them by more than they are apart: rare for new rows of the same kind, even where a few are
 * far larger than most.
 */
function rangeOf({ min, max }: SeenNumbers): { min: number; max: number } | null {
  return min === null || max === null || min === max ? null : { min, max };
}

function textOf(number: number, type: CellFormat['type']): string {
  if (type !== 'datetime' || Math.abs(number) > 8.64e15) return String(number);
  return new Date(number).toISOString().replace('T00:00:00.000Z', '');
}

function isScalar(cell: unknown): cell is string | number | boolean | bigint {
  return typeof cell !== 'object' && typeof cell !== 'function';
}
