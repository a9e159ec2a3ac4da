/**
 * How the text of a cell is read. A format is found once, when a dataset is taken in. It travels with the dataset and with
 * the models that learn from it, so that training and predictions read the same text in the same way.
 */

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

export interface NumberFormat extends MissingTexts {
  type: 'number';
  decimal: '.' | ',';
  /** Between groups of digits; '': none. */
  grouping: '' | ',' | '.' | ' ' | "'";
}

export interface BooleanFormat extends MissingTexts {
  type: 'boolean';
  /** The texts, in lower case. */
  true: string[];
  false: string[];
}

export interface DatetimeFormat extends MissingTexts {
  type: 'datetime';
  /** The order of year, month and day where the text is not ISO 8601. */
  order: 'ymd' | 'dmy' | 'mdy';
}

/** Texts are compared as they are, without the white space around them. */
export interface TextFormat extends MissingTexts {
  type: 'category' | 'id' | 'text';
}

/** What `numberReader` gives for a text that is not of the format. */
export const unreadable = Infinity;

/**
 * From text to number: the number itself, 1 or 0 for booleans, milliseconds since 1970 (UTC) for datetimes. NaN for a
 * missing cell, `unreadable` for a text that is not of the format or is not finite.
 */
export function numberReader(format: Exclude<CellFormat, TextFormat>): (text: string) => number {
  const missing = new Set(format.missing);
  const read = readerOf(format);
  return (text) => {
    const trimmed = text.trim();
    if (trimmed === '' || missing.has(trimmed.toLowerCase())) return NaN;
    const value = read(trimmed);
    return Number.isFinite(value) ? value : unreadable;
  };
}

/** From text to level: the trimmed text, or null for a missing cell. */
export function levelReader(format: TextFormat): (text: string) => string | null {
  const missing = new Set(format.missing);
  return (text) => {
    const trimmed = text.trim();
    return trimmed === '' || (missing.size > 0 && missing.has(trimmed.toLowerCase())) ? null : trimmed;
  };
}

/** Whether cells of this format become numbers, and not levels. */
export function isNumeric(format: CellFormat): format is Exclude<CellFormat, TextFormat> {
  return format.type === 'number' || format.type === 'boolean' || format.type === 'datetime';
}

/** Of text that is trimmed and not missing. Not finite: it is not of the format. */
function readerOf(format: Exclude<CellFormat, TextFormat>): (text: string) => number {
  switch (format.type) {
    case 'number':
      return (text) => parseNumber(text, format);
    case 'boolean':
      return (text) => {
        const lower = text.toLowerCase();
        return format.true.includes(lower) ? 1 : format.false.includes(lower) ? 0 : NaN;
      };
    case 'datetime':
      return (text) => Date.parse(text);
  }
}

function parseNumber(text: string, { decimal, grouping }: NumberFormat): number {
  const ungrouped = grouping === '' ? text : text.replaceAll(grouping, '');
  return Number(decimal === '.' ? ungrouped : ungrouped.replace(decimal, '.'));
}
