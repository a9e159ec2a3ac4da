import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  levelReader,
  numberReader,
  unreadable,
  type BooleanFormat,
  type DatetimeFormat,
  type NumberFormat,
} from '../../../src/lib/cells/cell-format.js';

const point: NumberFormat = { type: 'number', missing: ['na', '-'], decimal: '.', grouping: '' };
const american: NumberFormat = { ...point, grouping: ',' };
const german: NumberFormat = { ...point, decimal: ',', grouping: '.' };
const swiss: NumberFormat = { ...point, grouping: "'" };
const french: NumberFormat = { ...point, decimal: ',', grouping: ' ' };

describe('a number', () => {
  it.each([
    [point, '12', 12],
    [point, ' -12.50 ', -12.5],
    [point, '+6', 6],
    [point, '.5', 0.5],
    [point, '5.', 5],
    [point, '007', 7],
    [point, '1.5e-3', 0.0015],
    [point, '12E12', 12e12],
    [point, '9007199254740993', 9007199254740992],
    [point, '0.1000000000000000055511151231257827', 0.1],
    [point, '\u22123', -3],
    [american, '$1,250.75', 1250.75],
    [american, '-$1,250', -1250],
    [american, '$-1,250', -1250],
    [american, '(1,234)', -1234],
    [american, '($1,234.5)', -1234.5],
    [american, '12.5 %', 12.5],
    [american, 'USD 3', 3],
    [american, '3 €', 3],
    [american, 'US$3', 3],
    [american, '12,34,567', 1234567],
    [german, '3.412,75', 3412.75],
    [german, '1,5E3', 1500],
    [german, '-12', -12],
    [swiss, "1'234.5", 1234.5],
    [french, '1\u202f234\u00a0567,5', 1234567.5],
  ])('%# in %o: %j is %d', (format, text, value) => {
    expect(numberReader(format)(text)).toBe(value);
  });

  it.each([
    [point, '1,234'],
    [american, '1,23'],
    [american, '1,2345'],
    [american, ',123'],
    [german, '12.5'],
    [german, '1.234.5'],
    [point, '0x1F'],
    [point, '1_000'],
    [point, '1 2'],
    [point, '12 kg'],
    [point, '(-3)'],
    [point, '(3'],
    [point, '--3'],
    [point, '$3$'],
    [point, 'inf'],
    [point, '-Infinity'],
    [point, '1e400'],
    [point, 'NaN'],
    [point, 'true'],
    [point, '1'.repeat(400)],
  ])('%# in %o is not %j', (format, text) => {
    expect(numberReader(format)(text)).toBe(unreadable);
  });

  it.each(['', '  ', 'NA', ' na ', '-'])('is missing in %j', (text) => {
    expect(numberReader(point)(text)).toBeNaN();
  });

  it.each(['-0', '-0.0', '(0)', '-0e5'])('is 0, and not -0, in %j', (text) => {
    expect(Object.is(numberReader(point)(text), 0)).toBe(true);
  });

  it('is what JavaScript reads, in every text that JavaScript writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(numberReader(point)(String(value))).toBe(value + 0);
      }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: 0, max: 15 }),
        (digits, decimals) => {
          const text = (digits / 1e5).toFixed(decimals);
          expect(numberReader(point)(text)).toBe(Number(text) + 0);
        },
      ),
    );
  });
});

describe('a boolean', () => {
  const format: BooleanFormat = { type: 'boolean', missing: ['?'], true: ['yes', '1'], false: ['no', '0'] };

  it.each([
    ['YES', 1],
    [' no', 0],
    ['1', 1],
    ['?', NaN],
    ['maybe', unreadable],
  ])('%j is %d', (text, value) => {
    expect(numberReader(format)(text)).toBe(value);
  });
});

describe('a datetime', () => {
  const format = (order: DatetimeFormat['order']): DatetimeFormat => ({
    type: 'datetime',
    missing: [],
    order,
  });

  it.each([
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    ['2024/2/9', '2024-02-09T00:00:00Z'],
    ['2024-06-24T08:15:00+02:00', '2024-06-24T06:15:00Z'],
    ['2024-06-24 08:15:00.250 -0530', '2024-06-24T13:45:00.250Z'],
    ['2024-06-24T08:15:59.123456Z', '2024-06-24T08:15:59.123Z'],
    ['2024-06-24T08:15', '2024-06-24T08:15:00Z'],
    ['2024-06', '2024-06-01T00:00:00Z'],
    ['24 Jun 2024', '2024-06-24T00:00:00Z'],
    ['24-Jun-24', '2024-06-24T00:00:00Z'],
    ['June 24th, 2024 3:05 PM', '2024-06-24T15:05:00Z'],
    ['Mon, 24 Jun 2024 08:15:00 GMT', '2024-06-24T08:15:00Z'],
    ['0001-01-01', '0001-01-01T00:00:00Z'],
  ])('%j is %s in every order', (text, iso) => {
    for (const order of ['ymd', 'dmy', 'mdy'] as const)
      expect(numberReader(format(order))(text)).toBe(Date.parse(iso));
  });

  it.each([
    ['03/04/2024', '2024-04-03', '2024-03-04'],
    ['3.4.2024 12:00', '2024-04-03T12:00Z', '2024-03-04T12:00Z'],
    ['12/05/69', '1969-05-12', '1969-12-05'],
    ['12/05/68', '2068-05-12', '2068-12-05'],
  ])('%j is %s with the day first and %s with the month first', (text, dayFirst, monthFirst) => {
    expect(numberReader(format('dmy'))(text)).toBe(Date.parse(dayFirst));
    expect(numberReader(format('mdy'))(text)).toBe(Date.parse(monthFirst));
    expect(numberReader(format('ymd'))(text)).toBe(unreadable);
  });

  it.each([
    '2023-02-29',
    '2024-13-01',
    '31/04/2024',
    '2024-01-01T24:00:00',
    '12:30',
    '2024',
    '1.2.3',
    '10-20-30',
    '24 Foo 2024',
  ])('%j is none', (text) => {
    expect(numberReader(format('dmy'))(text)).toBe(unreadable);
  });

  it('is read as Date reads ISO texts of any day', () => {
    const date = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(date, (each) => {
        const iso = each.toISOString();
        expect(numberReader(format('ymd'))(iso)).toBe(each.getTime());
        const toSeconds = Math.floor(each.getTime() / 1000) * 1000;
        expect(numberReader(format('ymd'))(iso.slice(0, 19))).toBe(toSeconds);
      }),
    );
  });
});

describe('a level', () => {
  it('is the text without the space around it, and null where it means that there is no value', () => {
    const read = levelReader({ type: 'category', missing: ['n/a'] });
    expect([' Oslo ', 'N/A', '', ' ', '007'].map(read)).toEqual(['Oslo', null, null, null, '007']);
  });
});
