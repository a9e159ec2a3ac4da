/**
 * The cells of one column of a chunk of rows, packed so that each text can be given back: plain decimal numbers as their
 * digits, everything else as codes of the distinct texts.
 */
import { long, notPlain, powersOfTen, scanPlain, type PlainNumber } from '../../lib/cells/number-text.js';

export type StoredColumn = StoredNumbers | StoredTexts;

export interface StoredNumbers {
  kind: 'numbers';
  /** (rows) The number times 10^decimals. A blank cell is the least value of an integer type, or NaN. */
  digits: Int8Array | Int16Array | Int32Array | Float64Array;
  decimals: number;
  /** Whether each text has exactly so many decimals; otherwise it has no superfluous ones. */
  isFixed: boolean;
  /** What a blank cell is. */
  blank: '' | null;
}

export interface StoredTexts {
  kind: 'texts';
  /** (rows) Indices into `texts`. */
  codes: Uint8Array | Uint16Array;
  /** In the order in which they first occur, mostly distinct; null: no value. */
  texts: (string | null)[];
}

/** A chunk has at most so many rows, so that codes fit in 16 bits. */
export const mostChunkRows = 4_096;

/** In place of the decimals of a blank cell. */
export const blankDecimals = 255;

/** The digits of plain cells as they are scanned, before it is known whether all cells of the column are plain. */
export class ColumnPacker {
  /** (rows) As in PlainNumber; undefined where `decimals` is `blankDecimals`. */
  readonly digits = new Float64Array(mostChunkRows);
  /** (rows) */
  readonly decimals = new Uint8Array(mostChunkRows);
  /** Whether a cell of the column had more digits than a PlainNumber holds, so that `digits` does not have it. */
  hasLong = false;
  readonly #scanned: PlainNumber = { digits: 0, decimals: 0 };

  /**
   * Packs the column at the index. A row that is shorter has no value there.
   * @param areDistinct whether texts are expected to differ, so that it is not worth while to look for equal ones
   */
  pack(rows: readonly (readonly (string | null)[])[], index: number, areDistinct: boolean): StoredColumn {
    return this.#packNumbers(rows, index) ?? packTexts(rows, index, areDistinct);
  }

  #packNumbers(rows: readonly (readonly (string | null)[])[], index: number): StoredNumbers | null {
    const { digits, decimals } = this;
    const scanned = this.#scanned;
    let most = 0;
    let mostDecimals = 0;
    let leastDecimals = blankDecimals;
    let isShortest = true;
    let hasNull = false;
    let hasEmpty = false;
    this.hasLong = false;
    for (let row = 0; row < rows.length; row++) {
      const text = rows[row][index] ?? null;
      if (text === null || text === '') {
        if (text === null) hasNull = true;
        else hasEmpty = true;
        decimals[row] = blankDecimals;
        continue;
      }
      const scan = scanPlain(text, scanned);
      if (scan === notPlain) return null;
      if (scan === long) {
        this.hasLong = true;
        break;
      }
      const places = scanned.decimals;
      const value = scanned.digits;
      digits[row] = value;
      decimals[row] = places;
      if (value > most) most = value;
      else if (-value > most) most = -value;
      if (places > mostDecimals) mostDecimals = places;
      if (places < leastDecimals) leastDecimals = places;
      // JavaScript writes numbers below 10^-6 with an exponent.
      if (places > 0 && (value % 10 === 0 || (places > 6 && Math.abs(value) < powersOfTen[places - 6])))
        isShortest = false;
    }
    if (this.hasLong) return packLong(rows, index);
    if (hasNull && hasEmpty) return null;
    const blank = hasEmpty ? '' : null;
    const isFixed = leastDecimals === mostDecimals;
    if (leastDecimals === blankDecimals) mostDecimals = 0;
    else if (!isFixed && !isShortest) return null;
    if (!isFixed) most = this.#align(rows.length, mostDecimals);
    if (most >= 2 ** 53) return packLong(rows, index);
    return {
      kind: 'numbers',
      digits: this.#narrow(rows.length, most),
      decimals: mostDecimals,
      isFixed,
      blank,
    };
  }

  /** Gives all digits the same number of decimals; returns the largest. */
  #align(count: number, places: number): number {
    const { digits, decimals } = this;
    let most = 0;
    for (let row = 0; row < count; row++) {
      if (decimals[row] === blankDecimals) continue;
      const aligned = digits[row] * powersOfTen[places - decimals[row]];
      digits[row] = aligned;
      most = Math.max(most, Math.abs(aligned));
    }
    return most;
  }

  #narrow(count: number, most: number): StoredNumbers['digits'] {
    const { digits, decimals } = this;
    const narrow =
      most < 2 ** 7
        ? new Int8Array(count)
        : most < 2 ** 15
          ? new Int16Array(count)
          : most < 2 ** 31
            ? new Int32Array(count)
            : new Float64Array(count);
    const blank = blankOf(narrow);
    for (let row = 0; row < count; row++) narrow[row] = decimals[row] === blankDecimals ? blank : digits[row];
    return narrow;
  }
}

