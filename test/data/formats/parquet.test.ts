import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { problemsOf, readTable } from './whole-table.js';

const file = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));

/** By column, what PyArrow wrote. */
const written = JSON.parse(file('parquet/types.json').toString()) as Record<string, (string | null)[]>;

describe('every flat type is read exactly', () => {
  test.each(['snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'none', 'pages-v2', 'encodings', 'encodings-v2'])(
    'from types-%s.parquet',
    async (variant) => {
      const { names, rows } = await readTable(file(`parquet/types-${variant}.parquet`));
      const columns = Object.fromEntries(names.map((name, column) => [name, rows.map((row) => row[column])]));
      expect(columns).toEqual(written);
    },
  );

  it('and the file says what its types are', async () => {
    const { names, declared, dialect } = await readTable(file('parquet/types-none.parquet'));
    const typed = Object.fromEntries(names.map((name, column) => [name, declared?.[column]]));
    expect(typed).toMatchObject({
      uint64: 'number',
      decimal38: 'number',
      boolean: 'boolean',
      dictionary: 'text',
      uuid: 'text',
      date: 'datetime',
      timestamp_ns: 'datetime',
    });
    expect(dialect).toMatchObject({ format: 'parquet', encoding: null, header: null });
  });

  it('also the old timestamps of 96 bits', async () => {
    const { rows, declared } = await readTable(file('parquet/int96.parquet'));
    expect(declared?.[0]).toBe('datetime');
    expect(rows.map(([when]) => when)).toEqual(written.timestamp_ns);
  });

  it('also columns that cannot be null', async () => {
    expect((await readTable(file('parquet/required.parquet'))).rows).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'a'],
    ]);
  });

  it('also in files with several codecs and a column without any value', async () => {
    const { names, rows } = await readTable(file('tables/field/typed_nulls_mixed_codecs.parquet'));
    const column = (name: string) => rows.map((row) => row[names.indexOf(name)]);
    expect(rows).toHaveLength(40);
    expect(new Set(column('big')).size).toBe(37);
    expect(column('big').filter((cell) => cell === null)).toHaveLength(4);
    expect(column('void').every((cell) => cell === null)).toBe(true);
  });
});

describe('a Parquet file', () => {
  it('has its names made unique like a header', async () => {
    const { names, warnings } = await readTable(file('parquet/names.parquet'));
    expect(names).toEqual(['__proto__', 'a', 'column_3', 'a_2']);
    expect(warnings.map(({ code }) => code)).toEqual(['HEADER_TRIMMED', 'HEADER_EMPTY', 'HEADER_DUPLICATE']);
  });

  it('with nested columns is refused, and names each of them', async () => {
    expect(await problemsOf(file('parquet/nested.parquet'))).toMatchObject([
      { code: 'NOT_A_TABLE', column: 'tags' },
      { code: 'NOT_A_TABLE', column: 'place' },
    ]);
  });

  it('with bytes that are no text is refused by the name of the column', async () => {
    expect(await problemsOf(file('parquet/binary.parquet'))).toMatchObject([
      { code: 'DAMAGED_FILE', column: 'picture' },
    ]);
  });

  it('without rows is refused', async () => {
    expect(await problemsOf(file('parquet/no-rows.parquet'))).toMatchObject([{ code: 'NO_ROWS' }]);
  });

  it('that is cut short is refused for that', async () => {
    const whole = file('parquet/types-none.parquet');
    const [first] = await problemsOf(whole.subarray(0, whole.length - 100));
    expect(first).toMatchObject({
      code: 'DAMAGED_FILE',
      message: expect.stringContaining('Upload the whole file') as string,
    });
  });

  it('compressed with gzip is read', async () => {
    const { rows, dialect } = await readTable(gzipSync(file('parquet/required.parquet')));
    expect([rows.length, dialect.compression]).toEqual([3, 'gzip']);
  });

  test.each([
    ['columns', { columns: 5 }],
    ['rows', { rows: 5 }],
    ['bytes of a row group', { groupBytes: 100 }],
  ])('with too many %s is refused', async (_, limits) => {
    expect(await problemsOf(file('parquet/types-none.parquet'), {}, limits)).toMatchObject([
      { code: 'TOO_LARGE' },
    ]);
  });
});
