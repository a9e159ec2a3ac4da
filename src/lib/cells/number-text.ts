/** Numbers as people write them in tables: 1250.5, 1,250.50, 1.250,50, $1 250, 12 %, (1,250), 1.25e3. */

/** A number that can be given back as the same text. */
export interface PlainNumber {
  /** All digits, with the sign and without the point: -12.50 has -1250. Below 10^15, so that it is exact. */
  digits: number;
  /** How many of them stand behind the point, at most 15. */
  decimals: number;
}

/** What `scanPlain` found. `long`: plain, but of more digits than a PlainNumber holds. */
export type PlainScan = typeof notPlain | typeof plain | typeof long;
export const notPlain = 0;
export const plain = 1;
export const long = 2;

const most = 1e15;
const mostDecimals = 15;

/** 10^0 to 10^15; exact, so that digits / powersOfTen[decimals] is the nearest double (one correctly rounded division). */
export const powersOfTen = Float64Array.from({ length: mostDecimals + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Whether the text is a plain decimal number: an optional minus, digits without superfluous zeros before the point, and
 * digits behind it if there is one. It has no white space, and is not -0. On `plain` the number is in `out`.
 */
export function scanPlain(text: string, out: PlainNumber): PlainScan {
  const { length } = text;
  let at = 0;
  let code = text.charCodeAt(0);
  const negative = code === 0x2d;
  if (negative) code = text.charCodeAt(++at);
  if (!(code >= 0x30 && code <= 0x39)) return notPlain;
  let digits = code - 0x30;
  at++;
  if (digits === 0 && at < length && text.charCodeAt(at) !== 0x2e) return notPlain;
  for (; at < length; at++) {
    code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) break;
    digits = digits * 10 + (code - 0x30);
  }
  let decimals = 0;
  if (at < length) {
    decimals = length - at - 1;
    if (code !== 0x2e || decimals === 0) return notPlain;
    while (++at < length) {
      code = text.charCodeAt(at);
      if (code < 0x30 || code > 0x39) return notPlain;
      digits = digits * 10 + (code - 0x30);
    }
  }
  if (digits >= most || decimals > mostDecimals) return long;
  if (negative && digits === 0) return notPlain;
  out.digits = negative ? -digits : digits;
  out.decimals = decimals;
  return plain;
}

/** A number without what stands around it. */
export interface NumberText {
  /** The digits with their separators and exponent. */
  core: string;
  negative: boolean;
  /** '' without. */
  currency: string;
  hasPercent: boolean;
  hasParentheses: boolean;
  hasPlus: boolean;
}

const longestNumber = 64;
const currency = String.raw`[A-Z]{0,3}\p{Sc}|USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|INR|BRL|MXN|ZAR|SEK|NOK|DKK|PLN|CZK|HUF|kr|zł|Kč`;
const around = new RegExp(
  String.raw`^(\()?\s*([-+\u2212])?\s*(${currency})?\s*([-+\u2212])?([\d.,][\d.,'\u2019 \u00a0\u2009\u202f]*(?:[eE][-+]?\d+)?)\s*(%|${currency})?\s*(\))?$`,
  'u',
);

/** Whether a text that begins like this can be a number at all; most words are told apart here. */
function beginsLikeNumber(text: string): boolean {
  const code = text.charCodeAt(0);
  if (code >= 0x30 && code <= 0x39) return true;
  const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  if (!isLetter) return true;
  // Letters of a currency, which are not followed by more of them.
  return beforeNumber.test(text);
}

const beforeNumber = new RegExp(String.raw`^(?:${currency})\s*[-+\u2212\d.,]`, 'u');

/** Takes sign, currency, percent and the parentheses of accountants from a trimmed text; null: it is no number. */
export function undecorate(text: string): NumberText | null {
  if (text.length > longestNumber || !beginsLikeNumber(text)) return null;
  const match: readonly (string | undefined)[] | null = around.exec(text);
  if (match === null) return null;
  const [, open, sign, before, innerSign, core = '', after, close] = match;
  const hasPercent = after === '%';
  if ((open === undefined) !== (close === undefined)) return null;
  if (sign !== undefined && innerSign !== undefined) return null;
  if (before !== undefined && after !== undefined) return null;
  const anySign = sign ?? innerSign;
  if (open !== undefined && anySign !== undefined) return null;
  return {
    core: core.trimEnd(),
    negative: open !== undefined || (anySign !== undefined && anySign !== '+'),
    currency: before ?? (hasPercent ? '' : (after ?? '')),
    hasPercent,
    hasParentheses: open !== undefined,
    hasPlus: anySign === '+',
  };
}

export interface Separators {
  decimal: '.' | ',';
  /** Between groups of digits; '': none. ' ' stands for every kind of space. */
  grouping: '' | ',' | '.' | ' ' | "'";
}

const groupings = {
  ',': String.raw`,`,
  '.': String.raw`\.`,
  ' ': String.raw`[ \u00a0\u2009\u202f]`,
  "'": String.raw`['\u2019]`,
};

const cores = new Map<string, RegExp>();

/** Three digits in each group, or, as in India, two in all but the last. */
function coreOf({ decimal, grouping }: Separators): RegExp {
  const key = decimal + grouping;
  let core = cores.get(key);
  if (core === undefined) {
    const point = groupings[decimal];
    const between = grouping === '' ? null : groupings[grouping];
    const grouped =
      between === null
        ? ''
        : String.raw`|[1-9]\d{0,2}(?:${between}\d{3})+|[1-9]\d?(?:${between}\d\d)+${between}\d{3}`;
    core = new RegExp(String.raw`^(?:(?:\d+${grouped})(?:${point}\d*)?|${point}\d+)(?:[eE][-+]?\d+)?$`, 'u');
    cores.set(key, core);
  }
  return core;
}

/** The value of digits with separators. NaN: they are not of this kind; Infinity: too large for a double. */
export function coreValue(core: string, separators: Separators): number {
  if (!coreOf(separators).test(core)) return NaN;
  const { decimal, grouping } = separators;
  let text = core;
  if (grouping === ' ' || grouping === "'") text = text.replaceAll(/[ \u00a0\u2009\u202f'\u2019]/gu, '');
  else if (grouping !== '') text = text.replaceAll(grouping, '');
  return Number(decimal === '.' ? text : text.replace(',', '.'));
}
