/**
 * How the text of a cell is read. A format is found once, when a dataset is taken in. It travels with the dataset and with
 * the models that learn from it, so that training and predictions read the same text in the same way.
 */
import { datetimeValue, type DateOrder } from './datetime-text.js';
import {
  coreValue,
  plain,
  powersOfTen,
  scanPlain,
  undecorate,
  type PlainNumber,
  type Separators,
} from './number-text.js';

/** A document. */
export type CellFormat = NumberFormat | BooleanFormat | DatetimeFormat | TextFormat;

export type CellType = CellFormat['type'];

export const cellTypes = [
  'number',
  'category',
  'boolean',
  'datetime',
  'id',
  'text',
] as const satisfies CellType[];

interface MissingTexts {
  /** Texts that mean "no value", in lower case. A cell without text is always missing. */
  missing: string[];
}

/**
 * Currency, percent, a plus and the parentheses of accountants are always taken off: $1,250 is 1250, 12.5 % is 12.5 and
 * (3) is -3.
 */
export interface NumberFormat extends MissingTexts, Separators {
  type: 'number';
}

export interface BooleanFormat extends MissingTexts {
  type: 'boolean';
  /** The texts, in lower case. */
  true: string[];
  false: string[];
}

export interface DatetimeFormat extends MissingTexts {
  type: 'datetime';
  /** The order of day and month where both are numbers and the year comes last; 'ymd': such a text is not a date. */
  order: DateOrder;
}

/** Texts are compared as they are, without the white space around them. */
export interface TextFormat extends MissingTexts {
  type: 'category' | 'id' | 'text';
}

export type NumericFormat = Exclude<CellFormat, TextFormat>;

/** What `numberReader` gives for a text that is not of the format. */
export const unreadable = Infinity;

/** Readers are made once for each format, because a prediction reads one cell at a time. */
const numberReaders = new WeakMap<NumericFormat, (text: string) => number>();
const levelReaders = new WeakMap<TextFormat, (text: string) => string | null>();

/**
 * From text to number: the number itself, 1 or 0 for booleans, milliseconds since 1970 (UTC) for datetimes. NaN for a
 * missing cell, `unreadable` for a text that is not of the format or is not finite. Formats must not be changed.
 */
export function numberReader(format: NumericFormat): (text: string) => number {
  let reader = numberReaders.get(format);
  if (reader === undefined) {
    reader = buildNumberReader(format);
    numberReaders.set(format, reader);
  }
  return reader;
}

/** From text to level: the trimmed text, or null for a missing cell. */
export function levelReader(format: TextFormat): (text: string) => string | null {
  let reader = levelReaders.get(format);
  if (reader === undefined) {
    const missing = new Set(format.missing);
    reader = (text) => {
      const trimmed = text.trim();
      return trimmed === '' || (missing.size > 0 && missing.has(trimmed.toLowerCase())) ? null : trimmed;
    };
    levelReaders.set(format, reader);
  }
  return reader;
}

/** Whether cells of this format become numbers, and not levels. */
export function isNumeric(format: CellFormat): format is NumericFormat {
  return format.type === 'number' || format.type === 'boolean' || format.type === 'datetime';
}

function buildNumberReader(format: NumericFormat): (text: string) => number {
  const missing = new Set(format.missing);
  const read = readerOf(format);
  const readTrimmed = (trimmed: string): number => {
    if (trimmed === '' || (missing.size > 0 && missing.has(trimmed.toLowerCase()))) return NaN;
    const value = read(trimmed);
    return Number.isFinite(value) ? value : unreadable;
  };
  if (format.type !== 'number') return (text) => readTrimmed(text.trim());

  const hasPoint = format.decimal === '.';
  const scanned: PlainNumber = { digits: 0, decimals: 0 };
  return (text) =>
    scanPlain(text, scanned) === plain && (hasPoint || scanned.decimals === 0)
      ? scanned.digits / powersOfTen[scanned.decimals]
      : readTrimmed(text.trim());
}

/** Of text that is trimmed and not missing. Not finite: it is not of the format. */
function readerOf(format: NumericFormat): (text: string) => number {
  switch (format.type) {
    case 'number':
      return (text) => {
        const number = undecorate(text);
        if (number === null) return NaN;
        const value = coreValue(number.core, format);
        // Not -0, which would be a value of its own.
        return number.negative && value !== 0 ? -value : value;
      };
    case 'boolean': {
      const values = new Map([
        ...format.false.map((text) => [text, 0] as const),
        ...format.true.map((text) => [text, 1] as const),
      ]);
      return (text) => values.get(text.toLowerCase()) ?? NaN;
    }
    case 'datetime':
      return (text) => datetimeValue(text, format.order);
  }
}
