/** From the evidence of all cells of a column to its format, its role, the reason for both, and what to warn of. */
import type {
  BooleanFormat,
  CellFormat,
  CellType,
  DatetimeFormat,
  NumberFormat,
} from '../../lib/cells/cell-format.js';
import type { DeclaredType } from '../formats/rows.js';
import { mostLevels, type ColumnSchema, type TableWarning } from '../table-schema.js';
import { booleanMeaning, separatorStyles, type ColumnEvidence } from './column-evidence.js';

export interface ColumnFacts {
  name: string;
  evidence: ColumnEvidence;
  distinct: number;
  isExactDistinct: boolean;
  declared: DeclaredType | null;
  /** The type that the client asks for. */
  asked: CellType | undefined;
  isTarget: boolean;
}

/** What the columns that leave no doubt say of those that do. */
export interface TableHabits {
  decimal: '.' | ',';
  /** null: no column says. */
  order: 'dmy' | 'mdy' | null;
}

export interface ColumnDecision extends Pick<ColumnSchema, 'format' | 'role' | 'reason'> {
  warnings: TableWarning[];
}

/** A column is of numbers or dates when so many of its cells are; the others count as missing, and are warned of. */
const mostly = 0.9;

/** Fewer cells may be distinct by chance. */
const fewestForId = 20;

/** Mean length of free text. */
const longText = 40;

export function habitsOf(columns: readonly ColumnFacts[], delimiter: string | null): TableHabits {
  let points = 0;
  let commas = 0;
  let dayFirst = 0;
  let monthFirst = 0;
  for (const { evidence } of columns) {
    const { point, comma } = stylesOf(evidence);
    if (evidence.numbers >= mostly * meaningful(evidence)) {
      if (point.fits > comma.fits) points++;
      if (comma.fits > point.fits) commas++;
    }
    if (evidence.dayFirst > evidence.monthFirst) dayFirst++;
    if (evidence.monthFirst > evidence.dayFirst) monthFirst++;
  }
  const isComma = commas === points ? delimiter === ';' : commas > points;
  const order = dayFirst === monthFirst ? null : dayFirst > monthFirst ? 'dmy' : 'mdy';
  return { decimal: isComma ? ',' : '.', order: order ?? (isComma ? 'dmy' : null) };
}

export function decideColumn(facts: ColumnFacts, habits: TableHabits): ColumnDecision {
  const { evidence, name } = facts;
  const warnings: TableWarning[] = [];
  const decided =
    facts.asked === undefined
      ? inferred(facts, habits, warnings)
      : asAsked(facts, facts.asked, habits, warnings);
  const { format, reason } = decided;
  let { role } = decided;
  if (evidence.values === 0) {
    warnings.push({ code: 'ALL_MISSING', column: name, message: 'No cell of the column has a value.' });
  } else if (evidence.values > 1 && evidence.blank === 0 && facts.distinct === 1) {
    if (!facts.isTarget) {
      warnings.push({ code: 'CONSTANT', column: name, message: 'All cells have the same value.' });
      const constant = `It is left out because all ${evidence.values} cells have the same value.`;
      return { format, role: 'ignore', reason: `${reason} ${constant}`, warnings };
    }
  }
  if (evidence.formulas > 0 && !isNumberLike(format)) {
    warnings.push({
      code: 'FORMULA_CELLS',
      column: name,
      message: `${cells(evidence.formulas)} would run as a formula in a spreadsheet. They are kept as text.`,
      count: evidence.formulas,
    });
  }
  if (facts.isTarget) role = 'feature';
  return { format, role, reason, warnings };
}

