import { describe, expect, it } from 'vitest';
import { TableRefusal } from '../../../src/data/formats/rows.js';
import type { ColumnSchema, TableSchema, TableWarning } from '../../../src/data/table-schema.js';
import { openTable } from '../../../src/data/tables/stored-table.js';
import { takeInTable, type TakeInOptions } from '../../../src/data/tables/take-in-table.js';
import { suiteStorage } from './suite-storage.js';
import { columnReader, rowsReader } from './rows-reader.js';

const storage = await suiteStorage();
let count = 0;
const place = () => ({ storage, prefix: `table-${count++}` });

const repeated = (texts: readonly string[], times: number): string[] =>
  Array.from({ length: texts.length * times }, (_, row) => texts[row % texts.length]);

async function columnOf(
  cells: readonly (string | null)[],
  options: TakeInOptions = {},
  dialect = {},
): Promise<{ column: ColumnSchema; warnings: TableWarning[] }> {
  const schema = await takeInTable(columnReader(cells, { dialect }), place(), options);
  return { column: schema.columns[0], warnings: schema.warnings.filter(({ column }) => column === 'x') };
}

const codes = (warnings: readonly TableWarning[]): string[] => warnings.map(({ code }) => code);

async function refusalOf(promise: Promise<TableSchema>): Promise<TableRefusal> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TableRefusal);
  return error as TableRefusal;
}

describe('the type of a column', () => {
  it('is a category when one text of 20,000 has a leading zero, and no zero is lost', async () => {
    const cells = Array.from({ length: 20_000 }, (_, row) => (row === 19_500 ? '007' : String(row % 500)));
    const { column, warnings } = await columnOf(cells);
    expect(column.format.type).toBe('category');
    expect(codes(warnings)).toContain('LEADING_ZEROS');
    expect(column.profile.top.find(({ value }) => value === '007')?.count).toBe(1);
  });

  it('is a number when nine of ten cells are, and the lines of the others are named', async () => {
    const { column, warnings } = await columnOf([...repeated(['1', '2', '3'], 12), 'lots', '4', 'none left']);
    expect(column.format.type).toBe('number');
    expect(column.profile).toMatchObject({ missing: 2, unreadable: 2 });
    expect(column.reason).toBe('37 of 39 values are numbers; the others count as missing.');
    expect(warnings.find(({ code }) => code === 'MIXED_TYPE')).toMatchObject({ lines: [38, 40], count: 2 });
  });

  it('is a category when more cells are words', async () => {
    const { column, warnings } = await columnOf(repeated(['1', '2', '3', 'many'], 10));
    expect(column.format.type).toBe('category');
    expect(codes(warnings)).toContain('MIXED_TYPE');
  });

  it.each([
    ['a decimal comma', ['1,5', '2,25', '3'], { decimal: ',', grouping: '' }],
    ['points between thousands', ['1.234,50', '2,00'], { decimal: ',', grouping: '.' }],
    ['commas between thousands', ['1,234.50', '2.00'], { decimal: '.', grouping: ',' }],
    ['spaces between thousands', ['1\u202f234,5', '12'], { decimal: ',', grouping: ' ' }],
    ['apostrophes between thousands', ["1'234.5", '12'], { decimal: '.', grouping: "'" }],
    [
      'thousands rather than a decimal comma, where both fit',
      ['1,234', '5,678'],
      { decimal: '.', grouping: ',' },
    ],
  ])('is a number with %s', async (_, texts, separators) => {
    const { column } = await columnOf(repeated(texts, 5));
    expect(column.format).toMatchObject({ type: 'number', ...separators });
    expect(column.profile.missing).toBe(0);
  });

  it('follows the rest of the table where separators fit both ways', async () => {
    const rows = repeated(['1,234'], 30).map((cell, row) => [cell, `${row},5`]);
    const schema = await takeInTable(
      rowsReader(['doubtful', 'certain'], rows, { dialect: { delimiter: ';' } }),
      place(),
    );
    expect(schema.columns[0].format).toMatchObject({ type: 'number', decimal: ',' });
    expect(schema.columns[0].profile.numbers?.max).toBe(1.234);
  });

  it('follows the order of day and month of the rest of the table', async () => {
    const rows = repeated(['03/04/2024', '05/06/2024'], 15).map((cell) => [cell, '31/12/2023']);
    const schema = await takeInTable(rowsReader(['doubtful', 'certain'], rows), place());
    expect(schema.columns.map(({ format }) => format)).toEqual([
      { type: 'datetime', missing: [], order: 'dmy' },
      { type: 'datetime', missing: [], order: 'dmy' },
    ]);
    expect(codes(schema.warnings)).toContain('DATE_AMBIGUOUS');
  });

  it.each([
    ['0 and 1', ['0', '1'], 'number'],
    ['0, 1, true and false', ['0', '1', 'true', 'FALSE'], 'boolean'],
    ['ja and nein', ['ja', 'Nein'], 'boolean'],
    ['yes, no and maybe', ['yes', 'no', 'maybe'], 'category'],
    ['years', ['1999', '2024'], 'number'],
    ['Python literals', ['1_000', '2_500'], 'category'],
    ['hexadecimal numbers', ['0x1F', '0xA0'], 'category'],
    ['codes like 12E12', ['12E12', '39E18', 'A0F3'], 'category'],
    ['scientific notation', ['1.2E-3', '5e10', '12'], 'number'],
    ['versions', ['1.2.3', '11.0.1'], 'category'],
    ['addresses', ['10.0.0.1', '10.0.0.2'], 'category'],
    ['times without a date', ['12:30', '09:15'], 'category'],
    ['months', ['2024-01', '2024-02'], 'datetime'],
    ['two-digit years', ['31/12/23', '01/02/24'], 'datetime'],
  ])('of %s is found', async (_, texts, type) => {
    expect((await columnOf(repeated(texts, 15))).column.format.type).toBe(type);
  });

  it('is an id only when at least 20 texts are all different', async () => {
    const names = Array.from({ length: 20 }, (_, row) => `user-${row}`);
    expect((await columnOf(names)).column).toMatchObject({ format: { type: 'id' }, role: 'ignore' });
    expect((await columnOf(names.slice(1))).column).toMatchObject({
      format: { type: 'category' },
      role: 'feature',
    });
    const decimals = Array.from({ length: 50 }, (_, row) => String(row / 7));
    expect((await columnOf(decimals)).column.format.type).toBe('number');
  });

  it('is an id among 30,000 texts, more than are counted', async () => {
    const { column } = await columnOf(Array.from({ length: 30_000 }, (_, row) => `user-${row}`));
    expect(column.format.type).toBe('id');
    expect(Math.abs(column.profile.distinct - 30_000)).toBeLessThan(900);
  });

  it('is free text when texts are long, of several words and mostly different', async () => {
    const cells = Array.from(
      { length: 30 },
      (_, row) => `The customer of order ${row} asked about the delivery again`,
    );
    expect((await columnOf(cells)).column).toMatchObject({ format: { type: 'text' }, role: 'ignore' });
  });

  it('is what the client says', async () => {
    const columns = new Map([['x', { type: 'category', role: 'ignore' } as const]]);
    const { column } = await columnOf(repeated(['1', '2'], 10), { columns });
    expect(column).toMatchObject({
      format: { type: 'category' },
      role: 'ignore',
      reason: 'The upload sets the type category.',
    });
    const asNumber = await columnOf(repeated(['007', '01.50'], 10), {
      columns: new Map([['x', { type: 'number' }]]),
    });
    expect(asNumber.column.profile.numbers).toMatchObject({ min: 1.5, max: 7 });
  });
});

