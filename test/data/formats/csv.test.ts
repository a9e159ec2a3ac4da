import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { problemsOf, readTable, type WholeTable } from './whole-table.js';

const table = (name: string) => readFileSync(new URL(`../../fixtures/tables/${name}`, import.meta.url));

const codes = ({ warnings }: WholeTable) => warnings.map(({ code }) => code);

describe('the delimiter', () => {
  test.each([
    ['bom.csv', ',', 60, 5],
    ['semicolon_decimal_comma.csv', ';', 60, 5],
    ['tab.tsv', '\t', 60, 5],
    ['field/utf16le_tabs_excel.txt', '\t', 40, 4],
    ['field/cr_only_pipe_trailing_delimiter.txt', '|', 30, 4],
    ['field/win1252_semicolon_decimal_comma.csv', ';', 36, 5],
    ['quoted_newline.csv', ',', 20, 3],
    ['field/quoted_newlines_long_field.csv', ',', 24, 3],
  ])('of %s is found', async (file, delimiter, rows, columns) => {
    const { dialect, names, rows: read, warnings } = await readTable(table(file));
    expect(dialect.delimiter).toBe(delimiter);
    expect([read.length, names.length]).toEqual([rows, columns]);
    expect(warnings.filter(({ code }) => !['ENCODING_ASSUMED', 'TRAILING_DELIMITER'].includes(code))).toEqual(
      [],
    );
  });

  it('is not a decimal comma, even without a header', async () => {
    const { rows } = await readTable('1,5;2,5;3\n4,5;5,5;6\n7,5;8,5;9\n');
    expect(rows[0]).toEqual(['1,5', '2,5', '3']);
  });

  it('is not a comma that stands in texts, also where each has one', async () => {
    const { rows } = await readTable('name, first\tcity\nDoe, Jane\tOslo\nRoe, Rick\tTurin\n');
    expect(rows).toEqual([
      ['Doe, Jane', 'Oslo'],
      ['Roe, Rick', 'Turin'],
    ]);
  });

  it('does not occur in a table of one column', async () => {
    const { names, rows } = await readTable('text\nHello, world\nno comma\none, two, three\n');
    expect([names, rows.length]).toEqual([['text'], 3]);
    expect((await readTable('x\n1,5\n2,5\n')).rows).toEqual([['1,5'], ['2,5']]);
  });

  it('of a table whose rows have more fields than its header is still found, and the rows are refused', async () => {
    expect(await problemsOf('a\n1,x\n3,y\n')).toMatchObject([
      { code: 'ROW_LENGTH', line: 2, column: '2', value: 'x' },
      { code: 'ROW_LENGTH', line: 3 },
    ]);
  });

  it('may be named by a first line for Excel, which is no row', async () => {
    const { names, rows, lines } = await readTable('sep=;\r\na;b,c\r\n1;2\r\n');
    expect([names, rows, lines]).toEqual([['a', 'b,c'], [['1', '2']], [3]]);
  });

  it('can be named, and then nothing is found out', async () => {
    const { names, dialect } = await readTable('a,b;c\n1,2;3\n', { delimiter: ';' });
    expect([names, dialect.delimiter]).toEqual([['a,b', 'c'], ';']);
  });
});

describe('lines', () => {
  it('that are blank are skipped, and counted', async () => {
    const { rows, lines } = await readTable('a,b\r\n\r\n1,2\r\n   \r\n3,4\r\n\r\n');
    expect([rows, lines]).toEqual([
      [
        ['1', '2'],
        ['3', '4'],
      ],
      [3, 5],
    ]);
  });

  it('may end with CR alone', async () => {
    const { rows, lines } = await readTable('a,b\r1,2\r3,"4\r5"\r6,7');
    expect([rows, lines]).toEqual([
      [
        ['1', '2'],
        ['3', '4\r5'],
        ['6', '7'],
      ],
      [2, 3, 5],
    ]);
  });

  it('may end with LF and CRLF in one file', async () => {
    expect((await readTable('a,b\n1,2\r\n3,4\n"5","6\r"\r\n')).rows).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6\r'],
    ]);
  });

  it('inside quotes count', async () => {
    const { lines, rows } = await readTable(table('field/quoted_newlines_long_field.csv'));
    expect(lines[0]).toBe(2);
    expect(lines.at(-1)).toBeGreaterThan(600);
    expect(Math.max(...rows.map(([note]) => note?.length ?? 0))).toBe(8_700);
  });

  it('that begin with # are rows like others', async () => {
    expect((await readTable('a,b\n#1,2\n')).rows).toEqual([['#1', '2']]);
  });
});