function inferred(
  facts: ColumnFacts,
  habits: TableHabits,
  warnings: TableWarning[],
): Omit<ColumnDecision, 'warnings'> {
  const { evidence, declared, name } = facts;
  const wanted = meaningful(evidence);
  if (evidence.values === 0) {
    const type = declared === null || declared === 'text' ? 'category' : declared;
    return {
      format: emptyFormat(type),
      role: 'ignore',
      reason: 'It is left out because no cell has a value.',
    };
  }
  if (declared === 'text') return asText(facts, '', warnings);
  if (declared === 'boolean' || declared === 'datetime') {
    return {
      format: emptyFormat(declared),
      role: 'feature',
      reason: `The file declares the type ${declared}.`,
    };
  }
  if (wanted === 0) return asText(facts, 'All texts mean "no value". ', warnings);
  const isBoolean = evidence.booleans > 0 && evidence.booleans + evidence.zeroOne === wanted;
  if (isBoolean) return asBoolean(facts);

  const numbers = evidence.numbers + evidence.notFinite;
  if (evidence.leadingZeros > 0 && numbers + evidence.leadingZeros >= mostly * wanted) {
    const message = `${cells(evidence.leadingZeros)} of digits ${begin(evidence.leadingZeros)} with a zero, which a number would lose. The column is read as codes.`;
    warnings.push({ code: 'LEADING_ZEROS', column: name, message, count: evidence.leadingZeros });
    return asText(facts, 'Digits with leading zeros are codes, not numbers. ', warnings);
  }
  // Among codes like A0F3, 12E12 is one of them; among 1.5e3 and 2.25 it is a number.
  const codes = evidence.scientific > 0 || evidence.numbers > evidence.integers ? 0 : evidence.codeLike;
  const asNumbers = numbers + (codes === 0 ? evidence.codeLike : 0);
  if (facts.isTarget && evidence.zeroOne === wanted && facts.distinct === 2 && declared === null) {
    return asText(facts, 'A target of 0 and 1 alone is two classes. ', warnings);
  }
  if (evidence.numbers > 0 && asNumbers >= mostly * wanted) return asNumber(facts, habits, warnings);

  const dates = evidence.plainDates + Math.max(evidence.dayFirst, evidence.monthFirst);
  if (dates > 0 && dates >= mostly * wanted) return asDatetime(facts, habits, warnings);
  const eitherOrder = evidence.plainDates + evidence.dayFirst + evidence.monthFirst - evidence.eitherFirst;
  if (eitherOrder > 0 && eitherOrder >= mostly * wanted) {
    warnings.push(inconsistentDates(facts));
    return asText(facts, 'Its dates follow no single order of day and month. ', warnings);
  }
  if (evidence.numbers >= wanted / 10 && evidence.numbers < wanted && evidence.leadingZeros === 0) {
    const message = `${evidence.numbers} of ${wanted} values are numbers and ${wanted - evidence.numbers} are not. The column is read as a category, because less than ${mostly * 100} % are numbers.`;
    warnings.push({ code: 'MIXED_TYPE', column: name, message, count: wanted - evidence.numbers });
  }
  return asText(facts, '', warnings);
}

function asAsked(
  facts: ColumnFacts,
  asked: CellType,
  habits: TableHabits,
  warnings: TableWarning[],
): Omit<ColumnDecision, 'warnings'> {
  const reason = `The upload sets the type ${asked}.`;
  switch (asked) {
    case 'number':
      return { ...asNumber(facts, habits, warnings, true), reason };
    case 'boolean':
      return { ...asBoolean(facts), reason };
    case 'datetime':
      return { ...asDatetime(facts, habits, warnings), reason };
    case 'category':
      warnAmbiguousTokens(facts, warnings);
      return { format: { type: asked, missing: [] }, role: 'feature', reason };
    case 'id':
    case 'text':
      return {
        format: { type: asked, missing: [] },
        role: 'ignore',
        reason: `${reason} Such columns are left out.`,
      };
  }
}

function asNumber(
  facts: ColumnFacts,
  habits: TableHabits,
  warnings: TableWarning[],
  isAsked = false,
): Omit<ColumnDecision, 'warnings'> {
  const { evidence, name } = facts;
  const wanted = meaningful(evidence);
  const isWhole = evidence.numbers === evidence.integers && evidence.integers === wanted;
  if (evidence.bigIntegers > 0) {
    const message = `${cells(evidence.bigIntegers)} ${has(evidence.bigIntegers)} a whole number beyond 2^53, where neighbours are the same number to a computer.`;
    warnings.push({ code: 'INTEGER_PRECISION', column: name, message, count: evidence.bigIntegers });
  }
  if (!isAsked && isWhole && isAllDistinct(facts)) {
    const isNamedId =
      /(?:^|[^a-z])(?:id|uuid|guid|key|index|rowid)$/iu.test(name) || /[a-z](?:Id|ID|Key)$/u.test(name);
    if (evidence.bigIntegers > 0 || isNamedId) {
      const why = isNamedId ? 'by its name it is an identifier' : 'they are too long for numbers';
      return asId(facts, `All whole numbers are different, and ${why}. `, warnings);
    }
  }
  const { style, isAmbiguous } = chosenStyle(evidence, habits);
  const { decimal, grouping } = separatorStyles[style];
  const format: NumberFormat = { type: 'number', missing: tokensOf(evidence), decimal, grouping };
  const fits = evidence.integers + evidence.styled[style];
  const reasons = [
    fits === wanted
      ? `All ${wanted} values are numbers.`
      : `${fits} of ${wanted} values are numbers; the others count as missing.`,
  ];
  const marks = strippedMarks(evidence, style);
  if (decimal === ',') reasons.push('The comma is the decimal point.');
  if (isAmbiguous) {
    const other = decimal === '.' ? 'a decimal comma' : 'a decimal point';
    reasons.push(`Its separators could also be read as ${other}; the rest of the table decides.`);
  }
  if (marks.length > 0) {
    const message = `The numbers are read without ${marks.join(', ')}.`;
    const several = evidence.currencies.size > 1 ? ' The currencies are not converted.' : '';
    warnings.push({ code: 'NUMBER_TEXT_STRIPPED', column: name, message: message + several });
  }
  return { format, role: 'feature', reason: reasons.join(' ') };
}

