/**
 * Reads the cells of a column, as clients send them, into typed arrays that are used again for the next rows. Each counts
 * what was legal and may yet be a mistake.
 */
import { isNumeric, levelReader, numberReader, type CellFormat } from '../../lib/cells/cell-format.js';
import { placesOf, type LevelCells, type NumberCells } from '../preprocessing/parts.js';
import { levelPartOf, type FittedColumn } from '../preprocessing/table.js';

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
  /** Makes room for this many rows, and counts from 0. */
  begin(count: number): void;
  /** False where it cannot be read; the row is then left without a value. */
  read(cell: unknown, row: number): boolean;
  /** Leaves the row without a value, and does not count it. */
  skip(row: number): void;
}

export function cellReader(column: FittedColumn): CellReader {
  const { format } = column;
  return isNumeric(format) ? new NumberReader(column.name, format) : new LevelReader(column, format);
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
  readonly #readText: (text: string) => number;

  constructor(name: string, format: Parameters<typeof numberReader>[0]) {
    super();
    this.name = name;
    this.format = format;
    this.#readText = numberReader(format);
  }

  begin(count: number): void {
    this.countFrom0();
    if (this.cells.values.length < count) this.cells = { values: new Float64Array(count) };
  }

  read(cell: unknown, row: number): boolean {
    const value = this.#valueOf(cell);
    this.cells.values[row] = value;
    if (Number.isFinite(value)) return true;
    if (!Number.isNaN(value)) return false;
    this.missing++;
    return true;
  }

  skip(row: number): void {
    this.cells.values[row] = NaN;
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

function isScalar(cell: unknown): cell is string | number | boolean | bigint {
  return typeof cell !== 'object' && typeof cell !== 'function';
}
