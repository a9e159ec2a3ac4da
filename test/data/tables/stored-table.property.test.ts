import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readColumn } from '../../../src/lib/cells/columns.js';
import { openTable } from '../../../src/data/tables/stored-table.js';
import { takeInTable } from '../../../src/data/tables/take-in-table.js';
import type { Storage } from '../../../src/storage/storage.js';
import { suiteStorage } from './suite-storage.js';
import { rowsReader } from './rows-reader.js';

const storage = await suiteStorage();
let count = 0;

/** Texts that are nearly numbers, nearly dates, or anything. */
const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-0',
    '007',
    '1.50',
    '1.5',
    '.5',
    '5.',
    '1e5',
    '0.0000001',
    '-3',
    'NA',
    'yes',
    'No',
    'é',
  ),
  fc.integer().map(String),
  fc.double().map(String),
  fc
    .tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 9 }))
    .map(([value, decimals]) => (value / 1e3).toFixed(decimals)),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constant('\ud800'),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 19)),
);

/** Columns of one kind of text each, with cells of another kind here and there. */
const table = fc
  .array(fc.array(fc.option(text, { freq: 10 }), { minLength: 40, maxLength: 40 }), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((pools) =>
    fc.record({
      columns: fc.tuple(
        ...pools.map((pool) => fc.array(fc.constantFrom(...pool), { minLength: 40, maxLength: 40 })),
      ),
    }),
  )
  .map(({ columns }) => ({
    names: columns.map((_, index) => `column ${index}`),
    rows: columns[0].map((_, row) => columns.map((column) => column[row])),
  }));

describe('a stored table', () => {
  it('gives back every text, and reads columns as cells are read one by one', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ names, rows }) => {
        const prefix = `table-${count++}`;
        const schema = await takeInTable(rowsReader(names, rows), { storage, prefix });
        const content = openTable(storage, prefix, schema);
        expect(await content.rows(0, rows.length)).toEqual(rows);
        const category = { type: 'category' as const, missing: [] };
        for (const [index, { name, format, profile }] of schema.columns.entries()) {
          const cells = rows.map((row) => row[index]);
          const [read, levels] = await content.columns([
            { name, format },
            { name, format: category },
          ]);
          const expected = readColumn(format, cells);
          expect(read).toEqual(expected.column);
          expect(levels).toEqual(readColumn(category, cells).column);
          expect(profile.unreadable).toBe(expected.unreadable.length);
          const missing =
            read.kind === 'numbers'
              ? read.values.filter(Number.isNaN).length
              : read.codes.filter((code) => code < 0).length;
          expect(profile.missing).toBe(missing);
          if (levels.kind === 'levels') expect(profile.distinct).toBe(levels.levels.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the same whatever batches its rows come in, and its types are the same in any order of the rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.integer({ min: 1, max: 39 }),
        fc.infiniteStream(fc.nat()),
        async ({ names, rows }, batchRows, keys) => {
          const takeIn = async (each: typeof rows, size: number) =>
            takeInTable(rowsReader(names, each, { batchRows: size }), {
              storage,
              prefix: `table-${count++}`,
            });
          const whole = await takeIn(rows, 1_000);
          expect(await takeIn(rows, batchRows)).toEqual(whole);
          const keyed = rows.map((row) => ({ row, key: Number(keys.next().value) }));
          const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ row }) => row);
          const { columns } = await takeIn(shuffled, 1_000);
          expect(columns.map(({ format, role, reason }) => ({ format, role, reason }))).toEqual(
            whole.columns.map(({ format, role, reason }) => ({ format, role, reason })),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('damage', () => {
  const rows = Array.from({ length: 9_000 }, (_, row) => [String(row), row % 2 === 0 ? 'even' : 'odd']);
  const store = async (prefix: string) => {
    const schema = await takeInTable(rowsReader(['n', 'kind'], rows), { storage, prefix });
    return openTable(storage, prefix, schema);
  };
  const blobsOf = async (prefix: string): Promise<string[]> => [
    `${prefix}/chunks.json`,
    ...(await storage.list(`${prefix}/rows`)).map((name) => `${prefix}/rows/${name}`),
  ];
  const category = { type: 'category' as const, missing: [] };
  const readBlob = async (from: Storage, key: string): Promise<Buffer> =>
    (await from.read(key)) ?? Buffer.of();

  it('writes the same blobs when it is repeated', async () => {
    await store('first');
    await store('second');
    const [first, second] = await Promise.all([blobsOf('first'), blobsOf('second')]);
    expect(first.length).toBeGreaterThan(2);
    expect(second.length).toBe(first.length);
    for (const [index, key] of first.entries()) {
      expect(Buffer.compare(await readBlob(storage, key), await readBlob(storage, second[index]))).toBe(0);
    }
  });

  it.each(['a changed byte', 'a cut end', 'a missing blob', 'another chunk in its place'])(
    'by %s is found in every blob, which is named',
    async (damage) => {
      const table = await store('damaged');
      const keys = await blobsOf('damaged');
      for (const key of keys) {
        const blob = await readBlob(storage, key);
        if (damage === 'a changed byte') {
          const changed = Buffer.from(blob);
          changed[changed.length >> 1] ^= 1;
          await storage.put(key, changed);
        } else if (damage === 'a cut end') await storage.put(key, blob.subarray(0, blob.length - 1));
        else if (damage === 'a missing blob') await storage.remove(key);
        else await storage.put(key, await readBlob(storage, keys[key.endsWith('1') ? 1 : 2]));
        const error: unknown = await table
          .columns([{ name: 'kind', format: category }])
          .catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'DATASET_CORRUPT' });
        // A change of the index can show in the chunk that it no longer fits.
        if (!key.endsWith('chunks.json')) expect((error as Error).message).toContain(key);
        await storage.put(key, blob);
      }
      expect((await table.columns([{ name: 'kind', format: category }]))[0]).toMatchObject({
        levels: ['even', 'odd'],
      });
    },
  );
});