function strippedMarks(evidence: ColumnEvidence, style: number): string[] {
  const { grouping } = separatorStyles[style];
  const ungrouped = separatorStyles.findIndex(
    (each) => each.decimal === separatorStyles[style].decimal && each.grouping === '',
  );
  const grouped = evidence.styled[style] - evidence.styled[ungrouped];
  const marks: string[] = [];
  if (grouping !== '' && grouped > 0)
    marks.push(`${JSON.stringify(grouping)} between thousands (${cells(grouped)})`);
  for (const [currency, count] of evidence.currencies)
    marks.push(`the currency ${currency} (${cells(count)})`);
  if (evidence.percent > 0) marks.push(`% (${cells(evidence.percent)}: 12 % is 12)`);
  if (evidence.parentheses > 0) marks.push(`parentheses (${cells(evidence.parentheses)}: (3) is -3)`);
  return marks;
}

function asBoolean({ evidence }: ColumnFacts): { format: BooleanFormat; role: 'feature'; reason: string } {
  const format = emptyFormat('boolean') as BooleanFormat;
  const words = [...evidence.booleanTexts].sort();
  for (const word of words) {
    const side = booleanMeaning(word) === true ? format.true : format.false;
    if (!side.includes(word)) side.push(word);
  }
  format.missing = tokensOf(evidence);
  const quoted = words.map((word) => JSON.stringify(word)).join(', ');
  const digits = evidence.zeroOne > 0 ? ', and 0 and 1' : '';
  return {
    format,
    role: 'feature',
    reason: `All ${meaningful(evidence)} values are true or false: ${quoted}${digits}.`,
  };
}

function asDatetime(
  facts: ColumnFacts,
  habits: TableHabits,
  warnings: TableWarning[],
): Omit<ColumnDecision, 'warnings'> {
  const { evidence, name } = facts;
  const wanted = meaningful(evidence);
  const { dayFirst, monthFirst, eitherFirst } = evidence;
  const format: DatetimeFormat = { type: 'datetime', missing: tokensOf(evidence), order: 'ymd' };
  let fits = evidence.plainDates;
  if (dayFirst + monthFirst > 0) {
    const usual = habits.order ?? (evidence.dottedDates > 0 ? 'dmy' : 'mdy');
    format.order = dayFirst === monthFirst ? usual : dayFirst > monthFirst ? 'dmy' : 'mdy';
    fits += Math.max(dayFirst, monthFirst);
    if (dayFirst === eitherFirst && monthFirst === eitherFirst) {
      const [chosen, other] = format.order === 'dmy' ? ['day', 'month'] : ['month', 'day'];
      const message = `No date shows whether the day or the month comes first. They are read with the ${chosen} first; where the ${other} comes first, all of them are wrong.`;
      warnings.push({ code: 'DATE_AMBIGUOUS', column: name, message });
    } else if (dayFirst > eitherFirst && monthFirst > eitherFirst) {
      warnings.push(inconsistentDates(facts));
    }
  }
  if (evidence.offsets.size > 1) {
    const offsets = [...evidence.offsets].map(offsetText).sort().join(', ');
    const message = `The times have different offsets from UTC: ${offsets}. They are converted to UTC; without an offset they are UTC.`;
    warnings.push({ code: 'DATE_MIXED_OFFSETS', column: name, message });
  }
  const first = { ymd: '', dmy: ' The day comes before the month.', mdy: ' The month comes before the day.' }[
    format.order
  ];
  const reason =
    fits === wanted
      ? `All ${wanted} values are dates.`
      : `${fits} of ${wanted} values are dates; the others count as missing.`;
  return { format, role: 'feature', reason: reason + first };
}

function inconsistentDates({ name, evidence }: ColumnFacts): TableWarning {
  const days = evidence.dayFirst - evidence.eitherFirst;
  const months = evidence.monthFirst - evidence.eitherFirst;
  const message = `${cells(days)} can only be read with the day first and ${cells(months)} only with the month first, so no order fits all.`;
  return { code: 'DATE_INCONSISTENT', column: name, message, count: Math.min(days, months) };
}