describe('quotes', () => {
  it('may be escaped with backslashes, which is found out', async () => {
    const { dialect, rows } = await readTable(table('field/backslash_escaped_quotes.csv'));
    expect(dialect.escape).toBe('\\');
    expect(rows.slice(0, 5).map(([, example]) => example)).toEqual([
      'a "quoted" word',
      'no quotes',
      'tail"',
      'one, two "three", four',
      'C:\\tmp',
    ]);
  });

  it('may stand behind a backslash that escapes nothing', async () => {
    const { dialect, rows } = await readTable('path,n\n"C:\\dir\\",1\n"D:\\",2\n');
    expect([dialect.escape, rows]).toEqual([
      '"',
      [
        ['C:\\dir\\', '1'],
        ['D:\\', '2'],
      ],
    ]);
  });

  it('inside a field without quotes are text', async () => {
    expect((await readTable('size,n\n5" pipe,1\n')).rows).toEqual([['5" pipe', '1']]);
  });

  it('around nothing are an empty cell, and a row where they are alone', async () => {
    expect((await readTable('a\nx\n""\ny\n')).rows).toEqual([['x'], [''], ['y']]);
  });

  test.each([
    ['unclosed_quote.csv', 3, 'b'],
    ['field/unclosed_quote.csv', 36, 'comment'],
  ])('that are never closed in %s are refused where they open', async (file, line, column) => {
    expect(await problemsOf(table(file))).toMatchObject([{ code: 'UNCLOSED_QUOTE', line, column }]);
  });

  it('that are never closed are also told by the next quote that opens', async () => {
    const text = 'a,b,c\n1,"x",2\n3,"never closed,4\n5,"y",6\n7,"z",8\n';
    expect(await problemsOf(text)).toMatchObject([{ code: 'UNCLOSED_QUOTE', line: 3, column: 'b' }]);
  });

  it('inside quotes must be doubled', async () => {
    const problems = await problemsOf('a,b\n1,2\n3,"four "4" 4"\n');
    expect(problems).toMatchObject([{ code: 'BAD_QUOTE', line: 3, column: 'b', value: '"four "4" 4"\n' }]);
    expect(problems[0]?.message).toContain('Write it twice');
  });
});

describe('rows of another length than the header', () => {
  it('are all told, with line and field', async () => {
    expect(await problemsOf(table('ragged.csv'))).toMatchObject([
      { code: 'ROW_LENGTH', line: 3, column: 'y' },
      { code: 'ROW_LENGTH', line: 4, column: '4', value: '9' },
    ]);
    expect(await problemsOf(table('field/ragged_extra_field.csv'))).toMatchObject([
      {
        code: 'ROW_LENGTH',
        line: 24,
        column: '5',
        message: expect.stringContaining('5 fields where 4 columns') as string,
      },
    ]);
  });

  it('are told up to a hundred', async () => {
    const problems = await problemsOf(`a,b\n${'1,2\n'.repeat(50_000)}${'1,2,3\n'.repeat(150)}`);
    expect(problems).toHaveLength(100);
    expect(problems[0]).toMatchObject({ line: 50_002 });
  });

  it('are read when each has one delimiter too many at its end, and it is said', async () => {
    const read = await readTable(table('field/cr_only_pipe_trailing_delimiter.txt'));
    expect(codes(read)).toEqual(['TRAILING_DELIMITER']);
    expect(read.names).toEqual(['sku', 'width', 'finish', 'passed']);
    expect(read.rows[0]).toEqual(['A-000', '8.2', 'matt', 'pass']);
  });

  it('are refused when only some have one delimiter too many', async () => {
    expect(await problemsOf('a,b\n1,2\n3,4,\n')).toMatchObject([
      { code: 'ROW_LENGTH', line: 3, column: '3' },
    ]);
  });
});

