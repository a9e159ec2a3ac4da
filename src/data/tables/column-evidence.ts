/**
 * What the cells of a column could be: how many fit each way of reading them. All cells are counted, and only counted, so
 * that the order of the rows decides nothing.
 */
import { readDatetimeText, readPlainIso } from '../../lib/cells/datetime-text.js';
import { coreValue, undecorate, type Separators } from '../../lib/cells/number-text.js';

/** The ways to read separators, the simplest first. */
export const separatorStyles: readonly Separators[] = [
  { decimal: '.', grouping: '' },
  { decimal: '.', grouping: ',' },
  { decimal: '.', grouping: ' ' },
  { decimal: '.', grouping: "'" },
  { decimal: ',', grouping: '' },
  { decimal: ',', grouping: '.' },
  { decimal: ',', grouping: ' ' },
  { decimal: ',', grouping: "'" },
];

/** Texts that mean "no value" where numbers, dates or booleans are expected, in lower case. */
const missingTokens = new Set([
  ...[
    'na',
    'n/a',
    'n.a.',
    'n.a',
    '#n/a',
    '#na',
    '<na>',
    'nan',
    '-nan',
    'null',
    '(null)',
    '#null!',
    '\\n',
    'none',
    'nil',
  ],
  ...[
    'missing',
    'nat',
    '-',
    '--',
    '---',
    '–',
    '—',
    '.',
    '..',
    '?',
    '#div/0!',
    '#ref!',
    '#value!',
    '#name?',
    '#num!',
  ],
]);
const longestToken = 8;

const longestInfinity = 9;
const leadingZero = /^[-+]?0\d+$/u;
const codeLike = /^\d{2,}[eE]\d+$/u;
const notFinite = /^[-+]?(?:inf|infinity|∞)$/iu;

/** Spellings in lower case. '1' and '0' are numbers, unless other spellings occur beside them. */
const trueWords = ['true', 'yes', 'y', 't', 'on', 'ja', 'oui', 'sí', 'si', 'sim', 'wahr', 'vrai', 'да'];
const falseWords = ['false', 'no', 'n', 'f', 'off', 'nein', 'non', 'não', 'nao', 'falsch', 'faux', 'нет'];
const booleanWords = new Map([
  ...trueWords.map((word) => [word, true] as const),
  ...falseWords.map((word) => [word, false] as const),
]);
const longestBoolean = 7;