/** Text is an id, free text or a category. */
function asText(facts: ColumnFacts, why: string, warnings: TableWarning[]): Omit<ColumnDecision, 'warnings'> {
  const { evidence, name, distinct } = facts;
  const { values } = evidence;
  const length = Math.round(evidence.textLength / values);
  const isMostlyDistinct = values >= fewestForId && distinct > values / 2;
  if (isMostlyDistinct && length >= longText && evidence.severalWords > values / 2) {
    const reason = `${why}It is free text: ${distinct} of ${values} texts are different, and they have ${length} characters on average. Free text is left out.`;
    return { format: { type: 'text', missing: [] }, role: 'ignore', reason };
  }
  if (isAllDistinct(facts)) return asId(facts, why, warnings);
  warnAmbiguousTokens(facts, warnings);
  if (distinct > mostLevels || isMostlyDistinct) {
    const message = `There are ${about(facts)}${distinct} different texts in ${values} cells. Most of them are too rare to learn from.`;
    warnings.push({ code: 'HIGH_CARDINALITY', column: name, message, count: distinct });
  }
  const reason = `${why}There are ${about(facts)}${distinct} different texts in ${values} cells.`;
  return { format: { type: 'category', missing: [] }, role: 'feature', reason };
}

function asId(facts: ColumnFacts, why: string, warnings: TableWarning[]): Omit<ColumnDecision, 'warnings'> {
  const message = `All ${facts.evidence.values} values are different${facts.isExactDistinct ? '' : ' (estimated)'}, as identifiers are. The column is left out.`;
  warnings.push({ code: 'ID_LIKE', column: facts.name, message });
  return { format: { type: 'id', missing: [] }, role: 'ignore', reason: why + message };
}

function warnAmbiguousTokens({ evidence, name }: ColumnFacts, warnings: TableWarning[]): void {
  if (evidence.tokenCount === 0) return;
  const tokens = [...evidence.tokens].map(([token, count]) => `${JSON.stringify(token)} (${cells(count)})`);
  const message = `${tokens.join(', ')} could mean that there is no value. Among categories it is kept as a value.`;
  warnings.push({ code: 'MISSING_TOKEN_AMBIGUOUS', column: name, message, count: evidence.tokenCount });
}

function isAllDistinct({ evidence, distinct, isExactDistinct }: ColumnFacts): boolean {
  // The estimate is within about 1 %.
  return evidence.values >= fewestForId && distinct >= evidence.values * (isExactDistinct ? 1 : 0.97);
}

/** Cells with a text that does not mean "no value". */
function meaningful(evidence: ColumnEvidence): number {
  return evidence.values - evidence.tokenCount;
}

function stylesOf({ styled }: ColumnEvidence): Record<'point' | 'comma', { style: number; fits: number }> {
  const best = (from: number, to: number): { style: number; fits: number } => {
    let style = from;
    for (let each = from + 1; each < to; each++) if (styled[each] > styled[style]) style = each;
    return { style, fits: styled[style] };
  };
  return { point: best(0, 4), comma: best(4, 8) };
}

function chosenStyle(evidence: ColumnEvidence, habits: TableHabits): { style: number; isAmbiguous: boolean } {
  const { point, comma } = stylesOf(evidence);
  if (point.fits !== comma.fits) {
    return { style: point.fits > comma.fits ? point.style : comma.style, isAmbiguous: false };
  }
  // Without separators both say the same.
  const isAmbiguous = Math.min(evidence.styled[0], evidence.styled[4]) < point.fits;
  return { style: isAmbiguous && habits.decimal === ',' ? comma.style : point.style, isAmbiguous };
}

function emptyFormat(type: 'number' | 'boolean' | 'datetime' | 'category'): CellFormat {
  switch (type) {
    case 'number':
      return { type, missing: [], decimal: '.', grouping: '' };
    case 'boolean':
      return {
        type,
        missing: [],
        true: ['true', 'yes', 'y', 't', 'on', '1'],
        false: ['false', 'no', 'n', 'f', 'off', '0'],
      };
    case 'datetime':
      return { type, missing: [], order: 'ymd' };
    case 'category':
      return { type, missing: [] };
  }
}

function isNumberLike({ type }: CellFormat): boolean {
  return type === 'number' || type === 'datetime' || type === 'boolean';
}

function tokensOf({ tokens }: ColumnEvidence): string[] {
  return [...new Set([...tokens.keys()].map((token) => token.toLowerCase()))].sort();
}

function offsetText(offset: number | 'none'): string {
  if (offset === 'none') return 'none';
  const minutes = Math.abs(offset);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function about({ isExactDistinct }: ColumnFacts): string {
  return isExactDistinct ? '' : 'about ';
}

function cells(count: number): string {
  return count === 1 ? '1 cell' : `${count} cells`;
}

function has(count: number): string {
  return count === 1 ? 'has' : 'have';
}

function begin(count: number): string {
  return count === 1 ? 'begins' : 'begin';
}