describe('the header', () => {
  it('has its names trimmed, made unique and made up, and says so', async () => {
    const read = await readTable(table('field/header_spaces_duplicates_empty.csv'));
    expect(read.names).toEqual(['price', 'colour', 'price_3', 'column_4', 'price_2', 'Decision']);
    expect(read.warnings).toMatchObject([
      { code: 'HEADER_TRIMMED', column: null },
      { code: 'HEADER_DUPLICATE', column: 'price', message: expect.stringContaining('"price_3"') as string },
      { code: 'HEADER_EMPTY', column: 'column_4' },
    ]);
    expect(read.rows[0]).toHaveLength(6);
  });

  it('keeps names that are members of objects, or hard to write', async () => {
    const { names } = await readTable(table('field/unicode_reserved_names_formulas.csv'));
    expect(names.slice(0, 9)).toEqual([
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'length',
      '数量',
      'température',
      '😀 mood',
      'a\u0301ge',
    ]);
  });

  test.each([
    ['no_header.csv', 60],
    ['field/no_header.csv', 45],
  ])('is missing in %s: names are made, and the first row is kept', async (file, rows) => {
    const read = await readTable(table(file));
    expect(read.rows).toHaveLength(rows);
    expect(read.names[0]).toBe('column_1');
    expect(codes(read)).toEqual(['HEADER_MISSING']);
    expect(read.lines[0]).toBe(1);
  });

  test.each([
    ['a text above numbers', 'height,weight\n1.8,75\n1.7,60\n', true],
    [
      'texts above texts that repeat',
      'city,colour\nOslo,red\nTurin,blue\nOslo,blue\nTurin,red\nOslo,red\n',
      true,
    ],
    ['texts above texts that are all different', 'name,mail\nAda,ada@x.org\nBob,bob@x.org\n', true],
    ['a name that is also a value', 'a,y\n1,y\n2,n\n3,y\n4,n\n5,y\n', true],
    ['years above numbers', 'country,2019,2020,2021\nNorway,1.5,2.5,3.5\nItaly,2.5,3.5,4.5\n', true],
    ['the names that pandas makes', ',0,1,2\n0,5.1,3.5,1.4\n1,4.9,3.0,1.4\n', true],
    ['missing values below', 'x,y\n,a\n,b\n', true],
    ['a single row of names', 'a,b,y\n', true],
    ['numbers above numbers', '1.8,75\n1.7,60\n', false],
    ['numbers that count up by chance', '1,2,3\n4,5,6\n', false],
    ['texts that occur below', 'Oslo,red\nTurin,blue\nOslo,blue\nTurin,red\nOslo,red\nTurin,blue\n', false],
    ['booleans above booleans', 'true,yes\nfalse,no\ntrue,no\n', false],
    ['dates above dates', '2024-01-01,a\n2024-01-02,b\n2024-01-03,a\n', false],
    ['one unreadable number above numbers', '?,5,6\n1,7,8\n2,9,1\n', false],
    ['a single row with a number', '5.1,3.5,setosa\n', false],
  ])('is recognised: %s', async (_, text, header) => {
    const outcome = await readTable(text).then(
      ({ dialect }) => dialect.header,
      (error: unknown) => String(error).includes('header was read'),
    );
    expect(outcome).toBe(header);
  });

  it('is what the client says it is', async () => {
    expect((await readTable('1,2\n3,4\n', { header: true })).names).toEqual(['1', '2']);
    expect((await readTable('a,b\nc,d\n', { header: false })).rows).toHaveLength(2);
  });

  it('alone is no table', async () => {
    expect(await problemsOf(table('field/header_only.csv'))).toMatchObject([
      { code: 'NO_ROWS', line: 1, column: null },
    ]);
  });
});

describe('cells', () => {
  it('are as they are in the file: not trimmed, not typed, formulas too', async () => {
    const { rows } = await readTable('a,b,c\n 007 ,=1+2,\n');
    expect(rows).toEqual([[' 007 ', '=1+2', '']]);
  });

  it('of a large file are read in batches, with the lines on which they are', async () => {
    const { rows, lines } = await readTable(
      `n,text\n${Array.from({ length: 60_000 }, (_, i) => `${i},"a\nb"`).join('\n')}`,
    );
    expect([rows.length, rows[59_999]?.[0], lines[59_999]]).toEqual([60_000, '59999', 2 + 2 * 59_999]);
  });
});

describe('what is too large is refused with the numbers', () => {
  test.each([
    ['columns', 'a,b,c\n1,2,3\n', { columns: 2 }, null, '3 columns. At most 2'],
    ['rows', 'a,b\n1,2\n3,4\n5,6\n', { rows: 2 }, 4, 'more than 2 rows'],
    ['a field', 'a,b\n1,123456\n', { fieldLength: 5 }, 2, '6 characters. At most 5'],
  ])('%s', async (_, text, limits, line, message) => {
    const problems = await problemsOf(text, {}, limits);
    expect(problems).toMatchObject([
      { code: 'TOO_LARGE', line, message: expect.stringContaining(message) as string },
    ]);
  });
});
