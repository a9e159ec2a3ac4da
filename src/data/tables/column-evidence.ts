/**
 * What the cells of a column could be: how many fit each way of reading them. All cells are counted, and only counted, so
 * that the order of the rows decides nothing.
 */
import { readDatetimeText } from '../../lib/cells/datetime-text.js';
import {
  coreValue,
  long,
  notPlain,
  scanPlain,
  undecorate,
  type PlainNumber,
  type Separators,
} from '../../lib/cells/number-text.js';

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

  readonly #scanned: PlainNumber = { digits: 0, decimals: 0 };

  addBlank(count: number): void {
    this.blank += count;
  }

  /** A plain number. */
  addPlain(digits: number, decimals: number, count: number): void {
    this.values += count;
    this.numbers += count;
    if (decimals === 0) {
      this.integers += count;
      if (digits === 0 || digits === 1) this.zeroOne += count;
      return;
    }
    this.styled[0] += count;
    this.styled[1] += count;
    this.styled[2] += count;
    this.styled[3] += count;
    // 1.234 may be 1234 with a point between thousands.
    const size = Math.abs(digits);
    if (decimals === 3 && size >= 1_000 && size < 1_000_000) this.styled[5] += count;
  }

  /** A trimmed text that has something in it and is not plain. */
  addText(text: string, count: number): void {
    this.values += count;
    this.textLength += text.length * count;
    if (text.includes(' ')) this.severalWords += count;
    if (this.#addToken(text, count)) return;
    const isNumber = this.#addNumber(text, count);
    if (!isNumber && formula.test(text)) this.formulas += count;
    if (text.length <= longestBoolean) this.#addBoolean(text.toLowerCase(), count);
    this.#addDate(text, count);
  }

  #addToken(text: string, count: number): boolean {
    if (text.length > longestToken || !missingTokens.has(text.toLowerCase())) return false;
    this.tokens.set(text, (this.tokens.get(text) ?? 0) + count);
    this.tokenCount += count;
    if (text.toLowerCase().endsWith('nan')) this.nanTokens += count;
    return true;
  }

  #addNumber(text: string, count: number): boolean {
    const scan = scanPlain(text, this.#scanned);
    if (scan === long) {
      this.#addLong(text, count);
      return true;
    }
    if (scan !== notPlain) {
      this.addPlain(this.#scanned.digits, this.#scanned.decimals, count);
      this.values -= count;
      return true;
    }
    if (notFinite.test(text)) {
      this.notFinite += count;
      return true;
    }
    if (/^[-+]?0\d+$/u.test(text)) {
      this.leadingZeros += count;
      return true;
    }
    if (/^\d{2,}[eE]\d+$/u.test(text)) {
      this.codeLike += count;
      return true;
    }
    return this.#addDecorated(text, count);
  }

  #addLong(text: string, count: number): void {
    this.numbers += count;
    if (text.includes('.')) {
      for (let style = 0; style < 4; style++) this.styled[style] += count;
      return;
    }
    this.integers += count;
    if (!Number.isSafeInteger(Number(text))) this.bigIntegers += count;
  }

  #addDecorated(text: string, count: number): boolean {
    const number = undecorate(text);
    if (number === null) return false;
    let fits = false;
    let isFinite = false;
    separatorStyles.forEach((style, index) => {
      const value = coreValue(number.core, style);
      if (Number.isNaN(value)) return;
      fits = true;
      if (!Number.isFinite(value)) return;
      isFinite = true;
      this.styled[index] += count;
    });
    if (!fits) return false;
    if (!isFinite) {
      this.notFinite += count;
      return true;
    }
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