it('reads another format later from what was stored, for no text is lost', async () => {
  const where = place();
  const cells = ['007', '7.0', '7', ' 7 ', '', null, '1,5'];
  const schema = await takeInTable(columnReader(cells), where);
  const table = openTable(storage, where.prefix, schema);
  const category = { type: 'category', missing: [] } as const;
  const number = { type: 'number', missing: [], decimal: '.', grouping: '' } as const;
  const [levels, numbers] = await table.columns([
    { name: 'x', format: { ...category, missing: [] } },
    { name: 'x', format: { ...number, missing: [] } },
  ]);
  expect(levels).toEqual({
    kind: 'levels',
    codes: Int32Array.of(0, 1, 2, 2, -1, -1, 3),
    levels: ['007', '7.0', '7', '1,5'],
  });
  expect(numbers).toEqual({ kind: 'numbers', values: Float64Array.of(7, 7, 7, 7, NaN, NaN, NaN) });
  expect(await table.rows(1, 4)).toEqual(cells.slice(1, 5).map((cell) => [cell]));
  expect(await table.rows(6, 10)).toEqual([['1,5']]);
});

it('gives columns that come late no value in the rows before', async () => {
  const reader = rowsReader(['a'], []);
  // eslint-disable-next-line @typescript-eslint/require-await -- The rows are there already.
  reader.batches = async function* () {
    yield { names: ['a'], rows: Array.from({ length: 5_000 }, () => ['1']), lines: null };
    yield { names: ['a', 'b'], rows: [['2', 'late']], lines: null };
  };
  const where = place();
  const schema = await takeInTable(reader, where);
  expect(schema.columns.map(({ profile: { missing, distinct } }) => [missing, distinct])).toEqual([
    [0, 2],
    [5_000, 1],
  ]);
  const table = openTable(storage, where.prefix, schema);
  expect(await table.rows(4_999, 2)).toEqual([
    ['1', null],
    ['2', 'late'],
  ]);
  const [late] = await table.columns([{ name: 'b', format: schema.columns[1].format }]);
  expect(late.kind === 'levels' && [late.codes[0], late.codes[5_000], late.levels]).toEqual([
    -1,
    0,
    ['late'],
  ]);
});

