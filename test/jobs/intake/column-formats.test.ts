import { expect, test } from 'vitest';
import type { ColumnSchema } from '../../../src/data/table-schema.js';
import { formatAs } from '../../../src/jobs/intake/column-formats.js';
import type { CellFormat, CellType } from '../../../src/lib/cells/cell-format.js';

/** A category with these texts. */
const categoryOf = (...texts: string[]): ColumnSchema => ({
  name: 'c',
  format: { type: 'category', missing: ['n/a'] },
  role: 'feature',
  reason: '',
  profile: {
    missing: 0,
    unreadable: 0,
    distinct: texts.length,
    top: texts.map((value) => ({ value, count: 1 })),
    numbers: null,
  },
});

test.each<[CellType, string[], Partial<CellFormat>]>([
  ['number', ['1.5', '2'], { decimal: '.', grouping: '' }],
  ['number', ['1,5', '2,25', 'x'], { decimal: ',', grouping: '' }],
  ['number', ['1,234.5', '7'], { decimal: '.', grouping: ',' }],
  ['number', ['1.234,5', '1.000.000,25', '7'], { decimal: ',', grouping: '.' }],
  ['boolean', ['Yes', 'no', 'maybe'], { true: ['yes'], false: ['no'] }],
  ['boolean', ['0', '1'], { true: ['1'], false: ['0'] }],
  ['datetime', ['2020-01-02'], { order: 'ymd' }],
  ['text', ['a'], {}],
])('a category that is to be a %s is read as %j are written', (type, texts, expected) => {
  expect(formatAs(type, categoryOf(...texts))).toEqual({ type, missing: ['n/a'], ...expected });
});

test('a column that is of the type already stays as it is', () => {
  const column = categoryOf('a');
  expect(formatAs('category', column)).toBe(column.format);
});
