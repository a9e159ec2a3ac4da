import { readFileSync, readdirSync } from 'node:fs';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { TableRefusal, type FormatLimits, type FormatOptions } from '../../../src/data/formats/rows.js';
import { inPieces, problemsOf, readTable } from './whole-table.js';

const fixtures = new URL('../../fixtures/', import.meta.url);
const files = ['tables/', 'tables/field/', 'parquet/'].flatMap((folder) =>
  readdirSync(new URL(folder, fixtures), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.json'))
    .map((entry) => readFileSync(new URL(folder + entry.name, fixtures))),
);

/** Small, so that what is too large is small too. */
const limits: FormatLimits = {
  columns: 50,
  rows: 5_000,
  fieldLength: 10_000,
  rowLength: 50_000,
  inflatedBytes: 1_000_000,
  groupBytes: 1_000_000,
};

const options: fc.Arbitrary<FormatOptions> = fc.record(
  {
    format: fc.constantFrom('csv', 'jsonl', 'parquet'),
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    escape: fc.constantFrom('"', '\\'),
    header: fc.boolean(),
    encoding: fc.constantFrom('utf-8', 'utf-16le', 'windows-1252', 'shift_jis', 'no-such-encoding'),
  },
  { requiredKeys: [] },
);

/** Rows or a refusal, and no other error. */
async function isReadOrRefused(bytes: Uint8Array, how: FormatOptions): Promise<void> {
  try {
    const { rows, names } = await readTable(inPieces(bytes, 997), how, limits);
    expect(rows.every((row) => row.length === names.length)).toBe(true);
  } catch (error) {
    if (!(error instanceof TableRefusal)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { message } of error.problems) expect(message).toMatch(/\.$/);
  }
}

describe('any bytes are rows or a refusal', () => {
  it('where they are random', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), options, isReadOrRefused), {
      numRuns: 500,
    });
  });

  it('where they are characters that mean something', async () => {
    const unit = fc.constantFrom(
      'a',
      '1',
      ',',
      '"',
      '\\',
      '\n',
      '\r',
      '{',
      '}',
      '[',
      ']',
      ':',
      ' ',
      '{"a":1}\n',
      '\0',
      'é',
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, maxLength: 60 }), options, (text, how) =>
        isReadOrRefused(Buffer.from(text), how),
      ),
      { numRuns: 800 },
    );
  });

  it('where a good file was changed, cut or extended', async () => {
    const change = fc.record({ at: fc.nat({ max: 1_000_000 }), byte: fc.nat({ max: 255 }) });
    const changed = fc
      .record({
        file: fc.constantFrom(...files.filter((file) => file.length > 0)),
        changes: fc.array(change, { maxLength: 5 }),
        cut: fc.option(fc.nat({ max: 1_000_000 })),
      })
      .map(({ file, changes, cut }) => {
        const bytes = Buffer.from(file);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        return cut === null ? bytes : bytes.subarray(0, cut % bytes.length);
      });
    await fc.assert(fc.asyncProperty(changed, options, isReadOrRefused), { numRuns: 800 });
  });

  it('where the metadata or a page of Parquet lies', async () => {
    const parquet = files.filter((file) => file.subarray(0, 4).toString() === 'PAR1' && file.length > 100);
    const lie = fc.record({
      file: fc.constantFrom(...parquet),
      // Pages are at the beginning, metadata at the end.
      from: fc.constantFrom<'start' | 'end'>('start', 'end'),
      at: fc.nat({ max: 1_500 }),
      bytes: fc.oneof(
        fc.constantFrom(
          [0xff, 0xff, 0xff, 0xff, 0x0f],
          [0x80, 0x80, 0x80, 0x80, 0x08],
          [0xfe, 0xff, 0xff, 0xff, 0x0f],
          [0xff],
          [0],
        ),
        fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 4 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(lie, async ({ file, from, at, bytes }) => {
        const changed = Buffer.from(file);
        changed.set(
          bytes,
          Math.min(file.length - bytes.length, from === 'start' ? 4 + at : Math.max(4, file.length - 9 - at)),
        );
        await isReadOrRefused(changed, {});
      }),
      { numRuns: 800 },
    );
  });
});

test('a page of Parquet whose header lacks a size is refused, and not read for ever', async () => {
  const changed = readFileSync(new URL('parquet/types-encodings-v2.parquet', fixtures));
  // Over the fields of the header of the second version of the pages of the column half.
  changed.set([0xfe, 0xff, 0xff, 0xff, 0x0f], 734);
  expect(await problemsOf(changed)).toMatchObject([{ code: 'DAMAGED_FILE', column: 'half' }]);
});

describe('a bomb', () => {
  it('of gzip is refused after the bytes that are taken', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 'a,b\n'));
    expect(await problemsOf(bomb, {}, { inflatedBytes: 1_000_000 })).toMatchObject([{ code: 'TOO_LARGE' }]);
  });

  it('of one line is refused at the length of a row', async () => {
    const line = Buffer.concat([Buffer.from('a,b\n1,'), Buffer.alloc(20_000_000, '2')]);
    expect(await problemsOf(line)).toMatchObject([{ code: 'TOO_LARGE', line: 2 }]);
    const json = Buffer.concat([Buffer.from('{"a":"'), Buffer.alloc(20_000_000, '2')]);
    expect(await problemsOf(json)).toMatchObject([{ code: 'TOO_LARGE', line: 1 }]);
  });

  it('of one quote names the line where it opens', async () => {
    const text = `a,b\n1,2\n3,"${'4,5\n'.repeat(5_000_000)}`;
    expect(await problemsOf(text)).toMatchObject([{ code: 'UNCLOSED_QUOTE', line: 3, column: 'b' }]);
  });

  it('of nested JSON is refused', async () => {
    expect(await problemsOf(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}\n`)).toMatchObject([
      { code: 'TOO_LARGE', line: 1 },
    ]);
    await expect(problemsOf('['.repeat(200_000))).resolves.toBeDefined();
  });

  it('of keys is refused at the most columns', async () => {
    const object = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, 1]));
    expect(await problemsOf(JSON.stringify(object))).toMatchObject([{ code: 'TOO_LARGE', line: 1 }]);
  });

  it('of misplaced quotes takes no longer than its length allows', async () => {
    expect(await problemsOf(`a,b\n"${'x" '.repeat(300_000)}",1\n`)).toMatchObject([
      { code: 'BAD_QUOTE', line: 2 },
    ]);
  });

  it('that is a raw deflate stream is not taken for text', async () => {
    await expect(problemsOf(deflateRawSync(Buffer.alloc(10_000_000)))).resolves.toBeDefined();
  });
});