const formula = /^(?:[=@]\S|[-+](?:[A-Za-z]|.*[(!+*/]))/u;

/** Cells that are plain numbers. */
export interface PlainCounts {
  integers: number;
  /** Of the integers, 0 and 1. */
  zeroOne: number;
  /** With a decimal part. */
  decimals: number;
  /** Of these, what may as well be thousands, as 1.234. */
  thousands: number;
}

/** Of a number with three decimals: whether its point may stand between thousands. */
export function looksLikeThousands(digits: number): boolean {
  const size = Math.abs(digits);
  return size >= 1_000 && size < 1_000_000;
}

export class ColumnEvidence {
  /** Cells with a text. */
  values = 0;
  /** Cells without one. */
  blank = 0;
  /** Texts that mean "no value", as they are written, and how often. */
  readonly tokens = new Map<string, number>();
  tokenCount = 0;
  /** Whole numbers without separators. */
  integers = 0;
  /** Numbers that some style reads, integers included. */
  numbers = 0;
  /** (styles) Numbers that each style reads, integers not included. */
  readonly styled = new Float64Array(separatorStyles.length);
  /** Whole numbers beyond 2^53, which neighbours share as doubles. */
  bigIntegers = 0;
  /** 007: no number is written so. */
  leadingZeros = 0;
  /** inf, and numbers too large for a double. */
  notFinite = 0;
  nanTokens = 0;
  /** 12E12: several digits, a bare E and digits, as in codes and unlike in scientific notation. */
  codeLike = 0;
  scientific = 0;
  /** Numbers with each currency, with %, in parentheses. */
  readonly currencies = new Map<string, number>();
  percent = 0;
  parentheses = 0;
  /** 0 and 1. */
  zeroOne = 0;
  booleans = 0;
  readonly booleanTexts = new Set<string>();
  /** Dates whose order is written out. */
  plainDates = 0;
  /** Dates of day and month as numbers: those that can be read day first, month first, and both ways. */
  dayFirst = 0;
  monthFirst = 0;
  eitherFirst = 0;
  /** Of all dates, those of points: 31.12.2024. */
  dottedDates = 0;
  /** Offsets from UTC that dates are written with. 'none': without. */
  readonly offsets = new Set<number | 'none'>();
  formulas = 0;
  /** Cells with white space around their text. */
  padded = 0;
  /** UTF-16 units of all texts, and the texts of several words. */
  textLength = 0;
  severalWords = 0;

  addBlank(count: number): void {
    this.blank += count;
  }

  addPlainNumber(digits: number, decimals: number, count: number): void {
    const isInteger = decimals === 0;
    this.addPlain({
      integers: isInteger ? count : 0,
      zeroOne: isInteger && (digits === 0 || digits === 1) ? count : 0,
      thousands: decimals === 3 && looksLikeThousands(digits) ? count : 0,
      decimals: isInteger ? 0 : count,
    });
  }

  /** Counts of plain numbers. */
  addPlain({ integers, zeroOne, thousands, decimals }: PlainCounts): void {
    this.values += integers + decimals;
    this.numbers += integers + decimals;
    this.integers += integers;
    this.zeroOne += zeroOne;
    for (let style = 0; style < 4; style++) this.styled[style] += decimals;
    this.styled[5] += thousands;
  }

  /** Plain, but of many digits. */
  addLongNumber(text: string, count: number): void {
    this.values += count;
    this.numbers += count;
    if (text.includes('.')) {
      for (let style = 0; style < 4; style++) this.styled[style] += count;
      return;
    }
    this.integers += count;
    if (!Number.isSafeInteger(Number(text))) this.bigIntegers += count;
  }

  /** A trimmed text that has something in it and is not plain. */
  addText(text: string, count: number): void {
    this.values += count;
    this.textLength += text.length * count;
    if (text.includes(' ')) this.severalWords += count;
    if (this.#addPlainDate(text, count)) return;
    if (this.#addToken(text, count)) return;
    const isNumber = this.#addNumber(text, count);
    if (!isNumber && formula.test(text)) this.formulas += count;
    if (text.length <= longestBoolean) this.#addBoolean(text.toLowerCase(), count);
    this.#addDate(text, count);
  }

  #addPlainDate(text: string, count: number): boolean {
    if (Number.isNaN(readPlainIso(text))) return false;
    this.plainDates += count;
    this.offsets.add(text.length === 20 ? 0 : 'none');
    return true;
  }

  #addToken(text: string, count: number): boolean {
    if (text.length > longestToken || !missingTokens.has(text.toLowerCase())) return false;
    this.tokens.set(text, (this.tokens.get(text) ?? 0) + count);
    this.tokenCount += count;
    if (text.toLowerCase().endsWith('nan')) this.nanTokens += count;
    return true;
  }

  #addNumber(text: string, count: number): boolean {
    if (text.length <= longestInfinity && notFinite.test(text)) {
      this.notFinite += count;
      return true;
    }
    if (leadingZero.test(text)) {
      this.leadingZeros += count;
      return true;
    }
    if (codeLike.test(text)) {
      this.codeLike += count;
      return true;
    }
    return this.#addDecorated(text, count);
  }

  #addDecorated(text: string, count: number): boolean {
    const number = undecorate(text);
    if (number === null) return false;
    const values = separatorStyles.map((style) => coreValue(number.core, style));
    if (values.every(Number.isNaN)) return false;
    if (!values.some(Number.isFinite)) {
      this.notFinite += count;
      return true;
    }
    values.forEach((value, style) => {
      if (Number.isFinite(value)) this.styled[style] += count;
    });
    this.numbers += count;
    if (/e/iu.test(number.core)) this.scientific += count;
    if (number.hasPercent) this.percent += count;
    if (number.hasParentheses) this.parentheses += count;
    if (number.currency !== '')
      this.currencies.set(number.currency, (this.currencies.get(number.currency) ?? 0) + count);
    return true;
  }

  #addBoolean(text: string, count: number): void {
    if (!booleanWords.has(text)) return;
    this.booleans += count;
    this.booleanTexts.add(text);
  }

  #addDate(text: string, count: number): void {
    const date = readDatetimeText(text);
    if (date === null) return;
    this.offsets.add(date.offset ?? 'none');
    if (date.isUnambiguous) {
      this.plainDates += count;
      return;
    }
    const isDayFirst = !Number.isNaN(date.dayFirst);
    const isMonthFirst = !Number.isNaN(date.monthFirst);
    if (text.includes('.')) this.dottedDates += count;
    if (isDayFirst) this.dayFirst += count;
    if (isMonthFirst) this.monthFirst += count;
    if (isDayFirst && isMonthFirst) this.eitherFirst += count;
  }
}

/** Whether a boolean word means true; undefined: it is none. */
export function booleanMeaning(word: string): boolean | undefined {
  return booleanWords.get(word);
}
