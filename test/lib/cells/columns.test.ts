import { expect, it } from 'vitest';
import type { CellFormat } from '../../../src/lib/cells/cell-format.js';
import { readColumn } from '../../../src/lib/cells/columns.js';

const number: CellFormat = { type: 'number', missing: [], decimal: '.', grouping: '' };
const boolean: CellFormat = {
  type: 'boolean',
  missing: [],
  true: ['true', 'yes', '1'],
  false: ['false', 'no', '0'],
};
const category: CellFormat = { type: 'category', missing: [] };
const datetime: CellFormat = { type: 'datetime', missing: [], order: 'ymd' };

it('reads numbers and booleans of JSON as the same text in a table', () => {
  const cells = [31, '31', true, 'true', 0, '0', null, undefined, ''];
  const texts = cells.map((cell) => (cell === null || cell === undefined ? '' : String(cell)));
  for (const format of [number, boolean, category, datetime])
    expect(readColumn(format, cells)).toEqual(readColumn(format, texts));
});

it('counts cells that are not of the format as missing, and names their rows', () => {
  expect(readColumn(number, ['1', 'x', NaN, Infinity, -0])).toEqual({
    column: { kind: 'numbers', values: Float64Array.of(1, NaN, NaN, NaN, 0) },
    unreadable: [1, 3],
  });
});

it('codes levels in the order in which they first occur', () => {
  expect(readColumn(category, ['b', null, ' a', 'b', 'a']).column).toEqual({
    kind: 'levels',
    codes: Int32Array.of(0, -1, 1, 0, 1),
    levels: ['b', 'a'],
  });
});
