/** Dates and times as people write them: ISO 8601, day and month in either order, and months by name. */

export type DateOrder = 'ymd' | 'dmy' | 'mdy';

/** Which orders of day and month a text can be read in. */
export interface DatetimeText {
  /** Milliseconds since 1970 (UTC), the day before the month; NaN: the text is not such a date. */
  dayFirst: number;
  /** The month before the day. The same as `dayFirst` where the year comes first or the month has a name. */
  monthFirst: number;
  /** Whether the order is written out, by the year in front or a month's name. */
  isUnambiguous: boolean;
  /** Minutes east of UTC as written; null: without. */
  offset: number | null;
}

/** A group is undefined where the text has no such part. */
type Match = readonly (string | undefined)[];

const longestDate = 48;
const minute = 60_000;
const day = 86_400_000;

const iso = /^(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?(?:(?:[Tt]|\s+)(\d.*))?$/u;
const numeric = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?:,?\s+(\d.*))?$/u;
const named =
  /^(?:[a-z]{3,9},?\s+)?(?:(\d{1,2})(?:st|nd|rd|th)?[-\s.]\s*([a-z]{3,9})\.?|([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?)(?:,?\s+|-)(\d{4}|\d\d)(?:,?\s+(\d.*))?$/iu;
const clock =
  /^(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([ap]\.?m\.?)?\s*(?:(z|utc|gmt)|([-+])(\d\d):?(\d\d)?)?$/iu;

const months = new Map(
  [
    'january',
    'february',
    'march',
    'april',
    'may',
    'june',
    'july',
    'august',
    'september',
    'october',
    'november',
    'december',
  ].flatMap(
    (name, index) =>
      [
        [name, index + 1],
        [name.slice(0, 3), index + 1],
      ] as const,
  ),
).set('sept', 9);

/** Reads a trimmed text; null: it is no date. A date without a time is midnight, one without a zone is in UTC. */
export function readDatetimeText(text: string): DatetimeText | null {
  if (text.length > longestDate || text.length < 6) return null;
  return readIso(text) ?? readNumeric(text) ?? readNamed(text);
}

/**
 * The commonest texts, read without regular expressions: 2024-05-31 and 2024-05-31T12:00:00, with or without a Z.
 * NaN: it is another kind of text, or none.
 */
export function readPlainIso(text: string): number {
  const { length } = text;
  if (length !== 10 && length !== 19 && length !== 20) return NaN;
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return NaN;
  const date = dateValue(
    twoDigits(text, 0) * 100 + twoDigits(text, 2),
    twoDigits(text, 5),
    twoDigits(text, 8),
  );
  if (length === 10) return date;
  const between = text.charCodeAt(10);
  if ((between !== 0x54 && between !== 0x20) || (length === 20 && text.charCodeAt(19) !== 0x5a)) return NaN;
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return NaN;
  const hour = twoDigits(text, 11);
  const minutes = twoDigits(text, 14);
  const seconds = twoDigits(text, 17);
  return hour < 24 && minutes < 60 && seconds < 60
    ? date + ((hour * 60 + minutes) * 60 + seconds) * 1000
    : NaN;
}

const dash = 0x2d;
const colon = 0x3a;

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** `order` decides where day and month are numbers and the year comes last. NaN: the text is not such a date. */
export function datetimeValue(text: string, order: DateOrder): number {
  const plain = readPlainIso(text);
  if (!Number.isNaN(plain)) return plain;
  const read = readDatetimeText(text);
  if (read === null || (order === 'ymd' && !read.isUnambiguous)) return NaN;
  return order === 'mdy' ? read.monthFirst : read.dayFirst;
}

function readIso(text: string): DatetimeText | null {
  const match: Match | null = iso.exec(text);
  if (match === null) return null;
  const [, year, separator, month, dayOfMonth, time] = match;
  // 2024-01 is a month; 2024.01 is a number, and 2024/01 an issue.
  if (dayOfMonth === undefined && (separator !== '-' || month?.length !== 2 || time !== undefined))
    return null;
  const date = dateValue(Number(year), Number(month), dayOfMonth === undefined ? 1 : Number(dayOfMonth));
  return withTime(date, date, true, time);
}

function readNumeric(text: string): DatetimeText | null {
  const match: Match | null = numeric.exec(text);
  if (match === null) return null;
  const [, first, separator, second, yearText = '', time] = match;
  // 10-20-30 is a number of parts more often than a date.
  if (yearText.length === 2 && separator === '-') return null;
  const year = fullYear(yearText);
  const dayFirst = dateValue(year, Number(second), Number(first));
  const monthFirst = dateValue(year, Number(first), Number(second));
  return withTime(dayFirst, monthFirst, false, time);
}

function readNamed(text: string): DatetimeText | null {
  const match: Match | null = named.exec(text);
  if (match === null) return null;
  const [, dayBefore, monthAfter, monthBefore, dayAfter, year = '', time] = match;
  const month = months.get((monthAfter ?? monthBefore ?? '').toLowerCase());
  if (month === undefined) return null;
  const date = dateValue(fullYear(year), month, Number(dayBefore ?? dayAfter));
  return withTime(date, date, true, time);
}

function withTime(
  dayFirst: number,
  monthFirst: number,
  isUnambiguous: boolean,
  time: string | undefined,
): DatetimeText | null {
  if (Number.isNaN(dayFirst) && Number.isNaN(monthFirst)) return null;
  if (time === undefined) return { dayFirst, monthFirst, isUnambiguous, offset: null };
  const match: Match | null = clock.exec(time);
  if (match === null) return null;
  const [
    ,
    hourText,
    minutes,
    seconds = '0',
    fraction = '',
    half,
    utc,
    sign,
    offsetHours,
    offsetMinutes = '0',
  ] = match;
  let hour = Number(hourText);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0);
  }
  if (hour > 23 || Number(minutes) > 59 || Number(seconds) > 60) return null;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const sinceMidnight = ((hour * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + milliseconds;
  let offset: number | null = utc === undefined ? null : 0;
  if (sign !== undefined) {
    if (Number(offsetHours) > 15 || Number(offsetMinutes) > 59) return null;
    offset = (sign === '-' ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinutes));
  }
  const shift = sinceMidnight - (offset ?? 0) * minute;
  return { dayFirst: dayFirst + shift, monthFirst: monthFirst + shift, isUnambiguous, offset };
}

/** As POSIX has it: 69 to 99 are the last century, 00 to 68 this one. */
function fullYear(text: string): number {
  const year = Number(text);
  return text.length === 4 ? year : year + (year < 69 ? 2000 : 1900);
}

const daysIn = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Midnight in UTC; NaN: there is no such day. */
function dateValue(year: number, month: number, dayOfMonth: number): number {
  if (!(year >= 1 && month >= 1 && month <= 12 && dayOfMonth >= 1 && dayOfMonth <= daysIn[month - 1]))
    return NaN;
  if (month === 2 && dayOfMonth === 29 && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)))
    return NaN;
  return daysSince1970(year, month, dayOfMonth) * day;
}

/** Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil. */
function daysSince1970(year: number, month: number, dayOfMonth: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + dayOfMonth - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