/** Numbers of many digits, where JavaScript writes each as its text is; null: it does not. */
function packLong(rows: readonly (readonly (string | null)[])[], index: number): StoredNumbers | null {
  const digits = new Float64Array(rows.length);
  let hasNull = false;
  let hasEmpty = false;
  for (let row = 0; row < rows.length; row++) {
    const text = rows[row][index] ?? null;
    if (text === null || text === '') {
      if (text === null) hasNull = true;
      else hasEmpty = true;
      digits[row] = NaN;
      continue;
    }
    const value = Number(text);
    if (String(value) !== text) return null;
    digits[row] = value;
  }
  if (hasNull && hasEmpty) return null;
  return { kind: 'numbers', digits, decimals: 0, isFixed: false, blank: hasEmpty ? '' : null };
}

function packTexts(
  rows: readonly (readonly (string | null)[])[],
  index: number,
  areDistinct: boolean,
): StoredTexts {
  if (areDistinct) {
    const texts = rows.map((row) => row[index] ?? null);
    return { kind: 'texts', codes: ownCodes.subarray(0, rows.length), texts };
  }
  const codes = new Uint16Array(rows.length);
  const codeOf = new Map<string | null, number>();
  for (let row = 0; row < rows.length; row++) {
    const text = rows[row][index] ?? null;
    let code = codeOf.get(text);
    if (code === undefined) codeOf.set(text, (code = codeOf.size));
    codes[row] = code;
  }
  const texts = [...codeOf.keys()];
  return { kind: 'texts', codes: texts.length <= 256 ? Uint8Array.from(codes) : codes, texts };
}

/** Each row its own code. */
const ownCodes = Uint16Array.from({ length: mostChunkRows }, (_, row) => row);

/** The value that stands for a blank cell among such digits. */
export function blankOf(digits: StoredNumbers['digits']): number {
  switch (digits.BYTES_PER_ELEMENT) {
    case 1:
      return -(2 ** 7);
    case 2:
      return -(2 ** 15);
    case 4:
      return -(2 ** 31);
    default:
      return NaN;
  }
}

/** The text of one cell. */
export function cellText(column: StoredColumn, row: number): string | null {
  if (column.kind === 'texts') return column.texts[column.codes[row]];
  const digits = column.digits[row];
  return Number.isNaN(digits) || digits === blankOf(column.digits)
    ? column.blank
    : numberText(column, digits);
}

/** The text of digits that are not blank. */
export function numberText(
  { decimals, isFixed }: Pick<StoredNumbers, 'decimals' | 'isFixed'>,
  digits: number,
): string {
  const value = digits / powersOfTen[decimals];
  return isFixed ? value.toFixed(decimals) : String(value);
}