it('counts rows that are copies of earlier ones', async () => {
  const rows = [
    ...Array.from({ length: 6_000 }, (_, row) => [String(row), 'a']),
    ['5', 'a'],
    ['5', 'b'],
    ['a', '5'],
  ];
  const { warnings } = await takeInTable(rowsReader(['x', 'y'], rows), place());
  expect(warnings.filter(({ code }) => code === 'DUPLICATE_ROWS')).toMatchObject([
    { count: 1, lines: [6_002] },
  ]);
});

describe('a leak', () => {
  const rows = Array.from({ length: 400 }, (_, row) => {
    const outcome = row % 3 === 0 ? 'lost' : 'won';
    const almost = row === 3 ? 'B' : outcome === 'lost' ? 'A' : 'B';
    const hint = row % 7 < 3 ? outcome : 'won';
    return [almost, hint, String(row % 40), String(row * 2.5), outcome, String(row)];
  });
  const names = ['almost', 'hint', 'group', 'scaled', 'outcome', 'value'];
  const leaksOf = async (target: string) => {
    const { warnings } = await takeInTable(rowsReader(names, rows), place(), { target: [target] });
    return warnings.filter(({ code }) => code === 'LEAK').map(({ column, message }) => ({ column, message }));
  };

  it('is a column that tells the class in nearly all rows', async () => {
    const leaks = await leaksOf('outcome');
    expect(leaks.map(({ column }) => column)).toEqual(['almost']);
    expect(leaks[0].message).toContain('The column tells "outcome" in 399 of 400 rows: "A" goes with "lost"');
  });

  it('is a number that is a multiple of the target', async () => {
    const leaks = await leaksOf('value');
    expect(leaks.map(({ column }) => column)).toEqual(['scaled']);
    expect(leaks[0].message).toContain('their correlation is 1.000000');
  });
});

describe('a refusal', () => {
  const table = () => rowsReader(['age', 'income'], [['1', '2']]);

  it('names the column that is probably meant', async () => {
    const { problems } = await refusalOf(takeInTable(table(), place(), { target: ['incme'] }));
    expect(problems).toEqual([
      {
        code: 'NO_SUCH_COLUMN',
        message: 'The table has no column "incme". Did you mean "income"?',
        line: null,
        column: 'incme',
        value: null,
      },
    ]);
    const options = { columns: new Map([['sex', { type: 'category' } as const]]) };
    const other = await refusalOf(takeInTable(table(), place(), options));
    expect(other.message).toBe('The table has no column "sex". It has "age", "income".');
  });

  it('comes with the limits of rows and columns', async () => {
    const rows = Array.from({ length: 30 }, () => ['1', '2']);
    const long = await refusalOf(takeInTable(rowsReader(['a', 'b'], rows), place(), { mostRows: 29 }));
    expect(long.problems).toMatchObject([
      { code: 'TOO_LARGE', message: expect.stringContaining('29') as string },
    ]);
    const wide = await refusalOf(takeInTable(table(), place(), { mostColumns: 1 }));
    expect(wide.problems).toMatchObject([
      { code: 'TOO_LARGE', message: expect.stringContaining('2 columns') as string },
    ]);
    expect((await refusalOf(takeInTable(rowsReader(['a'], []), place()))).problems[0].code).toBe('NO_ROWS');
  });
});

it('reports how many rows it has read, and stops when it is told to', async () => {
  const rows = Array.from({ length: 25 }, () => ['1']);
  const seen: number[] = [];
  const abort = new AbortController();
  await takeInTable(rowsReader(['a'], rows, { batchRows: 10 }), place(), {
    onProgress: (each) => seen.push(each),
  });
  expect(seen).toEqual([10, 20, 25]);
  const stopped = takeInTable(rowsReader(['a'], rows, { batchRows: 10 }), place(), {
    signal: abort.signal,
    onProgress: () => abort.abort(new Error('stop here')),
  });
  await expect(stopped).rejects.toThrow('stop here');
});
