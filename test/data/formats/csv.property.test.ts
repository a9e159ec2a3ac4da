import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { inPieces, readTable } from './whole-table.js';

interface WrittenAs {
  delimiter: string;
  newline: string;
  escape: '"' | '\\';
  quoteAll: boolean;
  encoding: 'utf-8' | 'utf-8 with a mark' | 'utf-16le' | 'utf-16be';
  finalNewline: boolean;
  gzip: boolean;
}

const writtenAs: fc.Arbitrary<WrittenAs> = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  newline: fc.constantFrom('\n', '\r\n', '\r'),
  escape: fc.constantFrom('"', '\\'),
  quoteAll: fc.boolean(),
  encoding: fc.constantFrom('utf-8', 'utf-8 with a mark', 'utf-16le', 'utf-16be'),
  finalNewline: fc.boolean(),
  gzip: fc.boolean(),
});

const hardText = fc.string({
  unit: fc.constantFrom('a', '1', '.', ',', ';', '\t', '|', '"', '\\', '\n', '\r', ' ', 'é', '🙂', "'", '#'),
  maxLength: 8,
});

/** Names and rows of texts that look like dialects. */
const hardTable = fc.integer({ min: 1, max: 5 }).chain((columns) =>
  fc.record({
    names: fc.uniqueArray(
      hardText.map((name) => name.trim()).filter((name) => name !== ''),
      { minLength: columns, maxLength: columns },
    ),
    rows: fc.array(fc.array(hardText, { minLength: columns, maxLength: columns }), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
);

it('reads back any table in any dialect, whatever the pieces that it comes in', async () => {
  await fc.assert(
    fc.asyncProperty(
      hardTable,
      writtenAs,
      fc.integer({ min: 1, max: 40 }),
      async ({ names, rows }, as, pieceBytes) => {
        const bytes = written([names, ...rows], as);
        const options = { format: 'csv', delimiter: as.delimiter, escape: as.escape, header: true } as const;
        const table = await readTable(inPieces(bytes, pieceBytes), options);
        expect({ names: table.names, rows: table.rows }).toEqual({ names, rows });
      },
    ),
    { numRuns: 200 },
  );
});

const plainCell = fc.oneof(
  fc.constantFrom('Oslo', 'Turin', 'Köln', 'Saint-Denis', 'de la Cruz', 'yes', 'no', ''),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value.toFixed(2)),
  fc.nat({ max: 90_000 }).map(String),
  fc.constantFrom('2024-05-17', '2023-11-02T10:15:00'),
);

const plainTable = fc.integer({ min: 2, max: 6 }).chain((columns) =>
  fc.record({
    names: fc.constant(['age', 'total income', 'city', 'Größe', 'member since', 'y'].slice(0, columns)),
    rows: fc.array(fc.array(plainCell, { minLength: columns, maxLength: columns }), {
      minLength: 1,
      maxLength: 30,
    }),
  }),
);

it('finds the dialect of a table of everyday cells without being told', async () => {
  await fc.assert(
    fc.asyncProperty(plainTable, writtenAs, fc.boolean(), async ({ names, rows }, as, decimalComma) => {
      const cells =
        decimalComma && as.delimiter !== ','
          ? rows.map((row) => row.map((cell) => cell.replace('.', ',')))
          : rows;
      const table = await readTable(written([names, ...cells], as), { header: true });
      expect(table.names).toEqual(names);
      expect(table.rows).toEqual(cells);
      expect(table.dialect.delimiter).toBe(as.delimiter);
    }),
    { numRuns: 200 },
  );
});

it('gives each row the line on which it begins', async () => {
  await fc.assert(
    fc.asyncProperty(hardTable, writtenAs, async ({ names, rows }, as) => {
      const lineOf = (records: string[][]): number =>
        records
          .map((record) => `${line(record, as)}${as.newline}`)
          .join('')
          .split(as.newline === '\r' ? /\r\n|[\r\n]/ : '\n').length;
      const options = { format: 'csv', delimiter: as.delimiter, escape: as.escape, header: true } as const;
      const table = await readTable(written([names, ...rows], as), options);
      expect(table.lines).toEqual(rows.map((_, index) => lineOf([names, ...rows.slice(0, index)])));
    }),
    { numRuns: 200 },
  );
});

function written(records: string[][], as: WrittenAs): Uint8Array {
  const text =
    records.map((record) => line(record, as)).join(as.newline) + (as.finalNewline ? as.newline : '');
  const bytes = encoded(text, as.encoding);
  return as.gzip ? gzipSync(bytes) : bytes;
}

function line(record: string[], as: WrittenAs): string {
  return record.map((cell) => field(cell, record.length === 1, as)).join(as.delimiter);
}

function field(cell: string, alone: boolean, { delimiter, escape, quoteAll }: WrittenAs): string {
  const needsQuotes =
    quoteAll ||
    (alone && cell.trim() === '') ||
    [delimiter, '"', '\n', '\r', '\\'].some((character) => cell.includes(character));
  if (!needsQuotes) return cell;
  return `"${escape === '"' ? cell.replaceAll('"', '""') : cell.replace(/["\\]/g, '\\$&')}"`;
}

function encoded(text: string, encoding: WrittenAs['encoding']): Buffer {
  switch (encoding) {
    case 'utf-8':
      return Buffer.from(text);
    case 'utf-8 with a mark':
      return Buffer.from(`\uFEFF${text}`);
    case 'utf-16le':
      return Buffer.from(`\uFEFF${text}`, 'utf16le');
    case 'utf-16be':
      return Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
  }
}
