import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { inPieces, problemsOf, readTable } from './whole-table.js';

const table = (name: string) => readFileSync(new URL(`../../fixtures/tables/${name}`, import.meta.url));

describe('JSON Lines', () => {
  it('are rows whose keys may be left out, which is counted', async () => {
    const { names, rows, warnings } = await readTable(table('missing_keys.jsonl'));
    expect([names, rows.length]).toEqual([['age', 'city', 'y'], 50]);
    expect(warnings).toMatchObject([
      { code: 'JSON_MISSING_KEYS', column: 'age', count: 10 },
      { code: 'JSON_MISSING_KEYS', column: 'city', count: 17 },
    ]);
  });

  it('may have a key for the first time in any row', async () => {
    const lines = Array.from({ length: 20_000 }, (_, row) =>
      JSON.stringify(row === 19_999 ? { late: 1, x: row } : { x: row }),
    );
    const { names, rows, warnings } = await readTable(lines.join('\n'));
    expect(names).toEqual(['x', 'late']);
    expect([rows[0], rows[19_999]]).toEqual([
      ['0', null],
      ['19999', '1'],
    ]);
    expect(warnings).toMatchObject([{ code: 'JSON_MISSING_KEYS', column: 'late', count: 19_999 }]);
  });

  it('keep every digit of a number that a double does not hold, and the shortest form of others', async () => {
    const numbers = [
      '9007199254740993',
      '-12345678901234567890',
      '1e400',
      '1.0',
      '1e3',
      '0.1',
      '-0',
      '1.25e-7',
      '9007199254740991',
    ];
    const { rows } = await readTable(
      numbers.map((number) => `{"x": ${number}, "s": "12345678901234567890 \\" 1"}`).join('\n'),
    );
    expect(rows.map(([x]) => x)).toEqual([
      '9007199254740993',
      '-12345678901234567890',
      '1e400',
      '1',
      '1000',
      '0.1',
      '0',
      '1.25e-7',
      '9007199254740991',
    ]);
    expect(new Set(rows.map(([, s]) => s))).toEqual(new Set(['12345678901234567890 " 1']));
  });

  it('have nulls, booleans and empty texts', async () => {
    expect((await readTable('{"a":null,"b":true,"c":"","d":false}\n')).rows).toEqual([
      [null, 'true', '', 'false'],
    ]);
  });

  it('spread the keys of objects over columns and leave arrays out, and say so by name', async () => {
    const { names, rows, warnings, lines } = await readTable(table('field/mixed_records.jsonl'));
    expect(names).toEqual(['id', 'amount', 'label', 'geo.lat', 'geo.lon', 'code', 'flag', 'city']);
    expect([rows.length, rows[0], lines[18]]).toEqual([
      36,
      ['1', '11.7', 'a', '-4.83', '5.19', '0a', null, null],
      20,
    ]);
    expect(warnings).toMatchObject([
      { code: 'JSON_MISSING_KEYS', column: 'city', count: 12 },
      { code: 'NESTED_VALUES', column: 'tags', count: 36 },
      { code: 'NESTED_VALUES', column: 'geo', count: 36, lines: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
    ]);
    expect((await readTable(table('nested.jsonl'))).names).toEqual(['a.b', 'y']);
  });

  it('keep keys that are members of objects, and keys that differ only by white space', async () => {
    const { names, rows, warnings } = await readTable(
      '{"__proto__":1,"constructor":2,"a":3," a":4,"":5}\n{"a":6}\n',
    );
    expect(names).toEqual(['__proto__', 'constructor', 'a', 'a_2', 'column_5']);
    expect(rows).toEqual([
      ['1', '2', '3', '4', '5'],
      [null, null, '6', null, null],
    ]);
    expect(warnings.map(({ code }) => code).slice(0, 3)).toEqual([
      'HEADER_TRIMMED',
      'HEADER_DUPLICATE',
      'HEADER_EMPTY',
    ]);
  });

  it('keep a key and an object with the same path apart', async () => {
    const { names, rows } = await readTable('{"a.b":1,"a":{"b":2}}\n');
    expect([names, rows]).toEqual([['a.b', 'a.b_2'], [['1', '2']]]);
  });

  test.each([
    ['broken.jsonl', 2],
    ['field/trailing_comma.jsonl', 1],
  ])('with a comma at the end in %s say to remove it', async (file, line) => {
    const [first] = await problemsOf(table(file));
    expect(first).toMatchObject({
      code: 'BAD_JSON',
      line,
      message: expect.stringContaining('remove the comma') as string,
    });
  });

  test.each([
    ['{"a": NaN}', 'write null'],
    ["{'a': 1}", 'double quotes'],
    ['[1, 2]', 'not an object'],
    ['3', 'not an object'],
    ['{"a": 1', 'not JSON'],
  ])('that are not objects are all told: %s', async (line, message) => {
    expect(await problemsOf(`{"a":1}\n${line}\n{"a":2}\n${line}\n`)).toMatchObject([
      { code: 'BAD_JSON', line: 2, message: expect.stringContaining(message) as string },
      { code: 'BAD_JSON', line: 4 },
    ]);
  });

  it('are not one object over several lines', async () => {
    const [first] = await problemsOf('{\n  "a": 1\n}\n');
    expect(first).toMatchObject({ code: 'NOT_A_TABLE', message: expect.stringContaining('jq -c') as string });
  });

  it('without a value of its own in any key are no table', async () => {
    expect(await problemsOf('{"a":[1]}\n{}\n')).toMatchObject([{ code: 'NOT_A_TABLE' }]);
  });
});

describe('a JSON array of objects', () => {
  const rows = [
    { a: 1, b: 'x]}"\\' },
    { a: 2, b: '[{' },
    { a: null, b: '' },
  ];
  const asRows = [
    ['1', 'x]}"\\'],
    ['2', '[{'],
    [null, ''],
  ];

  it('is read element by element, whatever the pieces that it comes in', async () => {
    for (const text of [JSON.stringify(rows), JSON.stringify(rows, null, 2)]) {
      for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++) {
        expect((await readTable(inPieces(text, pieceBytes))).rows).toEqual(asRows);
      }
    }
  });

  it('gives each row the line on which it begins', async () => {
    expect((await readTable(JSON.stringify(rows, null, 2))).lines).toEqual([2, 6, 10]);
  });

  test.each([
    ['[{"a":1},]', 'remove the comma'],
    ['[{"a":1}{"a":2}]', 'comma between'],
    ['[{"a":1}', 'cut short'],
    ['[{"a":1}] x', 'after the end'],
    ['[1, 2]', 'must be an object'],
    ['[[1], [2]]', 'not an object'],
  ])('is refused where it is not one: %s', async (text, message) => {
    const [first] = await problemsOf(text);
    expect(first).toMatchObject({
      code: 'BAD_JSON',
      line: 1,
      message: expect.stringContaining(message) as string,
    });
  });

  it('without elements has no rows', async () => {
    expect(await problemsOf('[]')).toMatchObject([{ code: 'NO_ROWS' }]);
  });
});
